"""What a classifier is told of an edge: the boundary and the grey values along it, its pieces, and the slices beside.

All lengths are in pixels, and all values that a network or a microscope gave are compared within one slice, so that
what was learned on some slices can be used on others of the same resolution.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array

from fusionnet.segment.edges import Edges, along, find_edges, mean_along
from fusionnet.segment.linkage import average_linkage, joined
from fusionnet.segment.superpixels import superpixels

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)  # quantiles that are taken along an edge
FINE, COARSE, CREST = 1.0, 2.5, 1.5  # standard deviations of the Gaussians: a membrane is some 8 pixels wide
BESIDE_SHARES = (0.25, 0.5, 0.75)
BESIDE_LEVELS = (0.3, 0.5, 0.7)  # heights at which the segments of a slice beside are looked at
UNLEARNED = 1  # the quantile, SHARES[1], of the boundary whose linkage needs no training

OF_EDGE = (
    "boundary",
    "boundary fine",
    "boundary coarse",
    "boundary crest",
    "grey fine",
    "grey coarse",
    "grey slope",
    "grey crest",
    "grey crest coarse",
)
NAMES = (
    *(f"{name} {share:g}" for name in OF_EDGE for share in SHARES),
    "boundary mean",
    *(f"{which} {what} of {name}" for name in ("boundary", "grey") for what in ("mean", "deviation")
      for which in ("smaller", "greater")),
    "smaller size", "greater size", "length", "greater share of outline", "smaller share of outline", "compactness",
    "length to size",
)  # fmt: skip
BESIDE_NAMES = tuple(
    f"{which} {name}"
    for which in ("smaller", "greater")
    for name in (
        *(f"{what} beside at {level:g}" for level in BESIDE_LEVELS for what in ("same segment", "overlap")),
        *(f"boundary beside {share:g}" for share in BESIDE_SHARES),
    )
)


@dataclass(frozen=True)
class CutSlice:
    """A slice cut into superpixels, and what is known of it before anything is learned."""

    pieces: np.ndarray
    """Superpixels, int32 (Y, X), from 1."""
    edges: Edges
    features: np.ndarray
    """float32 (E, F), columns as `NAMES`: what this slice alone tells of its edges."""
    smooth: np.ndarray
    """float32 (Y, X): the boundary map, smoothed."""

    @cached_property
    def heights(self) -> np.ndarray:
        """At which height each edge disappears if nothing is learned: linkage of the boundary's lower quartile, (E)."""
        strengths = np.clip(self.features[:, UNLEARNED], 0, 1)
        return average_linkage(self.edges.pairs, strengths, self.edges.lengths)

    def segments(self, heights: np.ndarray, level: float) -> np.ndarray:
        """Return the slice's segments below a height of its linkage, int32 (Y, X), from 1."""
        return joined(self.edges.pairs, heights, level, int(self.pieces.max()))[self.pieces]


def cut_slice(probability: np.ndarray, grey: np.ndarray) -> CutSlice:
    """Cut a slice into superpixels and describe their edges.

    Args:
        probability: Of "inside a cell", float32 in 0..1, (Y, X).
        grey: Grey values of any range, (Y, X); membranes are dark.
    """
    boundary = 1 - np.asarray(probability, np.float32)
    pieces = superpixels(boundary)
    edges = find_edges(pieces)
    smooth = gaussian_filter(boundary, COARSE)
    return CutSlice(pieces, edges, _describe(pieces, edges, boundary, smooth, _darkness(grey)), smooth)


def beside(here: CutSlice, others: list[tuple[CutSlice, np.ndarray]]) -> np.ndarray:
    """Return what the slices above and below tell of the edges of a slice.

    Cells go on from slice to slice: two pieces that lie over one segment are likely one cell, and a membrane that is
    smeared in one slice, since it runs obliquely, is often sharp in the next.

    Args:
        here: The slice.
        others: Those above and below that there are, each with its edges' heights (`CutSlice.heights`).

    Returns:
        float32 (E, G), columns as `BESIDE_NAMES`: the smaller and the greater value of the two slices. -1 where there
        is none.
    """
    if not others:
        return np.full((len(here.edges.pairs), len(BESIDE_NAMES)), -1, np.float32)
    sides = [_beside(here, *other) for other in others]
    return np.concatenate([np.minimum(sides[0], sides[-1]), np.maximum(sides[0], sides[-1])], axis=1)


