"""Volumes written: readable, scaled, equal at any time, whole or absent, by one process."""

import errno
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
from other_process import locked_elsewhere

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.volumes import output, volume
from fusionnet.volumes.output import OutputPlan, PartFolder, part_path
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.stacks import read_provenance
from fusionnet.volumes.volume import open_volume, require_room, save_volume, writer_of

STACK = np.random.default_rng(0).random((3, 70, 90)).astype(np.float32)
SCALE = (50.0, 4.0, 8.0)
PLAN = OutputPlan(STACK.shape, STACK.dtype, (1, 32, 32), SCALE, {"stage": "predict"}, window=(0.0, 1.0))
NAMES = ["p.tif", "p.zarr", "p.h5:volumes/probability", "p.mrc", "precomputed://p"]


def in_memory(stack: np.ndarray, depth: int = 1) -> VolumeSource:
    return VolumeSource("memory", stack.shape, stack.dtype, lambda z, y, x: stack[z, y, x], SCALE, depth)


def named(folder: Path, name: str) -> str:
    """Return a name of `NAMES` in a folder."""
    scheme, found, rest = name.rpartition("://")
    return f"{scheme}{found}{folder}/{rest}"


def read(name: str) -> VolumeSource:
    return open_volume(name.removeprefix("precomputed://"))


def content(path: Path) -> dict[str, bytes]:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_with_its_scale(tmp_path: Path, name: str):
    save_volume(named(tmp_path, name), PLAN, in_memory(STACK))
    source = read(named(tmp_path, name))
    assert source.voxel_size_nm == pytest.approx(SCALE, rel=1e-6)
    np.testing.assert_array_equal(source.read_all(), STACK)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_time_of_writing_does_not_show(tmp_path: Path, name: str):
    save_volume(named(tmp_path, name), PLAN, in_memory(STACK))
    first = content(file_of(named(tmp_path, name)))
    time.sleep(1.1)  # HDF5, MRC and others would note the second of their making
    save_volume(named(tmp_path, name), PLAN, in_memory(STACK))  # in place of the older one
    assert content(file_of(named(tmp_path, name))) == first


@pytest.mark.parametrize("depth", [1, 2, 3, 50])
@pytest.mark.parametrize("most", [1, 40_000, 90_000])
def test_neither_blocks_nor_memory_show_and_each_voxel_is_read_once(
    tmp_path: Path, depth: int, most: int, monkeypatch: pytest.MonkeyPatch
):
    save_volume(tmp_path / "expected.tif", PLAN, in_memory(STACK))
    monkeypatch.setattr(output, "BAND_BYTES", most)
    times = np.zeros(STACK.shape, int)

    def counting(z: slice, y: slice, x: slice) -> np.ndarray:
        times[z, y, x] += 1
        return STACK[z, y, x]

    save_volume(tmp_path / "p.tif", PLAN, replace(in_memory(STACK, depth), reader=counting))
    assert (times == 1).all() and content(tmp_path / "p.tif") == content(tmp_path / "expected.tif")


def test_fiji_finds_slices_scale_and_provenance(tmp_path: Path):
    save_volume(tmp_path / "p.tif", PLAN, in_memory(STACK))
    with tifffile.TiffFile(tmp_path / "p.tif") as tiff:
        assert tiff.is_imagej and tiff.series[0].axes == "ZYX"
        assert tiff.imagej_metadata["slices"] == 3 and tiff.imagej_metadata["spacing"] == 50.0
    assert read_provenance(tmp_path / "p.tif") == {"stage": "predict"}


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32", "float64"])
def test_types_that_imagej_does_not_have_become_an_ome_tiff(tmp_path: Path, dtype: str):
    stack = (STACK * 100).astype(dtype)
    plan = replace(PLAN, dtype=stack.dtype)
    save_volume(tmp_path / "p.tif", plan, in_memory(stack))
    with tifffile.TiffFile(tmp_path / "p.tif") as tiff:
        assert tiff.is_ome and tiff.series[0].axes == "ZYX"
    source = open_volume(tmp_path / "p.tif")
    assert source.dtype == dtype and source.voxel_size_nm == pytest.approx(SCALE)
    np.testing.assert_array_equal(source.read_all(), stack)


def test_hdf5_has_cremis_resolution_that_of_fiji_and_the_provenance(tmp_path: Path):
    save_volume(f"{tmp_path}/p.h5:volumes/probability", PLAN, in_memory(STACK))
    with h5py.File(tmp_path / "p.h5") as file:
        attributes = file["volumes/probability"].attrs
        assert attributes["resolution"].tolist() == [50.0, 4.0, 8.0]
        assert attributes["element_size_um"].tolist() == [0.05, 0.004, 0.008]
        assert json.loads(attributes["provenance"]) == {"stage": "predict"}


