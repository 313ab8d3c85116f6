"""Bodies as objects, against shapes whose scores and measures follow from geometry."""

import numpy as np
import pandas as pd
import pytest

from fusionnet.errors import UserError
from fusionnet.evaluate.morphology import (
    SHAPE_COLUMNS,
    count_matches,
    found_bodies,
    measure_sections,
    number_bodies,
    score_bodies,
    true_bodies,
)


def ellipse(shape: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 <= 1


@pytest.fixture
def cubes() -> np.ndarray:
    """Two cubes of side 4, numbers 3 and 9, that share no face."""
    numbers = np.zeros((4, 12, 12), np.uint16)
    numbers[:, 1:5, 1:5], numbers[:, 7:11, 7:11] = 3, 9
    return numbers


def test_bodies_are_connected_through_faces_and_not_across_a_break() -> None:
    inside = np.zeros((4, 3, 3), bool)
    inside[:, 0, 0] = inside[0, 1, 1] = True  # a column, and a voxel that touches it along an edge
    assert number_bodies(inside).max() == 2
    numbers = number_bodies(inside, breaks=[2])
    assert numbers.max() == 3
    assert set(np.unique(numbers[:2, 0, 0])).isdisjoint(np.unique(numbers[2:, 0, 0]))
    assert not numbers[~inside].any()


@pytest.mark.parametrize("value", [1, 255, True])
def test_a_mask_is_numbered_and_numbers_are_kept(cubes: np.ndarray, value) -> None:
    mask = (cubes > 0) * np.asarray(value, bool if value is True else np.uint8)
    assert np.unique(true_bodies(mask)).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(true_bodies(cubes), cubes)


def test_probabilities_are_cut_above_one_half() -> None:
    probabilities = np.array([[[0.5, 0.51, 0.2, 0.9]]], np.float32)
    assert found_bodies(probabilities).tolist() == [[[0, 1, 0, 2]]]


def test_equal_bodies_score_one(cubes: np.ndarray) -> None:
    scores = score_bodies(cubes, number_bodies(cubes > 0))
    for name in ("dice", "iou", "v_rand", "v_info", "match_f1"):
        assert scores[name] == pytest.approx(1), name
    assert [scores[f"bodies_{kind}"] for kind in ("true", "found", "matched")] == [2, 2, 2]


def test_scores_follow_from_counts(cubes: np.ndarray) -> None:
    """One cube found whole, of the other a quarter, and a false one of the same size elsewhere."""
    found = np.where(cubes == 3, 5, 0)
    found[0, 7:11, 7:11] = 6
    found[:, 1:5, 7:11] = 7
    scores = score_bodies(cubes, found)
    shared, union = 64 + 16, 64 + 64 + 64
    assert scores["iou"] == pytest.approx(shared / union)
    assert scores["dice"] == pytest.approx(2 * shared / (128 + 144))
    # pairs within the truth's bodies: each of the 48 voxels not found is a body of its own
    common = 64**2 + 16**2 + 48
    assert scores["v_rand"] == pytest.approx(2 * common / (2 * 64**2 + 64**2 + 16**2 + 48))
    assert [scores[f"bodies_{kind}"] for kind in ("true", "found", "matched")] == [2, 3, 1]
    assert scores["match_f1"] == pytest.approx(2 / 5)


def test_a_merger_lowers_the_merge_part_and_a_split_the_split_part(cubes: np.ndarray) -> None:
    merged = score_bodies(cubes, (cubes > 0).astype(int))
    assert merged["dice"] == 1 and merged["v_rand_split"] == 1 and merged["v_rand_merge"] == pytest.approx(0.5)
    split = np.where(cubes > 0, cubes * 2, 0)
    split[2:] += cubes[2:] > 0
    parted = score_bodies(cubes, split)
    assert parted["v_rand_merge"] == 1 and parted["v_rand_split"] == pytest.approx(0.5)


@pytest.mark.parametrize(("side", "matched"), [(8, 1), (5, 1), (4, 0)])
def test_a_match_shares_more_than_half(side: int, matched: int) -> None:
    truth, found = np.zeros((1, 10, 10), int), np.zeros((1, 10, 10), int)
    truth[0, :8, :8], found[0, :8, :side] = 4, 1
    assert count_matches(truth, found) == matched


def test_nothing_found_scores_zero_and_has_no_sections(cubes: np.ndarray) -> None:
    nothing = np.zeros_like(cubes)
    scores = score_bodies(cubes, nothing)
    assert scores["dice"] == scores["iou"] == scores["match_f1"] == scores["bodies_found"] == 0
    assert measure_sections(nothing).empty
    with pytest.raises(UserError, match="expected the same"):
        score_bodies(cubes, nothing[:1])


def test_size_and_shape_of_discs_and_ellipses() -> None:
    plane = 4 * ellipse((100, 200), (50, 50), (30, 30)) + 8 * ellipse((100, 200), (50, 140), (20, 40))
    table = measure_sections(plane[np.newaxis]).set_index("body")
    assert table.loc[4, "area_pixels"] == (plane == 4).sum()
    assert table.loc[4, "area_pixels"] == pytest.approx(np.pi * 30**2, rel=0.01)
    assert table.loc[4, "perimeter_pixels"] == pytest.approx(2 * np.pi * 30, rel=0.05)
    assert table.loc[4, "eccentricity"] == pytest.approx(0, abs=0.05)
    assert table.loc[8, "eccentricity"] == pytest.approx(np.sqrt(1 - (20 / 40) ** 2), abs=0.01)
    assert not table["cut"].any()


def test_every_piece_of_a_body_in_a_slice_is_a_section() -> None:
    numbers = np.zeros((3, 10, 10), np.int32)
    numbers[0, 1:9, 1:9] = 6
    numbers[1, 1:4, 1:4] = numbers[1, 6:9, 6:9] = 6
    numbers[1, 1:4, 4:7] = 2  # touches the first piece, and is another body
    table = measure_sections(numbers)
    expected = pd.DataFrame({"slice": [0, 1, 1, 1], "body": [6, 2, 6, 6], "area_pixels": [64, 9, 9, 9]})
    pd.testing.assert_frame_equal(table.sort_values(["slice", "body"])[list(expected)].reset_index(drop=True), expected)
    assert list(table) == ["slice", "body", *SHAPE_COLUMNS, "cut"]


@pytest.mark.parametrize("rows", [slice(0, 3), slice(7, 10)])
@pytest.mark.parametrize("turned", [False, True])
def test_sections_at_the_edge_are_marked(rows: slice, turned: bool) -> None:
    numbers = np.zeros((1, 10, 10), np.int32)
    numbers[0, rows, 4:6] = 1
    assert measure_sections(np.swapaxes(numbers, 1, 2) if turned else numbers)["cut"].tolist() == [True]
