"""Superpixels: every pixel in one, cut along crests, and flat ground shared."""

import numpy as np
import pytest
from scipy.ndimage import label

from fusionnet.segment.superpixels import superpixels


def walls(*columns: int) -> np.ndarray:
    boundary = np.zeros((40, 60), np.float32)
    boundary[:, list(columns)] = 1
    return boundary


def test_every_pixel_is_in_a_superpixel_and_no_number_is_missing():
    boundary = np.random.default_rng(0).random((50, 70), dtype=np.float32)
    pieces = superpixels(boundary)
    assert pieces.shape == boundary.shape
    assert pieces.dtype == np.int32
    assert np.array_equal(np.unique(pieces), np.arange(1, pieces.max() + 1))


def test_a_superpixel_is_in_one_piece():
    pieces = superpixels(np.random.default_rng(1).random((60, 60), dtype=np.float32))
    assert all(label(pieces == number, np.ones((3, 3)))[1] == 1 for number in range(1, pieces.max() + 1))


def test_pieces_part_on_the_crest_of_a_wall():
    pieces = superpixels(walls(29))
    assert len(np.unique(pieces)) == 2
    assert (pieces[:, :29] == pieces[0, 0]).all()
    assert (pieces[:, 30:] == pieces[0, -1]).all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_ground_is_one_superpixel(value: float):
    assert (superpixels(np.full((20, 30), value, np.float32)) == 1).all()


def test_two_minima_share_the_flat_ground_between_them():
    boundary = np.full((21, 81), 1, np.float32)
    boundary[10, [5, 75]] = 0
    counts = np.bincount(superpixels(boundary).ravel())[1:]
    assert len(counts) == 2
    assert counts.min() > 0.4 * counts.sum()
