"""Masks of merges and splits, and what is drawn of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fusionnet.evaluate.error_maps import (
    BOTH_COLOUR,
    MERGE_COLOUR,
    SPLIT_COLOUR,
    merge_and_split_masks,
    paint_errors,
    write_overlay,
)
from fusionnet.evaluate.isbi import score_stack

CELLS = np.array([[1, 1, 1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 0, 1, 1, 1]])  # two cells, of 8 and 6 pixels


def test_perfect_segmentation_has_no_errors() -> None:
    merges, splits = merge_and_split_masks(CELLS, np.where(CELLS[0].cumsum() > 4, 2, 1) * CELLS)
    assert not merges.any() and not splits.any()


def test_smaller_cell_of_a_merger_is_merged() -> None:
    merges, splits = merge_and_split_masks(CELLS, np.ones_like(CELLS))
    assert merges[0].tolist() == [False] * 5 + [True] * 3 == merges[1].tolist()
    assert not splits.any()


def test_smaller_part_of_a_split_cell_is_split_off_and_dams_are_neither() -> None:
    segments = np.array([[1, 1, 0, 2, 0, 3, 3, 3]] * 2)
    merges, splits = merge_and_split_masks(CELLS, segments)
    assert splits[0].tolist() == [False, False, False, True] + [False] * 4
    assert not merges.any()


def test_strip_across_a_membrane_is_both() -> None:
    segments = np.array([[1, 1, 1, 1, 1, 1, 0, 2], [1, 1, 1, 1, 1, 0, 2, 2]])
    merges, splits = merge_and_split_masks(CELLS, segments)
    assert np.argwhere(merges).tolist() == np.argwhere(splits).tolist() == [[0, 5]]


def test_instance_numbers_part_touching_cells() -> None:
    merges, _ = merge_and_split_masks(np.array([[1, 1, 1, 2, 2]]), np.ones((1, 5), int))
    assert merges.tolist() == [[False, False, False, True, True]]


def test_nothing_to_compare() -> None:
    merges, splits = merge_and_split_masks(np.zeros((2, 3), int), np.ones((2, 3), int))
    assert not merges.any() and not splits.any()


def test_colours() -> None:
    merges, splits = np.array([[1, 0, 1, 0]], bool), np.array([[0, 1, 1, 0]], bool)
    painted = paint_errors(np.full((1, 4), 0.5), merges, splits, opacity=1)[0]
    np.testing.assert_allclose(painted, [MERGE_COLOUR, SPLIT_COLOUR, BOTH_COLOUR, (0.5, 0.5, 0.5)])


@pytest.mark.parametrize("depth", [1, 4])
def test_overlay_shows_the_merger_in_its_colour(tmp_path: Path, depth: int) -> None:
    truth = np.ones((depth, 40, 40), np.uint8)
    truth[:, :, 25] = 0
    proposal = truth.astype(np.float32)
    proposal[0] = 1  # slice 0 is one merger, and the worst
    write_overlay(tmp_path / "overlay.png", truth, proposal, score_stack(truth, proposal))
    pixels = np.asarray(Image.open(tmp_path / "overlay.png").convert("RGB")).reshape(-1, 3) / 255
    tint = 0.2 * 1 + 0.8 * np.array(MERGE_COLOUR)
    assert (np.abs(pixels - tint).max(axis=1) < 0.02).sum() > 1000
