"""Links: segments of two neighbouring slices that lie over one another, and what tells whether they are one neuron."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusionnet.segment.edges import main_cells
from fusionnet.segment.forest import Forest

LINK_NAMES = (
    "common pixels",
    *(f"{which} {name}" for name in ("size", "share in common", "rank of the other", "rival's share")
      for which in ("smaller", "greater")),
    "common of all", "ratio of sizes", "shift", "difference of grey", "boundary in common",
)  # fmt: skip
# Links whose probability of a cut is not above it are joined: a false link merges two neurons through all slices, while
# a missed one splits one neuron in two.
SAME_NEURON = 0.3
COMMON_OF_ALL = 0.3  # without a classifier: intersection over union from which two segments are joined


@dataclass(frozen=True)
class SegmentedSlice:
    """A slice's segments, and what links are told of it."""

    segments: np.ndarray
    """int32 (Y, X), from 1; 0 for none, as on the membranes of a threshold."""
    boundary: np.ndarray
    """float32 (Y, X): the boundary map, smoothed."""
    grey: np.ndarray
    """float32 (Y, X): grey values in standard deviations of the slice above its mean."""


@dataclass(frozen=True)
class Links:
    """All L pairs of segments of two slices that have a pixel in common."""

    pairs: np.ndarray
    """int32 (L, 2): number in the upper and in the lower slice; sorted."""
    features: np.ndarray
    """float32 (L, F), columns as `LINK_NAMES`; of two values the smaller first, so that up and down are alike."""


def find_links(upper: SegmentedSlice, lower: SegmentedSlice) -> Links:
    """Find which segments of two neighbouring slices overlap, and describe each overlap."""
    one, other = upper.segments.ravel(), lower.segments.ravel()
    base, inside = int(other.max()) + 1, (one > 0) & (other > 0)
    both = one[inside].astype(np.int64) * base + other[inside]
    keys, codes, common = np.unique(both, return_inverse=True, return_counts=True)
    pairs = np.stack(np.divmod(keys, base), axis=1)
    sizes = [np.bincount(each) for each in (one, other)]
    size = np.stack([sizes[side][pairs[:, side]] for side in (0, 1)], axis=1).astype(np.float64)
    share = common[:, None] / size
    if not len(keys):
        return Links(pairs.astype(np.int32), np.empty((0, len(LINK_NAMES)), np.float32))
    ranks, rivals = zip(*(_rank(pairs[:, side], common) for side in (0, 1)), strict=True)
    mean = (upper.boundary.ravel()[inside] + lower.boundary.ravel()[inside]) / 2
    boundary = np.bincount(codes, mean, len(keys)) / common
    columns = [
        common,
        *(np.sort(each, axis=1) for each in (size, share, np.stack(ranks, axis=1), np.stack(rivals, axis=1) / size)),
        common / (size.sum(axis=1) - common),
        size.min(axis=1) / size.max(axis=1),
        _shift(upper.segments, lower.segments, pairs) / np.sqrt(size.min(axis=1)),
        np.abs(np.subtract(*(_means(each)[pairs[:, side]] for side, each in enumerate((upper, lower))))),
        boundary,
    ]
    return Links(pairs.astype(np.int32), np.column_stack(columns).astype(np.float32))


def _rank(segments: np.ndarray, common: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of each pair how many pairs of the same segment are larger, and the pixels of the largest other one."""
    order = np.lexsort((-common, segments))
    starts = np.flatnonzero(np.r_[True, np.diff(segments[order]) > 0])
    lengths = np.diff(np.r_[starts, len(segments)])
    place = np.arange(len(segments)) - np.repeat(starts, lengths)
    ordered = common[order]
    second = np.where(lengths > 1, ordered[np.minimum(starts + 1, len(segments) - 1)], 0)
    rank, rival = np.empty(len(segments)), np.empty(len(segments))
    rank[order] = place
    rival[order] = np.where(place == 0, np.repeat(second, lengths), np.repeat(ordered[starts], lengths))
    return rank, rival


def _shift(upper: np.ndarray, lower: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return how far apart the centres of the two segments are, in pixels."""
    centres = []
    for side, segments in enumerate((upper, lower)):
        numbers, sizes = segments.ravel(), np.maximum(np.bincount(segments.ravel()), 1)
        places = np.divmod(np.arange(numbers.size), segments.shape[1])
        centres.append([(np.bincount(numbers, place) / sizes)[pairs[:, side]] for place in places])
    (y, x), (below_y, below_x) = centres
    return np.hypot(y - below_y, x - below_x)


def _means(plane: SegmentedSlice) -> np.ndarray:
    numbers = plane.segments.ravel()
    return np.bincount(numbers, plane.grey.ravel()) / np.maximum(np.bincount(numbers), 1)


def parts(links: Links, upper: SegmentedSlice, lower: SegmentedSlice, neurons: Sequence[np.ndarray]) -> np.ndarray:
    """Return what the truth says of each link: whether its two segments belong to different neurons.

    Args:
        links: Of the two slices.
        upper: The one.
        lower: The other.
        neurons: Their truth: numbers that go on from slice to slice, 0 on membranes, (Y, X) each.

    Returns:
        int8 (L): 1 for different neurons, 0 for one, -1 where a segment lies in none.
    """
    found = [main_cells(each.segments, truth) for each, truth in zip((upper, lower), neurons, strict=True)]
    one, other = (found[side][links.pairs[:, side]] for side in (0, 1))
    return np.where((one == 0) | (other == 0), -1, one != other).astype(np.int8)


def joined_pairs(links: Links, forest: Forest | None, common_of_all: float = COMMON_OF_ALL) -> np.ndarray:
    """Return the pairs that are one neuron, int32 (J, 2).

    Args:
        links: Of two slices.
        forest: Learned links; None for a rule: intersection over union.
        common_of_all: Least intersection over union of that rule.
    """
    if forest is None:
        return links.pairs[links.features[:, LINK_NAMES.index("common of all")] >= common_of_all]
    return links.pairs[forest.probabilities(links.features) <= SAME_NEURON]
