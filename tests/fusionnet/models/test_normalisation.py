import numpy as np
import pytest

from fusionnet.models.normalisation import normalise
from fusionnet.volumes.volume import read_volume


def test_black_and_white_are_equally_far_from_mid_grey():
    values = normalise(np.array([0, 255], np.uint8))
    assert values.dtype == np.float32
    assert values.tolist() == pytest.approx([-2.5, 2.5])


def test_a_slice_and_its_part_agree():
    grey = np.random.default_rng(0).integers(0, 256, (3, 8, 9)).astype(np.uint8)
    np.testing.assert_array_equal(normalise(grey)[1, 2:5], normalise(grey[1, 2:5]))


def test_isbi_comes_out_near_zero_mean_and_unit_spread(shared):
    values = normalise(read_volume(shared / "mirror" / "isbi2012" / "train" / "image"))
    assert abs(values.mean()) < 0.1
    assert 0.7 < values.std() < 1.2
