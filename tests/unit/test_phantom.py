"""The phantom is reproducible, shaped as it says, and as hard as tissue."""

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.phantom import draw_phantom

SLICES, SIZE = 4, 192


@pytest.fixture(scope="module")
def stack():
    return draw_phantom(1, SLICES, SIZE)


def test_shapes_types_and_label_values(stack):
    volume, labels = stack
    assert volume.shape == labels.shape == (SLICES, SIZE, SIZE)
    assert volume.dtype == labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 255}


def test_same_seed_same_stack(stack):
    for drawn, again in zip(stack, draw_phantom(1, SLICES, SIZE), strict=True):
        assert np.array_equal(drawn, again)


def test_train_and_test_seeds_give_unrelated_stacks(stack):
    volume, labels = draw_phantom(2, SLICES, SIZE)
    assert abs(np.corrcoef(volume.ravel(), stack[0].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(labels.ravel(), stack[1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("seed, slices, size", [(-1, 2, 128), (0, 0, 128), (0, 2, 63), (0, 2, 5000)])
def test_silly_sizes_are_refused_in_one_line(seed, slices, size):
    with pytest.raises(UserError, match="expected"):
        draw_phantom(seed, slices, size)
