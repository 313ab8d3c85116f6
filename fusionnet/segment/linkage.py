"""Average linkage: superpixels joined one by one, the pair with the weakest edge first, into an ultrametric map."""

import heapq

import numpy as np
from numba import njit

from fusionnet.segment.edges import Edges


def average_linkage(pairs: np.ndarray, strengths: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return at which height each edge disappears when the weakest edges are joined first.

    The edge of two joined pieces is as strong as the mean of the edges that it consists of, weighted by their lengths.
    Heights never fall from a pair to what it is part of, so they are an ultrametric: at any height the edges above it
    bound the same pieces, whichever way they are met.

    Args:
        pairs: The two superpixels of each edge, int32 (E, 2).
        strengths: 0..1 for each edge, 1 for a sure boundary, (E).
        lengths: Weight of each edge, (E).

    Returns:
        float64 (E), within the range of the strengths.
    """
    if not len(pairs):
        return np.empty(0)
    return _link(pairs.astype(np.int32), strengths.astype(np.float64), lengths.astype(np.float64))


@njit(cache=True, nogil=True)
def _link(pairs: np.ndarray, strengths: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    count, nodes = len(pairs), pairs.max() + 1
    ends = pairs.copy()
    sums, weights = strengths * lengths, lengths.copy()
    versions = np.zeros(count, np.int64)  # of each edge; -1 once it is part of another, or gone
    # Linked lists, which join in one step: of each node its edges (a half edge is 2 * edge + side), and of each edge
    # the original edges that it consists of.
    first, last = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    following = np.full(2 * count, -1, np.int64)
    end_part = np.arange(count)
    next_part = np.full(count, -1, np.int64)
    for half in range(2 * count):
        node = ends[half // 2, half % 2]
        if first[node] < 0:
            first[node] = half
        else:
            following[last[node]] = half
        last[node] = half
    queue = [(strengths[edge], np.int64(edge), np.int64(0)) for edge in range(count)]
    heapq.heapify(queue)
    heights, reached = np.empty(count), np.zeros(nodes)
    met, met_at = np.empty(nodes, np.int64), np.full(nodes, -1, np.int64)
    step = 0
    while queue:
        strength, edge, version = heapq.heappop(queue)
        if versions[edge] != version:
            continue
        kept, gone = ends[edge]
        height = max(strength, reached[kept], reached[gone])
        reached[kept] = height
        versions[edge] = -1
        original = edge
        while original >= 0:
            heights[original] = height
            original = next_part[original]
        following[last[kept]] = first[gone]
        last[kept] = last[gone]
        # A walk over the joined list: two edges to one neighbour become one, and edges that are gone leave the list.
        half, before = first[kept], -1
        while half >= 0:
            this, after = half // 2, following[half]
            other = ends[this, 1 - half % 2]
            drop = versions[this] < 0
            if not drop:
                ends[this, half % 2] = kept
                if met_at[other] == step:
                    twin = met[other]
                    sums[twin] += sums[this]
                    weights[twin] += weights[this]
                    next_part[end_part[twin]] = this
                    end_part[twin] = end_part[this]
                    versions[this] = -1
                    versions[twin] += 1
                    heapq.heappush(queue, (sums[twin] / weights[twin], np.int64(twin), versions[twin]))
                    drop = True
                else:
                    met[other], met_at[other] = this, step
            if not drop:
                before = half
            elif before < 0:
                first[kept] = after
            else:
                following[before] = after
            half = after
        last[kept] = before
        step += 1
    return heights


def ultrametric_map(edges: Edges, heights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a slice whose thresholds give all the segmentations of a linkage: 1 - height on edges, 1 elsewhere.

    Above a threshold t, the pieces that join below the height 1 - t are one 4-connected component. The pixel to the
    left of an edge, or above it, bears its height; where several meet, the greatest.

    Args:
        edges: Those of the slice.
        heights: In 0..1, for each edge.
        shape: (Y, X).

    Returns:
        float32 in 0..1, (Y, X), 1 inside a piece.
    """
    plane = np.ones(shape[0] * shape[1], np.float32)
    np.minimum.at(plane, edges.first, np.repeat(1 - heights, edges.lengths).astype(np.float32))
    return plane.reshape(shape)


def joined(pairs: np.ndarray, heights: np.ndarray, level: float, count: int) -> np.ndarray:
    """Return the segment of each superpixel when all edges below a height are joined.

    Args:
        pairs: The two superpixels of each edge, (E, 2).
        heights: From `average_linkage`.
        level: Edges at or below it disappear.
        count: The greatest number of a superpixel.

    Returns:
        int32 (count + 1): segments numbered from 1 in the order of their first superpixel; 0 for 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    weak = pairs[heights <= level]
    graph = coo_array((np.ones(len(weak), np.int8), (weak[:, 0], weak[:, 1])), shape=(count + 1, count + 1))
    return connected_components(graph, directed=False)[1].astype(np.int32)
