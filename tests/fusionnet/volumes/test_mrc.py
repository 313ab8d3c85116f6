"""MRC: voxels, scale, order of axes, and bytes with or without a sign."""

import os
import warnings
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


def test_half_precision_and_complex_values(tmp_path: Path):
    half = open_volume(write(tmp_path / "v.mrc", GREY.astype(np.float16)))
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half.read_all(), GREY)
    with pytest.raises(UserError, match="values of type complex64"):
        open_volume(write(tmp_path / "w.mrc", GREY.astype(np.complex64)))


@pytest.mark.parametrize(
    ("header", "sides", "size", "note"),
    [
        ({"ispg": 1, "mz": 5}, (40, 40, 500), (50, 4, 4), ""),
        ({"ispg": 1, "mz": 5}, (40, 40, 40), (4, 4, 4), ""),
        ({"ispg": 0, "mz": 5}, (40, 40, 500), (50, 4, 4), "a stack of images; their distance is taken from it: 50 nm"),
        ({"ispg": 0, "mz": 5}, (40, 40, 40), None, "images of 4 x 4 nm, at 4 nm as its pixels"),
        ({"ispg": 0, "mz": 1}, (40, 40, 500), None, "50 nm of one image or of all 5"),
        ({"ispg": 1, "mz": 1}, (40, 40, 500), None, "50 nm of one image or of all 5"),
        ({"ispg": 0, "mz": 1}, (40, 40, 1), None, "4 x 4 nm, without a distance"),
        ({"ispg": 0, "mz": 5}, (40, 40, 0), None, "4 x 4 nm, without a distance"),
        ({"ispg": 0, "mz": 1}, (0, 0, 0), None, ""),
        ({"ispg": 0, "mz": 5}, (1, 1, 1), None, ""),
    ],
)
def test_a_stack_of_images_has_a_distance_only_where_it_is_sure(
    tmp_path: Path, header: dict[str, int], sides: tuple[float, ...], size: tuple[float, ...] | None, note: str
):
    path = write(tmp_path / "v.mrc", GREY.astype(np.float32))
    with mrcfile.open(path, "r+") as file:
        file.header.ispg, file.header.mz = header["ispg"], header["mz"]
        file.voxel_size = sides
    source = open_volume(path)
    assert source.voxel_size_nm == (pytest.approx(size) if size else None)
    assert note in "".join(source.notes) and bool(note) == bool(source.notes)
    np.testing.assert_array_equal(source.read_all(), GREY)


def test_a_header_without_a_number_of_samples_has_no_voxel_size(tmp_path: Path):
    path = write(tmp_path / "v.mrc", GREY.astype(np.float32))
    with mrcfile.open(path, "r+") as file:
        file.header.mx = file.header.my = file.header.mz = 0  # mrcz writes none
    source = open_volume(path)
    assert source.voxel_size_nm is None and len(source.notes) == 1
    assert "has the size of the whole, and 0, 0, 0 samples along x, y, z" in source.notes[0]
    np.testing.assert_array_equal(source.read_all(), GREY)


def test_one_image_needs_no_distance(tmp_path: Path):
    with mrcfile.new(tmp_path / "v.mrc") as file:
        file.set_data(GREY[0].astype(np.float32))
        file.voxel_size = 40
    assert open_volume(tmp_path / "v.mrc").voxel_size_nm == pytest.approx((4, 4, 4))


def test_several_volumes_in_one_file_are_refused(tmp_path: Path):
    with pytest.raises(UserError, match="split channels or time points"):
        open_volume(write(tmp_path / "v.mrc", np.stack([GREY, GREY]).astype(np.float32)))


def test_bytes_behind_an_extended_header_and_behind_the_voxels(tmp_path: Path):
    with mrcfile.new(tmp_path / "v.mrc") as file:
        file.set_data(GREY.astype(np.int16))
        file.set_extended_header(np.zeros(77, np.uint8))
    with (tmp_path / "v.mrc").open("ab") as more:
        more.write(bytes(1000))
    np.testing.assert_array_equal(open_volume(tmp_path / "v.mrc").read_all(), GREY)


def test_a_file_of_the_other_byte_order(tmp_path: Path):
    little = write(tmp_path / "v.mrc", GREY.astype(np.int16)).read_bytes()
    header = bytearray(np.frombuffer(little[:1024], "<i4").astype(">i4").tobytes())
    header[208:216] = b"MAP \x11\x11\x00\x00"
    (tmp_path / "w.mrc").write_bytes(bytes(header) + GREY.astype(">i2").tobytes())
    source = open_volume(tmp_path / "w.mrc")
    assert source.dtype == np.dtype("=i2") and source.voxel_size_nm == pytest.approx((50, 4, 4))
    np.testing.assert_array_equal(source.read_all(), GREY)


def test_a_header_without_its_stamps_is_read_with_a_note(tmp_path: Path):
    content = bytearray(write(tmp_path / "v.mrc", GREY.astype(np.int16)).read_bytes())
    content[208:216] = bytes(8)
    (tmp_path / "v.mrc").write_bytes(content)
    source = open_volume(tmp_path / "v.mrc")
    assert "not an MRC file, or file is corrupt" in source.notes[0]
    np.testing.assert_array_equal(source.read_all(), GREY)


def test_a_complaint_of_another_file_is_no_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import mrcfile

    plain = mrcfile.open

    def beside_a_forgotten_file(*arguments: object, **options: object) -> object:
        warnings.warn("unclosed file of someone else", ResourceWarning, stacklevel=1)
        return plain(*arguments, **options)

    path = write(tmp_path / "v.mrc", GREY)
    monkeypatch.setattr(mrcfile, "open", beside_a_forgotten_file)
    assert not open_volume(path).notes


def test_a_mode_that_is_not_known_is_refused(tmp_path: Path):
    content = bytearray(write(tmp_path / "v.mrc", GREY.astype(np.int16)).read_bytes())
    content[12:16] = (101).to_bytes(4, "little")  # 4 bits
    (tmp_path / "v.mrc").write_bytes(content)
    with pytest.raises(UserError, match="Unrecognised mode '101'"):
        open_volume(tmp_path / "v.mrc")
