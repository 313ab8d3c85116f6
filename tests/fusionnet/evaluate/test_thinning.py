"""The flood, on slices drawn by hand and against a plain queue."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from fusionnet.evaluate.kernels import framed
from fusionnet.evaluate.thinning import components, thinned_components, unframed


def drawn(*rows: str) -> np.ndarray:
    return np.array([[".#".index(sign) for sign in row] for row in rows], bool)


def plain_flood(mask: np.ndarray, columns_first: bool = True) -> np.ndarray:
    """The challenge's flood as a plain Python queue over (y, x); row-major when asked, to show that it matters."""
    segments = ndimage.label(mask)[0]
    height, width = mask.shape
    if not segments.any():
        return np.ones(mask.shape, int)

    def around(y: int, x: int) -> list[tuple[int, int]]:
        near = [(y, x - 1), (y - 1, x), (y, x + 1), (y + 1, x)]
        return [(v, u) for v, u in near if 0 <= v < height and 0 <= u < width]

    every = [(y, x) for x in range(width) for y in range(height)]
    if not columns_first:
        every.sort()
    queue = deque(p for p in every if not segments[p] and any(segments[q] for q in around(*p)))
    seen = set(queue)
    while queue:
        pixel = queue.popleft()
        met = set()
        for near in around(*pixel):
            if segments[near]:
                met.add(segments[near])
            elif near not in seen:
                seen.add(near)
                queue.append(near)
        segments[pixel] = met.pop() if len(met) == 1 else 0
    return segments


def same_partition(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1)
    one_to_one = all(len(np.unique(side)) == pairs.shape[1] for side in pairs)
    return one_to_one and np.array_equal(first == 0, second == 0)


def test_odd_gap_gets_a_dam_in_its_middle() -> None:
    assert thinned_components(drawn("#...#")).tolist() == [[1, 1, 0, 2, 2]]


def test_even_gap_gets_its_dam_on_the_side_that_is_flooded_later() -> None:
    # left and right of the gap start the queue in column order; the left one takes its segment first
    assert thinned_components(drawn("#..#")).tolist() == [[1, 1, 0, 2]]
    assert thinned_components(drawn("#", ".", ".", "#")).T.tolist() == [[1, 1, 0, 2]]


def test_single_gap_between_two_cells_is_a_dam_at_once() -> None:
    assert thinned_components(drawn("#.#", "#.#")).tolist() == [[1, 0, 2], [1, 0, 2]]


def test_dams_pass_the_flood_on_and_a_pixel_that_meets_only_dams_is_one() -> None:
    # the centre touches no cell: only the four dams around it can have queued it
    segments = thinned_components(drawn("##.##", "##.##", ".....", "##.##", "##.##"))
    assert segments[2].tolist() == segments[:, 2].tolist() == [0, 0, 0, 0, 0]


def test_island_in_a_wide_background_takes_all_of_it() -> None:
    mask = np.zeros((7, 9), bool)
    mask[3, 4] = True
    assert (thinned_components(mask) == 1).all()


@pytest.mark.parametrize("value", [False, True])
def test_constant_slice_is_one_segment(value: bool) -> None:
    assert (thinned_components(np.full((4, 6), value)) == 1).all()


def test_diagonal_neighbours_are_not_connected() -> None:
    assert components(drawn("#.", ".#")).tolist() == [[1, 0], [0, 2]]


def test_components_are_numbered_column_by_column() -> None:
    assert components(drawn(".#", "#.")).tolist() == [[0, 2], [1, 0]]


def test_touching_instances_stay_apart() -> None:
    assert components(np.array([[7, 7, 9], [0, 7, 9], [7, 9, 9]])).tolist() == [[1, 1, 3], [0, 1, 3], [2, 3, 3]]


def test_column_order_differs_from_row_order() -> None:
    masks = np.random.default_rng(0).random((40, 9, 9)) < 0.25
    columns = [same_partition(thinned_components(mask), plain_flood(mask)) for mask in masks]
    rows = [same_partition(thinned_components(mask), plain_flood(mask, columns_first=False)) for mask in masks]
    assert all(columns)
    assert not all(rows)


@settings(deadline=None)  # the first call compiles
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_flood_equals_a_plain_queue(mask: np.ndarray) -> None:
    segments = thinned_components(mask)
    assert same_partition(segments, plain_flood(mask))
    assert not mask.any() or (segments[mask] > 0).all()


@settings(deadline=None)  # the first call compiles
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_components_equal_scipys(mask: np.ndarray) -> None:
    assert same_partition(components(mask), ndimage.label(mask)[0])


def test_segments_are_clamped_to_16_bits_in_column_order() -> None:
    checkers = np.indices((400, 400)).sum(axis=0) % 2 == 0  # 80000 single pixels
    segments = thinned_components(checkers)
    assert segments.max() == 65535
    assert segments[0, 0] == 1 and segments[2, 0] == 2  # down the first column
    assert (segments == 65535).sum() == 80000 - 65534
    assert segments[-1, -1] == 65535 and segments[-1, 1] < 65535  # only the last columns are clamped


def test_frame_and_unframe_are_inverse() -> None:
    plane = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert np.array_equal(unframed(framed(plane), plane.shape), plane)
