"""Edges: where two superpixels touch, and statistics of any map along them."""

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Edges:
    """The edges of a slice's superpixels: E pairs that touch, and K pairs of pixels, edge after edge."""

    pairs: np.ndarray
    """int32 (E, 2): the two superpixels, the smaller number first; sorted."""
    starts: np.ndarray
    """int64 (E + 1): where each edge's pairs of pixels begin."""
    first: np.ndarray
    """int32 (K): flat position of the left or upper pixel."""
    second: np.ndarray
    """int32 (K): flat position of the right or lower pixel."""

    @property
    def lengths(self) -> np.ndarray:
        """Number of pairs of pixels of each edge, int64 (E)."""
        return np.diff(self.starts)


def find_edges(pieces: np.ndarray) -> Edges:
    """Find where superpixels touch, side by side; corners do not count.

    Args:
        pieces: Superpixels, int32 from 1, (Y, X).
    """
    first, second, keys = _touching(np.ascontiguousarray(pieces), int(pieces.max()) + 1)
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    pairs = np.stack(np.divmod(found, int(pieces.max()) + 1), axis=1).astype(np.int32)
    return Edges(pairs, np.append(starts, len(keys)).astype(np.int64), first[order], second[order])


@njit(cache=True, nogil=True)
def _touching(pieces: np.ndarray, base: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each pair of neighbouring pixels of different superpixels, and the number of its pair of superpixels."""
    height, width = pieces.shape
    first = np.empty(2 * pieces.size, np.int32)
    second = np.empty(2 * pieces.size, np.int32)
    keys = np.empty(2 * pieces.size, np.int64)
    count = 0
    for y in range(height):
        for x in range(width):
            here = np.int64(pieces[y, x])
            for down in range(2):
                if y + down >= height or x + 1 - down >= width:
                    continue
                there = np.int64(pieces[y + down, x + 1 - down])
                if here != there:
                    first[count] = y * width + x
                    second[count] = (y + down) * width + x + 1 - down
                    keys[count] = min(here, there) * base + max(here, there)
                    count += 1
    return first[:count], second[:count], keys[:count]


@njit(cache=True, nogil=True)
def quantiles(values: np.ndarray, starts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles of the values of each edge, by linear interpolation.

    Args:
        values: float32 (K), edge after edge.
        starts: As `Edges.starts`.
        shares: float64 (Q), in 0..1.

    Returns:
        float32 (E, Q).
    """
    result = np.empty((starts.size - 1, shares.size), np.float32)
    for edge in range(starts.size - 1):
        ordered = np.sort(values[starts[edge] : starts[edge + 1]])
        for column in range(shares.size):
            place = shares[column] * (ordered.size - 1)
            below = int(place)
            above = min(below + 1, ordered.size - 1)
            result[edge, column] = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return result


def along(edges: Edges, plane: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles of a map along each edge; a pair of pixels counts with the greater value.

    Args:
        edges: Those of the slice.
        plane: float32 (Y, X).
        shares: As for `quantiles`.

    Returns:
        float32 (E, Q).
    """
    flat = plane.ravel()
    return quantiles(np.maximum(flat[edges.first], flat[edges.second]), edges.starts, shares)


def mean_along(edges: Edges, plane: np.ndarray) -> np.ndarray:
    """Return the mean of a map along each edge, float64 (E); a pair of pixels counts with the greater value."""
    if not len(edges.pairs):
        return np.empty(0)
    flat = plane.ravel().astype(np.float64)
    return np.add.reduceat(np.maximum(flat[edges.first], flat[edges.second]), edges.starts[:-1]) / edges.lengths


def is_cut(edges: Edges, pieces: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return what the truth says of each edge: whether its two superpixels lie in different cells.

    A superpixel belongs to the cell that has most of its pixels.

    Args:
        edges: Those of the slice.
        pieces: Superpixels, (Y, X).
        truth: Cells, whole numbers, 0 on membranes, (Y, X).

    Returns:
        int8 (E): 1 for different cells, 0 for one cell, -1 where a superpixel lies in none.
    """
    cells = main_cells(pieces, truth)
    one, other = cells[edges.pairs[:, 0]], cells[edges.pairs[:, 1]]
    return np.where((one == 0) | (other == 0), -1, one != other).astype(np.int8)


def main_cells(pieces: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the cell that has most of each superpixel's pixels, 0 where it has none; int64 (N + 1), by its number."""
    inside = truth > 0
    keys, counts = np.unique(pieces[inside].astype(np.int64) << 32 | truth[inside], return_counts=True)
    order = np.argsort(counts, kind="stable")
    cells = np.zeros(int(pieces.max()) + 1, np.int64)
    cells[keys[order] >> 32] = keys[order] & 0xFFFFFFFF
    return cells
