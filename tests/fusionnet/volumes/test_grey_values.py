"""Any volume's grey values become the 8-bit levels that networks are trained on."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from fusionnet.errors import UserError
from fusionnet.volumes.grey_values import GreyWindow, choose_window, parse_window, to_levels
from fusionnet.volumes.volume import open_volume


def window_of(folder: Path, stack: np.ndarray) -> GreyWindow | None:
    tifffile.imwrite(folder / "v.tif", stack, photometric="minisblack")
    return choose_window(open_volume(folder / "v.tif"))


def test_8_bits_stay_as_they_are(tmp_path: Path):
    stack = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    assert window_of(tmp_path, stack) is None
    levels = to_levels(stack, None)
    assert levels.dtype == np.float32
    np.testing.assert_array_equal(levels, stack)


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"), [(np.uint16, 13, 400), (np.int16, 20, -900), (np.float32, 1 / 255, 0)]
)
def test_other_types_get_their_full_contrast(tmp_path: Path, dtype: type, scale: float, offset: float):
    grey = np.random.default_rng(0).integers(0, 256, (3, 64, 64))
    stack = (grey * scale + offset).astype(dtype)
    window = window_of(tmp_path, stack)
    assert window is not None
    assert abs(window.low - offset) < 2 * scale and abs(window.high - (255 * scale + offset)) < 2 * scale
    assert np.abs(to_levels(stack, window) - grey).max() <= 2


def test_what_lies_outside_the_window_saturates():
    levels = to_levels(np.array([[90, 100, 149, 200, 999]], np.uint16), GreyWindow(100, 200))
    np.testing.assert_array_equal(levels, [[0, 0, 125, 255, 255]])


def test_what_is_not_finite_becomes_nan():
    levels = to_levels(np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32), GreyWindow(0.0, 1.0))
    np.testing.assert_array_equal(levels, [[np.nan, np.nan, np.nan, 128]])


def test_the_window_is_that_of_the_finite_values(tmp_path: Path):
    stack = np.random.default_rng(0).random((2, 64, 64)).astype(np.float32)
    stack[:, :10] = np.nan
    window = window_of(tmp_path, stack)
    assert window is not None and 0 <= window.low < 0.01 and 0.99 < window.high <= 1


def test_a_volume_without_grey_values_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no finite grey value"):
        window_of(tmp_path, np.full((1, 8, 8), np.nan, np.float32))
    with pytest.raises(UserError, match="values of type complex64"):
        window_of(tmp_path, np.zeros((1, 8, 8), np.complex64))


def test_a_window_is_two_numbers():
    assert parse_window("210,3870.5") == GreyWindow(210.0, 3870.5)
    for text in ("", "5", "9,3", "a,b", "1,2,3"):
        with pytest.raises(UserError, match=r"LOW,HIGH|LOW smaller than HIGH"):
            parse_window(text)
