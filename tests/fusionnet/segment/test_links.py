"""Links between slices: which segments overlap, what is told of them, and which are joined."""

import numpy as np
import pytest

from fusionnet.segment.forest import fit
from fusionnet.segment.links import LINK_NAMES, SegmentedSlice, find_links, joined_pairs, parts


def plane(segments: list[list[int]], boundary: float = 0.0, grey: float = 0.0) -> SegmentedSlice:
    numbers = np.array(segments, np.int32)
    return SegmentedSlice(
        numbers, np.full(numbers.shape, boundary, np.float32), np.full(numbers.shape, grey, np.float32)
    )


UPPER = plane([[1, 1, 1, 2], [1, 1, 1, 2], [0, 3, 3, 2]], boundary=0.2, grey=1.0)
LOWER = plane([[1, 1, 2, 2], [1, 1, 2, 2], [1, 0, 2, 2]], boundary=0.4)


def test_every_overlap_is_a_link_and_membranes_are_none():
    links = find_links(UPPER, LOWER)
    assert links.pairs.tolist() == [[1, 1], [1, 2], [2, 2], [3, 2]]
    assert links.features.shape == (4, len(LINK_NAMES)) and np.isfinite(links.features).all()


def test_features_are_those_counted_by_hand():
    told = dict(zip(LINK_NAMES, find_links(UPPER, LOWER).features[1], strict=True))
    # Segment 1 above has 6 pixels, 2 below has 6, 2 of them in common; 1 shares 4 with another, and 2 shares 3.
    assert told == pytest.approx(
        {
            "common pixels": 2,
            "smaller size": 6,
            "greater size": 6,
            "smaller share in common": 2 / 6,
            "greater share in common": 2 / 6,
            "smaller rank of the other": 1,
            "greater rank of the other": 1,
            "smaller rival's share": 3 / 6,
            "greater rival's share": 4 / 6,
            "common of all": 2 / 10,
            "ratio of sizes": 1,
            "shift": np.hypot(0.5, 1.5) / np.sqrt(6),
            "difference of grey": 1,
            "boundary in common": 0.3,
        },
        rel=1e-5,
    )


def test_up_and_down_are_alike():
    there, back = find_links(UPPER, LOWER), find_links(LOWER, UPPER)
    order = np.lexsort(back.pairs.T)
    np.testing.assert_array_equal(back.pairs[order][:, ::-1], there.pairs)
    np.testing.assert_allclose(back.features[order], there.features, rtol=1e-6)


def test_slices_without_a_common_pixel_have_no_link():
    links = find_links(plane([[1, 0]]), plane([[0, 1]]))
    assert links.pairs.shape == (0, 2) and links.features.shape == (0, len(LINK_NAMES))
    assert len(joined_pairs(links, None)) == 0


def test_the_truth_of_a_link_is_that_of_its_segments():
    truth = np.array([[5, 5, 5, 7], [5, 5, 5, 7], [0, 0, 0, 7]]), np.array([[5, 5, 7, 7]] * 3)
    links = find_links(UPPER, LOWER)
    assert parts(links, UPPER, LOWER, truth).tolist() == [0, 1, 0, -1]


def test_joined_are_those_with_much_in_common_or_as_was_learned():
    links = find_links(UPPER, LOWER)
    assert joined_pairs(links, None).tolist() == [[1, 1], [2, 2]]
    assert joined_pairs(links, None, 0.6).tolist() == []
    features = np.repeat(links.features, 20, axis=0)
    cut = np.repeat([1, 0, 1, 0], 20)  # the opposite of the rule
    forest = fit(features, cut, LINK_NAMES, np.random.default_rng(0), {}, trees=10, leaf=1)
    assert joined_pairs(links, forest).tolist() == [[1, 2], [3, 2]]