def _beside(here: CutSlice, other: CutSlice, heights: np.ndarray) -> np.ndarray:
    columns = [_overlaps(here, other.segments(heights, level)) for level in BESIDE_LEVELS]
    return np.concatenate([*columns, along(here.edges, other.smooth, np.array(BESIDE_SHARES))], axis=1)


def _overlaps(here: CutSlice, segments: np.ndarray) -> np.ndarray:
    """Return how alike the two pieces of each edge lie over the segments of another slice, float32 (E, 2).

    The probability that a pixel of one and a pixel of the other lie over the same segment; and the common part of the
    two distributions over segments.
    """
    rows, columns = int(here.pieces.max()) + 1, int(segments.max()) + 1
    counts = csr_array((np.ones(segments.size), (here.pieces.ravel(), segments.ravel())), shape=(rows, columns))
    counts.sum_duplicates()
    sizes = np.maximum(counts.sum(axis=1), 1)
    counts.data /= np.repeat(sizes, np.diff(counts.indptr))
    one, other = counts[here.edges.pairs[:, 0]], counts[here.edges.pairs[:, 1]]
    return np.stack([one.multiply(other).sum(axis=1), one.minimum(other).sum(axis=1)], axis=1).astype(np.float32)


def _darkness(grey: np.ndarray) -> np.ndarray:
    """Return how dark each pixel is, in standard deviations of the slice above its mean; float32 (Y, X)."""
    levels = np.asarray(grey, np.float64)
    return ((levels.mean() - levels) / max(float(levels.std()), 1e-6)).astype(np.float32)


def _describe(
    pieces: np.ndarray, edges: Edges, boundary: np.ndarray, smooth: np.ndarray, darkness: np.ndarray
) -> np.ndarray:
    fine = gaussian_filter(darkness, FINE)
    planes = (
        boundary,
        gaussian_filter(boundary, FINE),
        smooth,
        _crest(boundary, CREST),
        fine,
        gaussian_filter(darkness, COARSE),
        _slope(fine),
        _crest(darkness, CREST),
        _crest(darkness, COARSE),
    )
    quantiles = [along(edges, plane, np.array(SHARES)) for plane in planes]
    mean = mean_along(edges, boundary)[:, None]
    columns = [*quantiles, mean, _of_pieces(pieces, edges, boundary), _of_pieces(pieces, edges, darkness)]
    return np.concatenate([*columns, _shapes(pieces, edges)], axis=1).astype(np.float32)


def _slope(plane: np.ndarray) -> np.ndarray:
    down, right = np.gradient(plane)
    return np.sqrt(down * down + right * right)


def _crest(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Return the curvature across a ridge: the most negative one, with its sign changed, times the squared scale."""
    down, right, both = (gaussian_filter(plane, sigma, order=order) for order in ((2, 0), (0, 2), (1, 1)))
    half = (down - right) / 2
    return np.float32(sigma * sigma) * (np.sqrt(half * half + both * both) - (down + right) / 2)


def _of_pieces(pieces: np.ndarray, edges: Edges, plane: np.ndarray) -> np.ndarray:
    """Return mean and deviation of a map within the two pieces of each edge, (E, 4), the smaller value first."""
    numbers, values = pieces.ravel(), plane.ravel().astype(np.float64)
    sizes = np.maximum(np.bincount(numbers), 1)
    mean = np.bincount(numbers, values) / sizes
    deviation = np.sqrt(np.maximum(np.bincount(numbers, values * values) / sizes - mean * mean, 0))
    return np.concatenate([np.sort(each[edges.pairs], axis=1) for each in (mean, deviation)], axis=1)


def _shapes(pieces: np.ndarray, edges: Edges) -> np.ndarray:
    sizes = np.sort(np.bincount(pieces.ravel())[edges.pairs], axis=1).astype(np.float64)
    lengths = edges.lengths.astype(np.float64)
    outlines = np.bincount(edges.pairs.ravel(), np.repeat(lengths, 2))
    shares = np.sort(lengths[:, None] / outlines[edges.pairs], axis=1)[:, ::-1]
    places = np.divmod(edges.first, pieces.shape[1])
    extent = np.sqrt(sum(_variance(edges, place.astype(np.float64)) for place in places))
    further = np.stack([extent / lengths, lengths / np.sqrt(sizes[:, 0])], axis=1)
    return np.concatenate([sizes, lengths[:, None], shares, further], axis=1)


def _variance(edges: Edges, values: np.ndarray) -> np.ndarray:
    sums, squares = (np.add.reduceat(each, edges.starts[:-1]) for each in (values, values * values))
    mean = sums / edges.lengths
    return np.maximum(squares / edges.lengths - mean * mean, 0)
