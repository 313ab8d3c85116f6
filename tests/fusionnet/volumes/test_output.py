"""Volumes written region by region: readable, scaled, equal in any order, whole or absent."""

import errno
import json
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.volumes import output, tiff, volume
from fusionnet.volumes.output import OutputPlan, part_path
from fusionnet.volumes.stacks import read_provenance
from fusionnet.volumes.volume import open_output, open_volume, require_room

STACK = np.random.default_rng(0).random((3, 70, 90)).astype(np.float32)
SCALE = (50.0, 4.0, 8.0)
PLAN = OutputPlan(STACK.shape, STACK.dtype, 32, SCALE, {"stage": "predict"})
NAMES = ["p.tif", "p.zarr", "p.h5:volumes/probability"]


def regions() -> list[tuple[int, slice, slice]]:
    steps = [[slice(start, min(start + 32, size)) for start in range(0, size, 32)] for size in STACK.shape[1:]]
    return [(z, rows, columns) for z in range(3) for rows in steps[0] for columns in steps[1]]


def write(path: str, plan: OutputPlan = PLAN, backwards: bool = False) -> None:
    output = open_output(path, plan)
    for region in reversed(regions()) if backwards else regions():
        output.write(region, STACK[region])
    output.finish()


def content(path: Path) -> dict[str, bytes]:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_with_its_scale(tmp_path: Path, name: str):
    write(f"{tmp_path}/{name}")
    source = open_volume(f"{tmp_path}/{name}")
    assert source.voxel_size_nm == SCALE
    np.testing.assert_array_equal(source.read_all(), STACK)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", NAMES)
def test_neither_order_nor_time_of_writing_shows(tmp_path: Path, name: str):
    write(f"{tmp_path}/{name}")
    first = content(file_of(tmp_path / name))
    time.sleep(1.1)  # HDF5 and others would note the second of their making
    write(f"{tmp_path}/{name}", backwards=True)  # in place of the older one
    assert content(file_of(tmp_path / name)) == first


@pytest.mark.parametrize("name", NAMES)
def test_8_bits_are_rounded(tmp_path: Path, name: str):
    plan = OutputPlan(STACK.shape, np.dtype("uint8"), 32, None, {})
    write(f"{tmp_path}/{name}", plan)
    source = open_volume(f"{tmp_path}/{name}")
    assert source.dtype == np.uint8 and source.voxel_size_nm is None
    np.testing.assert_array_equal(source.read_all(), np.rint(STACK * 255))


@pytest.mark.parametrize("name", NAMES)
def test_a_half_written_volume_is_gone_on_with_and_has_no_name(tmp_path: Path, name: str):
    write(f"{tmp_path}/whole-{name}")
    output = open_output(f"{tmp_path}/{name}", PLAN)
    for region in regions()[:10]:
        output.write(region, STACK[region])
    assert not file_of(tmp_path / name).exists() and part_path(file_of(tmp_path / name)).exists()
    output = open_output(f"{tmp_path}/{name}", PLAN, resume=True)
    for region in regions()[10:]:
        output.write(region, STACK[region])
    output.finish()
    assert content(file_of(tmp_path / name)) == content(file_of(tmp_path / f"whole-{name}"))


def test_fiji_finds_slices_scale_and_provenance(tmp_path: Path):
    write(f"{tmp_path}/p.tif")
    with tifffile.TiffFile(tmp_path / "p.tif") as tiff:
        assert tiff.is_imagej and tiff.series[0].axes == "ZYX"
        assert tiff.imagej_metadata["slices"] == 3 and tiff.imagej_metadata["spacing"] == 50.0
    assert read_provenance(tmp_path / "p.tif") == {"stage": "predict"}


