"""Features: as many as are named, finite, blind to the range of the grey values, and of the slices beside."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fusionnet.segment.features import BESIDE_NAMES, NAMES, CutSlice, beside, cut_slice


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((64, 80)), 3)
    probability = np.clip(0.5 + 3 * noise, 0, 1).astype(np.float32)
    return probability, (probability * 150 + 40).astype(np.uint8)


@pytest.fixture(scope="module")
def slices() -> list[CutSlice]:
    return [cut_slice(*drawn(seed)) for seed in range(2)]


def column(name: str) -> int:
    return NAMES.index(name)


def test_every_column_has_a_name_and_every_value_is_finite(slices):
    for each in slices:
        assert each.features.shape == (len(each.edges.pairs), len(NAMES))
        assert each.features.dtype == np.float32
        assert np.isfinite(each.features).all()
    assert len(set(NAMES + BESIDE_NAMES)) == len(NAMES + BESIDE_NAMES)


def test_the_grey_values_range_plays_no_role(slices):
    probability, grey = drawn(0)
    other = cut_slice(probability, grey.astype(np.uint16) * 200 + 1000)
    np.testing.assert_allclose(other.features, slices[0].features, rtol=1e-3, atol=1e-3)


def test_a_slice_turned_has_the_same_edges_with_the_same_features(slices):
    turned = cut_slice(*(np.ascontiguousarray(plane[::-1, ::-1]) for plane in drawn(0)))
    sums = [np.sort(each.features[:, column("boundary mean")]) for each in (slices[0], turned)]
    assert len(sums[0]) == len(sums[1])
    np.testing.assert_allclose(*sums, atol=0.02)


def test_a_slice_beside_itself_tells_its_own_segments(slices):
    here = slices[0]
    found = beside(here, [(here, here.heights)])
    assert found.shape == (len(here.edges.pairs), len(BESIDE_NAMES))
    segments = here.segments(here.heights, 0.5)
    same = np.zeros(here.pieces.max() + 1, int)
    same[here.pieces.ravel()] = segments.ravel()
    together = same[here.edges.pairs[:, 0]] == same[here.edges.pairs[:, 1]]
    np.testing.assert_allclose(found[:, BESIDE_NAMES.index("smaller same segment beside at 0.5")], together)


def test_the_order_of_the_slices_beside_plays_no_role(slices):
    here, other = slices
    above, below = (other, other.heights), (here, here.heights)
    np.testing.assert_array_equal(beside(here, [above, below]), beside(here, [below, above]))


def test_a_slice_alone_has_no_slice_beside(slices):
    assert (beside(slices[0], []) == -1).all()


def test_a_flat_slice_has_no_edge():
    flat = cut_slice(np.ones((32, 32), np.float32), np.full((32, 32), 7, np.uint8))
    assert flat.features.shape == (0, len(NAMES))
    assert beside(flat, [(flat, flat.heights)]).shape == (0, len(BESIDE_NAMES))
    assert (flat.segments(flat.heights, 0.5) == 1).all()
