"""MRC: voxels, scale, order of axes, and bytes with or without a sign."""

import os
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.volumes.mrc import IMOD_OFFSET, IMOD_STAMP
from fusionnet.volumes.volume import open_volume

random = np.random.default_rng(0)
GREY = np.clip(random.normal(128, 30, (5, 30, 40)), 0, 255).astype(np.uint8)  # rare near 0 and 255, as tissue is


def write(path: Path, data: np.ndarray, least: float = 0, greatest: float = -1, flags: int | None = None) -> Path:
    """Write voxels of 50 x 4 x 4 nm; the header's extremes are undetermined by default."""
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(data)
        file.voxel_size = (40, 40, 500)
        file.header.dmin, file.header.dmax = least, greatest
        if flags is not None:
            spare = bytearray(file.header.extra2.tobytes())
            spare[IMOD_OFFSET : IMOD_OFFSET + 8] = np.array([IMOD_STAMP, flags], "<i4").tobytes()
            file.header.extra2 = np.frombuffer(bytes(spare), "V84")[0]
    return path


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
@pytest.mark.parametrize("suffix", ["mrc", "rec", "st", "map", "MRC"])
def test_voxels_and_scale(tmp_path: Path, dtype: type, suffix: str):
    source = open_volume(write(tmp_path / f"v.{suffix}", GREY.astype(dtype)))
    assert source.dtype == dtype and source.voxel_size_nm == pytest.approx((50, 4, 4)) and not source.notes
    np.testing.assert_array_equal(source.read_all(), GREY)
    np.testing.assert_array_equal(source.read(slice(2, 4), slice(1, 9), slice(3, 4)), GREY[2:4, 1:9, 3:4])


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"least": 3, "greatest": 250}, "greatest value in the header"),
        ({"flags": 0}, "IMOD's flag"),
        ({}, "histogram"),
    ],
)
def test_unsigned_bytes(tmp_path: Path, header: dict[str, float], why: str):
    source = open_volume(write(tmp_path / "v.mrc", GREY.view(np.int8), **header))
    assert source.dtype == np.uint8 and why in source.notes[-1] and "unsigned" in source.notes[-1]
    np.testing.assert_array_equal(source.read_all(), GREY)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"least": -100, "greatest": 120}, "least value in the header"),
        ({"flags": 1}, "IMOD's flag"),
        ({}, "histogram"),
    ],
)
def test_signed_bytes(tmp_path: Path, header: dict[str, float], why: str):
    signed = (GREY.astype(np.int16) - 128).astype(np.int8)
    source = open_volume(write(tmp_path / "v.mrc", signed, **header))
    assert source.dtype == np.int8 and why in source.notes[-1] and "unsigned" not in source.notes[-1]
    np.testing.assert_array_equal(source.read_all(), signed)


def test_bytes_that_may_be_either_are_refused(tmp_path: Path):
    with pytest.raises(UserError, match="may be signed or unsigned"):
        open_volume(write(tmp_path / "v.mrc", random.integers(-128, 128, (5, 30, 40), np.int8)))


def test_axes_go_by_the_header(tmp_path: Path):
    path = write(tmp_path / "v.mrc", GREY.astype(np.int16).transpose(2, 1, 0).copy())
    with mrcfile.open(path, "r+") as file:
        file.header.mapc, file.header.mapr, file.header.maps = 3, 2, 1
    np.testing.assert_array_equal(open_volume(path).read_all(), GREY)


def test_a_size_of_one_angstrom_is_none(tmp_path: Path):
    path = write(tmp_path / "v.mrc", GREY.astype(np.int16))
    with mrcfile.open(path, "r+") as file:
        file.voxel_size = 1
    assert open_volume(path).voxel_size_nm is None


def test_damage_is_named(tmp_path: Path):
    path = write(tmp_path / "v.mrc", GREY.astype(np.int16))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UserError, match="truncated"):
        open_volume(path)
    path.write_bytes(b"no volume")
    with pytest.raises(UserError, match="cannot be read as MRC"):
        open_volume(path)