@pytest.mark.parametrize(("version", "zarr_format"), [("0.4", 2), ("0.5", 3)])
def test_ome_zarr_follows_its_specification(tmp_path: Path, version: str, zarr_format: int):
    plan = OutputPlan(STACK.shape, STACK.dtype, 32, SCALE, {"stage": "predict"}, version)
    write(f"{tmp_path}/p.zarr", plan)
    group = zarr.open_group(tmp_path / "p.zarr", mode="r")
    assert group.metadata.zarr_format == zarr_format
    attributes = dict(group.attrs)
    image = (attributes if version == "0.4" else attributes["ome"])["multiscales"][0]
    assert (image if version == "0.4" else attributes["ome"])["version"] == version
    assert image["axes"] == [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    assert image["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [50.0, 4.0, 8.0]}]
    assert group["0"].chunks == (1, 32, 32)
    assert open_volume(tmp_path / "p.zarr").ome_version == version
    assert attributes["fusionnet"] == {"stage": "predict"}


def test_hdf5_has_cremis_resolution_and_the_provenance(tmp_path: Path):
    write(f"{tmp_path}/p.h5:volumes/probability")
    with h5py.File(tmp_path / "p.h5") as file:
        assert file["volumes/probability"].attrs["resolution"].tolist() == [50.0, 4.0, 8.0]
        assert json.loads(file["volumes/probability"].attrs["provenance"]) == {"stage": "predict"}


def test_an_hdf5_file_with_other_contents_is_not_replaced(tmp_path: Path):
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["volumes/raw"] = STACK
    with pytest.raises(UserError, match="holds volumes/raw, which would be lost"):
        write(f"{tmp_path}/p.h5:volumes/probability")


@pytest.mark.parametrize("name", ["p.png", "p", "p.h5", "p.zip:key"])
def test_other_names_are_refused(tmp_path: Path, name: str):
    with pytest.raises(UserError, match=r"ends in .tif, .zarr or .h5:KEY"):
        open_output(tmp_path / name, PLAN)


def test_the_disk_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    require_room([tmp_path / "p.tif", tmp_path / "d.tif"], PLAN, resume=False)
    monkeypatch.setattr(volume.shutil, "disk_usage", lambda folder: Free())
    require_room([tmp_path / "p.tif"], PLAN, resume=False)
    with pytest.raises(UserError, match=r"needs 0.0 GB and 0.0 GB are free.*uint8"):
        require_room([tmp_path / "p.tif", tmp_path / "d.tif"], PLAN, resume=False)


class Free:
    free = PLAN.size + 100


def test_what_is_there_already_needs_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    open_output(tmp_path / "p.tif", PLAN)
    monkeypatch.setattr(volume.shutil, "disk_usage", lambda folder: Free())
    require_room([tmp_path / "p.tif", tmp_path / "d.tif"], PLAN, resume=True)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(volume.os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match=r"cannot be written to; choose another folder for p\.tif"):
        require_room([tmp_path / "p.tif"], PLAN, resume=False)


def test_a_disk_that_runs_full_leaves_the_older_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(f"{tmp_path}/p.tif")
    before = content(tmp_path / "p.tif")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output.os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        write(f"{tmp_path}/p.tif", OutputPlan(STACK.shape, np.dtype("uint8"), 32, None, {}))
    assert content(tmp_path / "p.tif") == before


def test_a_tiff_beyond_4_gb_can_be_written_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """ImageJ's convention for large stacks: one page, raw slices after it. The file is sparse here."""
    monkeypatch.setattr(tiff, "reserve", lambda part: None)
    plan = OutputPlan((1100, 1024, 1024), np.dtype("float32"), 1024, SCALE, {})
    output = open_output(tmp_path / "big.tif", plan)
    tile = np.full((24, 40), 0.25, np.float32)
    region = 1099, slice(1000, 1024), slice(984, 1024)
    output.write(region, tile)
    output.finish()
    source = open_volume(tmp_path / "big.tif")
    assert source.shape == plan.shape and source.voxel_size_nm == SCALE
    np.testing.assert_array_equal(source.read(slice(1099, 1100), *region[1:])[0], tile)
