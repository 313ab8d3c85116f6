"""Eight orientations: all different, each undone, alike for numpy and torch."""

import numpy as np
import pytest
import torch

from fusionnet.augment.geometry import ORIENTATIONS, orient, orient_back

SLICES = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


def test_the_orientations_of_a_square_all_differ() -> None:
    square = np.arange(9).reshape(3, 3)
    assert len({orient(square, k).tobytes() for k in range(ORIENTATIONS)}) == 8


@pytest.mark.parametrize("k", range(ORIENTATIONS))
def test_every_orientation_is_undone(k: int) -> None:
    np.testing.assert_array_equal(orient_back(orient(SLICES, k), k), SLICES)
    tensor = torch.from_numpy(SLICES)
    assert torch.equal(orient_back(orient(tensor, k), k), tensor)


@pytest.mark.parametrize("k", range(ORIENTATIONS))
def test_numpy_and_torch_agree(k: int) -> None:
    expected = orient(SLICES, k)
    assert expected.shape == ((2, 3, 4) if k % 2 == 0 else (2, 4, 3))
    np.testing.assert_array_equal(orient(torch.from_numpy(SLICES), k).numpy(), expected)


def test_the_last_two_axes_turn_and_no_other() -> None:
    np.testing.assert_array_equal(orient(SLICES, 5)[1], orient(SLICES[1], 5))
    np.testing.assert_array_equal(orient(SLICES[0], 4), SLICES[0][:, ::-1])
