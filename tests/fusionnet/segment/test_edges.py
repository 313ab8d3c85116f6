"""Edges: which superpixels touch, where, and statistics along them, against plain loops."""

import numpy as np

from fusionnet.segment.edges import along, find_edges, is_cut, main_cells, mean_along

PIECES = np.array([[1, 1, 2], [1, 3, 2], [3, 3, 2]], np.int32)


def touching(pieces: np.ndarray) -> dict[tuple[int, int], set[tuple[int, int]]]:
    found: dict[tuple[int, int], set[tuple[int, int]]] = {}
    height, width = pieces.shape
    for y in range(height):
        for x in range(width):
            for v, u in ((y + 1, x), (y, x + 1)):
                if v < height and u < width and pieces[y, x] != pieces[v, u]:
                    pair = tuple(sorted((int(pieces[y, x]), int(pieces[v, u]))))
                    found.setdefault(pair, set()).add((y * width + x, v * width + u))
    return found


def test_edges_are_those_that_a_plain_loop_finds():
    pieces = np.random.default_rng(0).integers(1, 9, (20, 30)).astype(np.int32)
    edges, expected = find_edges(pieces), touching(pieces)
    assert [tuple(pair) for pair in edges.pairs.tolist()] == sorted(expected)
    for number, pair in enumerate(sorted(expected)):
        part = slice(edges.starts[number], edges.starts[number + 1])
        pixels = list(zip(edges.first[part].tolist(), edges.second[part].tolist(), strict=True))
        assert set(pixels) == expected[pair]
        assert len(pixels) == edges.lengths[number] == len(expected[pair])


def test_one_superpixel_has_no_edge():
    edges = find_edges(np.ones((4, 5), np.int32))
    assert edges.pairs.shape == (0, 2)
    assert along(edges, np.zeros((4, 5), np.float32), np.array([0.5])).shape == (0, 1)
    assert mean_along(edges, np.zeros((4, 5), np.float32)).shape == (0,)


def test_quantiles_along_an_edge_are_numpys_of_the_greater_of_two_pixels():
    generator = np.random.default_rng(1)
    pieces = generator.integers(1, 6, (15, 15)).astype(np.int32)
    plane = generator.random((15, 15), dtype=np.float32)
    edges, shares = find_edges(pieces), np.array([0.0, 0.1, 0.5, 1.0])
    found, means = along(edges, plane, shares), mean_along(edges, plane)
    for number in range(len(edges.pairs)):
        part = slice(edges.starts[number], edges.starts[number + 1])
        values = np.maximum(plane.ravel()[edges.first[part]], plane.ravel()[edges.second[part]])
        np.testing.assert_allclose(found[number], np.quantile(values, shares), rtol=1e-6)
        np.testing.assert_allclose(means[number], values.mean(), rtol=1e-6)


def test_a_superpixel_belongs_to_the_cell_that_has_most_of_it():
    truth = np.array([[7, 7, 9], [9, 0, 9], [0, 0, 9]])
    assert main_cells(PIECES, truth).tolist() == [0, 7, 9, 0]


def test_an_edge_is_cut_between_cells_kept_within_one_and_unknown_on_membrane():
    truth = np.array([[7, 7, 9], [7, 0, 9], [0, 0, 9]])
    edges = find_edges(PIECES)
    assert dict(zip(map(tuple, edges.pairs.tolist()), is_cut(edges, PIECES, truth).tolist(), strict=True)) == {
        (1, 2): 1,
        (1, 3): -1,
        (2, 3): -1,
    }
    assert is_cut(edges, PIECES, np.ones((3, 3), int)).tolist() == [0, 0, 0]
