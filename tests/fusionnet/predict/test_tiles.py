"""Slices cut into tiles: every pixel once, windows on the pooling grid and as wide as the network sees."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fusionnet.augment.geometry import mirrored
from fusionnet.predict.tiles import ChunkPlan, spans

SIZES = st.integers(1, 700)
TILES = st.integers(4, 20).map(lambda number: 16 * number)
PADDINGS = st.integers(0, 70)
REACHES = st.sampled_from([0, 1, 107, 246])


@given(SIZES, TILES, PADDINGS, REACHES)
def test_tiles_cover_an_axis_once(size: int, tile: int, padding: int, reach: int):
    found = spans(size, tile, padding, reach)
    assert [number for span in found for number in range(span.start, span.stop)] == list(range(size))


@given(SIZES, TILES, PADDINGS, REACHES)
def test_windows_lie_on_the_grid_and_hold_all_that_the_network_sees(size: int, tile: int, padding: int, reach: int):
    padded_start, padded_stop = -padding, -padding + -(-(size + 2 * padding) // 16) * 16
    assert padded_stop >= size + padding
    for span in spans(size, tile, padding, reach):
        assert (span.window_start - padded_start) % 16 == 0 and (padded_stop - span.window_stop) % 16 == 0
        assert padded_start <= span.window_start <= max(padded_start, span.start - reach)
        assert min(padded_stop, span.stop + reach) <= span.window_stop <= padded_stop
        window = np.arange(span.window_start, span.window_stop)
        np.testing.assert_array_equal(window[span.inner], np.arange(span.start, span.stop))


@given(st.integers(1, 40), st.integers(0, 130), st.integers(0, 130))
def test_mirroring_is_numpys_reflection(size: int, before: int, behind: int):
    expected = np.pad(np.arange(size), (before, behind), mode="reflect")
    np.testing.assert_array_equal(mirrored(-before, size + behind, size), expected)


@given(st.integers(1, 9), SIZES, SIZES, TILES, st.integers(1, 12), st.integers(1, 12))
def test_shards_are_all_chunks_once(slices: int, height: int, width: int, tile: int, shards: int, depth: int):
    plan = ChunkPlan(range(3, 3 + slices), spans(height, tile, 8, 107), spans(width, tile, 8, 107), depth)
    assert plan.shape == (slices, height, width)
    numbers = [number for shard in range(1, shards + 1) for number in plan.shard(shard, shards)]
    assert numbers == list(range(len(plan)))
    hit = np.zeros(plan.shape, int)
    for chunk in plan.chunks(range(len(plan))):
        hit[chunk.region] += 1
        assert hit[chunk.region].shape == (1, *chunk.shape) and chunk.source_z == chunk.z + 3
    assert (hit == 1).all()


@given(st.integers(0, 9), st.integers(1, 20), st.integers(1, 6))
def test_chunks_are_ordered_by_blocks_of_slices_and_in_them_by_tiles(start: int, slices: int, depth: int):
    plan = ChunkPlan(range(start, start + slices), spans(100, 64, 0, 0), spans(200, 64, 0, 0), depth)
    order = [
        (chunk.source_z // depth, chunk.rows.start, chunk.columns.start, chunk.z)
        for chunk in plan.chunks(range(len(plan)))
    ]
    assert order == sorted(order)