def test_mrcfile_finds_nothing_wrong_and_bytes_have_no_doubtful_sign(tmp_path: Path):
    levels = np.rint(STACK * 255).astype(np.uint8)
    save_volume(tmp_path / "p.mrc", replace(PLAN, dtype=levels.dtype), in_memory(levels))
    assert mrcfile.validate(tmp_path / "p.mrc")
    with mrcfile.open(tmp_path / "p.mrc") as file:
        assert file.data.dtype == np.uint16 and file.is_volume()
        assert file.voxel_size.z == 500 and file.voxel_size.x == 80  # angstrom
        np.testing.assert_array_equal(file.data, levels)


def test_an_hdf5_file_and_a_folder_with_other_contents_are_not_replaced(tmp_path: Path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["volumes/raw"] = STACK
    with pytest.raises(UserError, match="holds volumes/raw, which would be lost"):
        save_volume(f"{tmp_path}/p.h5:volumes/probability", PLAN, in_memory(STACK))
    with pytest.raises(UserError, match="is there and no precomputed volume, and would be lost"):
        save_volume(f"precomputed://{tmp_path}", PLAN, in_memory(STACK))


@pytest.mark.parametrize("name", ["p.png", "p", "p.h5", "p.zip:key", "p.zarr/0", "n5://p.n5"])
def test_other_names_are_refused(tmp_path: Path, name: str):
    with pytest.raises(UserError, match=r"cannot be written; expected NAME.tif"):
        writer_of(named(tmp_path, name), PLAN)


def test_an_address_is_not_written_to():
    with pytest.raises(UserError, match="an address, where nothing is written"):
        writer_of("s3://bucket/p.zarr", PLAN)


@pytest.mark.parametrize(
    ("name", "dtype"), [("p.tif", "uint64"), ("p.mrc", "uint32"), ("precomputed://p", "float64"), ("p.tif", "float16")]
)
def test_types_that_a_format_does_not_have_are_refused(tmp_path: Path, name: str, dtype: str):
    with pytest.raises(UserError, match=rf"type {dtype}; write \.zarr"):
        writer_of(named(tmp_path, name), replace(PLAN, dtype=np.dtype(dtype)))


class Free:
    free = PLAN.size + 100


def test_the_disk_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(volume.shutil, "disk_usage", lambda folder: Free())
    require_room({tmp_path / "p.tif": PLAN.size})
    with pytest.raises(UserError, match=r"needs up to 0.0 GB while it is made and 0.0 GB are free.*uint8"):
        require_room({tmp_path / "p.tif": PLAN.size, tmp_path / "d.tif": PLAN.size})
    part_path(tmp_path / "p.tif").mkdir()
    (part_path(tmp_path / "p.tif") / "chunk").write_bytes(bytes(PLAN.size))
    require_room({tmp_path / "p.tif": PLAN.size, tmp_path / "d.tif": PLAN.size})  # what is there needs no room


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(volume.os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match=r"cannot be written to; choose another folder for p\.tif"):
        require_room({tmp_path / "p.tif": 1})


@pytest.mark.parametrize("name", NAMES)
def test_what_fails_on_the_way_leaves_the_older_volume_and_nothing_else(tmp_path: Path, name: str):
    save_volume(named(tmp_path, name), PLAN, in_memory(STACK))
    before = content(tmp_path)

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="No space left"):
        save_volume(named(tmp_path, name), PLAN, replace(in_memory(STACK), reader=full))
    assert content(tmp_path) == before


def test_two_processes_do_not_write_the_same_volume(tmp_path: Path):
    PartFolder(tmp_path / "p.tif").close()
    with locked_elsewhere(part_path(tmp_path / "p.tif") / "lock", byte=1), pytest.raises(UserError, match="another"):
        save_volume(tmp_path / "p.tif", PLAN, in_memory(STACK))
    save_volume(tmp_path / "p.tif", PLAN, in_memory(STACK))
    assert [path.name for path in tmp_path.iterdir()] == ["p.tif"]


def test_what_an_older_version_left_is_removed(tmp_path: Path):
    part_path(tmp_path / "p.tif").write_bytes(b"a volume of probabilities, half written")
    save_volume(tmp_path / "p.tif", PLAN, in_memory(STACK))
    assert [path.name for path in tmp_path.iterdir()] == ["p.tif"]


def test_a_tiff_beyond_4_gb_can_be_written_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """ImageJ's convention for large stacks: one page, raw slices after it. The file is sparse here."""
    monkeypatch.setattr(output.os, "posix_fallocate", lambda *_: None)
    plan = replace(PLAN, shape=(1100, 1024, 1024))
    last = np.full((1, 1024, 1024), 0.25, np.float32)
    band = slice(1099, 1100), slice(0, 1024)
    monkeypatch.setattr(output, "_bands", lambda plan, depth: [band])
    source = VolumeSource("memory", plan.shape, plan.dtype, lambda z, y, x: last)
    save_volume(tmp_path / "big.tif", plan, source)
    read = open_volume(tmp_path / "big.tif")
    assert read.shape == plan.shape and read.voxel_size_nm == SCALE
    np.testing.assert_array_equal(read.read(*band, slice(None)), last)
