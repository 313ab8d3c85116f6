"""Average linkage against a plain loop over all pairs, and the map whose thresholds give every segmentation."""

import numpy as np
import pytest

from fusionnet.evaluate.thinning import components
from fusionnet.segment.edges import find_edges
from fusionnet.segment.linkage import average_linkage, joined, ultrametric_map
from fusionnet.segment.superpixels import superpixels


def slow_linkage(pairs: np.ndarray, strengths: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The definition, word for word: all edges between two clusters, at each step anew."""
    clusters, reached, heights = np.arange(pairs.max() + 1), np.zeros(pairs.max() + 1), np.full(len(pairs), np.nan)
    while True:
        between: dict[tuple[int, int], list[int]] = {}
        for edge, (one, other) in enumerate(pairs):
            key = tuple(sorted((int(clusters[one]), int(clusters[other]))))
            if key[0] != key[1]:
                between.setdefault(key, []).append(edge)
        if not between:
            return heights
        mean = {key: np.average(strengths[edges], weights=lengths[edges]) for key, edges in between.items()}
        kept, gone = min(mean, key=lambda key: mean[key])
        height = max(mean[kept, gone], reached[kept], reached[gone])
        heights[between[kept, gone]] = reached[kept] = height
        clusters[clusters == gone] = kept


@pytest.mark.parametrize("seed", range(20))
def test_heights_are_those_of_the_definition(seed: int):
    generator = np.random.default_rng(seed)
    drawn = {tuple(sorted(generator.choice(14, 2, replace=False).tolist())) for _ in range(40)}
    pairs = np.array(sorted(drawn), np.int32)
    strengths, lengths = generator.random(len(pairs)), generator.integers(1, 9, len(pairs))
    np.testing.assert_allclose(
        average_linkage(pairs, strengths, lengths), slow_linkage(pairs, strengths, lengths), atol=1e-12
    )


def test_no_edge_has_no_height():
    assert len(average_linkage(np.empty((0, 2), np.int32), np.empty(0), np.empty(0))) == 0


@pytest.fixture
def pieces() -> np.ndarray:
    return superpixels(np.random.default_rng(3).random((60, 80), dtype=np.float32))


def test_heights_are_an_ultrametric_so_that_every_level_is_a_segmentation(pieces):
    edges = find_edges(pieces)
    heights = average_linkage(edges.pairs, np.random.default_rng(0).random(len(edges.pairs)), edges.lengths)
    for level in (0.2, 0.4, 0.5, 0.6):
        segments = joined(edges.pairs, heights, level, int(pieces.max()))
        parted = segments[edges.pairs[:, 0]] != segments[edges.pairs[:, 1]]
        np.testing.assert_array_equal(parted, heights > level)


def test_a_threshold_of_the_map_parts_what_the_level_parts(pieces):
    edges = find_edges(pieces)
    heights = average_linkage(edges.pairs, np.random.default_rng(0).random(len(edges.pairs)), edges.lengths)
    plane = ultrametric_map(edges, heights, pieces.shape)
    assert plane.dtype == np.float32
    assert 0 <= plane.min() < plane.max() == 1
    for threshold in (0.35, 0.55):
        segments = joined(edges.pairs, heights, 1 - threshold, int(pieces.max()))[pieces]
        found = components((plane > threshold).astype(np.uint8))
        inside = found > 0
        together = np.unique(np.stack([found[inside], segments[inside]]), axis=1)
        assert len(np.unique(together[0])) == together.shape[1], "a component of the map lies in one segment alone"
