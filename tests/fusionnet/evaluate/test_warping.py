"""Warping error: equal to the challenge's program, and what it counts, on slices drawn by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from fusionnet.errors import UserError
from fusionnet.evaluate.kernels import framed
from fusionnet.evaluate.warping import _flip_simple, warp, warping_errors

EIGHT = np.ones((3, 3))


def drawn(*rows: str) -> np.ndarray:
    return np.array([[".#".index(sign) for sign in row] for row in rows], bool)


def pixels_left(truth: np.ndarray, proposal: np.ndarray) -> int:
    warped = warp(truth, proposal.astype(np.float32), 0.5)
    return int((warped != proposal).sum())


@pytest.mark.parametrize("case", ["label_itself", "gaps", "tiny"])
def test_equals_the_challenges_program(case: str, challenge_cases: dict, challenge_reference: dict) -> None:
    errors = warping_errors(*challenge_cases[case]).mean(axis=0)
    expected = challenge_reference[case]
    np.testing.assert_allclose(errors, expected["warping_error_by_threshold"], rtol=0, atol=1e-12)
    assert errors.min() == pytest.approx(expected["warping_min_error"], abs=1e-12)


def wall(*columns: int) -> np.ndarray:
    mask = np.ones((6, 14), bool)
    mask[:, columns] = False
    return mask


@pytest.mark.parametrize(("shift", "left"), [(1, 0), (2, 0), (3, 0), (4, 6 + 3)])
def test_displaced_boundary_costs_nothing_up_to_its_thickness(shift: int, left: int) -> None:
    # beyond it the old wall stays, one pixel thick and 6 long, and a thread across the new one, 3 long
    moved = wall(*range(3 + shift, 6 + shift))
    assert pixels_left(wall(3, 4, 5), moved) == left


@pytest.mark.parametrize("thickness", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_merger_costs_the_gaps_width_and_split_the_membranes_thickness(width: int, thickness: int) -> None:
    parted = wall(*range(5, 5 + thickness))
    joined = parted.copy()
    joined[1 : 1 + width] = True
    assert pixels_left(parted, joined) == width
    assert pixels_left(joined, parted) == thickness


def test_missing_speck_and_hole_cost_one_pixel_and_added_ones_their_area() -> None:
    plain = np.zeros((7, 15), bool)
    plain[:, :7] = True
    spotted = plain.copy()
    spotted[2:5, 2:5] = False
    spotted[2:5, 10:13] = True
    assert pixels_left(spotted, plain) == 2
    assert pixels_left(plain, spotted) == 18


def test_simple_means_that_no_topology_changes_in_any_neighbourhood() -> None:
    for code in range(256):
        around = np.insert([bool(code >> bit & 1) for bit in range(8)], 4, False).reshape(3, 3)
        cells, background = ndimage.label(around)[0], ~around
        background[1, 1] = False
        four = {cells[place] for place in ((0, 1), (1, 0), (1, 2), (2, 1))} - {0}
        expected = len(four) == 1 and ndimage.label(background, EIGHT)[1] == 1
        for centre in (False, True):
            around[1, 1] = centre
            flat = framed(around)
            assert _flip_simple(flat, np.array([12]), 5) == expected, around
            assert flat[12] == (centre != expected)


masks = st.tuples(st.integers(1, 10), st.integers(1, 10)).flatmap(lambda shape: st.tuples(*[arrays(bool, shape)] * 2))


@settings(deadline=None)
@given(masks)
def test_topology_is_kept_and_every_pixel_left_would_change_it(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, proposal = pair
    warped = warp(truth, proposal.astype(np.float32), 0.5)
    assert ndimage.label(warped)[1] == ndimage.label(truth)[1]
    holes = [ndimage.label(np.pad(~mask, 1, constant_values=True), EIGHT)[1] for mask in (warped, truth)]
    assert holes[0] == holes[1]
    assert (warped != proposal).sum() <= (truth != proposal).sum()
    left = np.flatnonzero(framed(warped) != framed(proposal))
    assert _flip_simple(framed(warped), left, truth.shape[0] + 2) == 0


def test_identity_has_no_error_and_inputs_are_checked() -> None:
    truth = np.random.default_rng(0).random((2, 9, 9)) < 0.6
    assert not warping_errors(truth, truth.astype(np.float32)).any()
    with pytest.raises(UserError, match="NaN"):
        warping_errors(truth, truth * np.float32(np.nan))
