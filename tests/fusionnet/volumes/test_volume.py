"""Volumes read by regions: every format gives the same voxels, and damage gives a message."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from fusionnet.errors import UserError
from fusionnet.volumes.stacks import write_volume
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 70, 90), dtype=np.uint8)
REGION = slice(1, 4), slice(10, 70), slice(33, 34)


def plain_tiff(folder: Path) -> str:
    tifffile.imwrite(folder / "v.tif", STACK)
    return str(folder / "v.tif")


def imagej_tiff(folder: Path) -> str:
    write_volume(folder / "v.tif", STACK, {})
    return str(folder / "v.tif")


def big_endian_tiff(folder: Path) -> str:
    tifffile.imwrite(folder / "v.tif", STACK, byteorder=">")
    return str(folder / "v.tif")


def compressed_tiff(folder: Path) -> str:
    tifffile.imwrite(folder / "v.tif", STACK, compression="zlib")
    return str(folder / "v.tif")


def tiled_tiff(folder: Path) -> str:
    tifffile.imwrite(folder / "v.tif", STACK, tile=(32, 32), compression="zlib")
    return str(folder / "v.tif")


def png_folder(folder: Path) -> str:
    for number, grey in enumerate(STACK):  # natural order: 8, 9, 10, 11, 12
        Image.fromarray(grey).save(folder / f"slice {number + 8}.png")
    return str(folder)


def named_png_folder(folder: Path) -> str:
    for name, grey in zip(["a", "b", "b2", "b10", "c"], STACK, strict=True):
        Image.fromarray(grey).save(folder / f"{name}.png")
    return str(folder)


def bare_zarr(folder: Path) -> str:
    zarr.save_array(folder / "v.zarr", STACK)
    return str(folder / "v.zarr")


def ome_zarr(folder: Path, version: str, leading: int = 2) -> str:
    """Write an OME-Zarr as the specification has it: time and channel before z, y, x; two scales."""
    group = zarr.open_group(folder / "v.zarr", mode="w", zarr_format=2 if version == "0.4" else 3)
    data = STACK.reshape((1,) * leading + STACK.shape)
    group.create_array("fine", data=data, chunks=(1,) * leading + (2, 32, 32))
    group.create_array("coarse", data=data[..., ::2, ::2])
    axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}][2 - leading :]
    axes += [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    datasets = [
        {
            "path": path,
            "coordinateTransformations": [{"type": "scale", "scale": [1.0] * leading + [50.0, 4 * f, 4 * f]}],
        }
        for path, f in (("fine", 1.0), ("coarse", 2.0))
    ]
    multiscales = [{"axes": axes, "datasets": datasets} | ({"version": "0.4"} if version == "0.4" else {})]
    attributes = {"multiscales": multiscales}
    group.attrs.update(attributes if version == "0.4" else {"ome": attributes | {"version": "0.5"}})
    return str(folder / "v.zarr")


def ome_zarr_04(folder: Path) -> str:
    return ome_zarr(folder, "0.4")


def ome_zarr_05(folder: Path) -> str:
    return ome_zarr(folder, "0.5", leading=0)


def array_in_zarr(folder: Path) -> str:
    return ome_zarr(folder, "0.4") + "/fine"


def hdf5(folder: Path) -> str:
    with h5py.File(folder / "sample.hdf", "w") as file:  # CREMI's layout
        file.create_dataset("volumes/raw", data=STACK, chunks=(2, 32, 32), compression="gzip")
        file["volumes/raw"].attrs["resolution"] = (40.0, 4.0, 4.0)
    return f"{folder}/sample.hdf:volumes/raw"


FORMATS = [
    plain_tiff,
    imagej_tiff,
    big_endian_tiff,
    compressed_tiff,
    tiled_tiff,
    png_folder,
    named_png_folder,
    bare_zarr,
    ome_zarr_04,
    ome_zarr_05,
    array_in_zarr,
    hdf5,
]


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_the_same_voxels(tmp_path: Path, write):
    source = open_volume(write(tmp_path))
    assert source.shape == STACK.shape and source.dtype == STACK.dtype
    np.testing.assert_array_equal(source.read(*REGION), STACK[REGION])
    np.testing.assert_array_equal(source.read_all(), STACK)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_16_bits_come_in_native_order(tmp_path: Path, byteorder: str):
    stack = STACK.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "v.tif", stack, byteorder=byteorder)
    source = open_volume(tmp_path / "v.tif")
    assert source.dtype == np.uint16 and source.read(*REGION).dtype.isnative
    np.testing.assert_array_equal(source.read(*REGION), stack[REGION])


@pytest.mark.parametrize("write", [plain_tiff, compressed_tiff])
def test_a_single_slice_gets_a_z_axis(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.STACK", STACK[2])
    source = open_volume(write(tmp_path))
    assert source.shape == (1, 70, 90)
    np.testing.assert_array_equal(source.read_all()[0], STACK)


@pytest.mark.parametrize("write", [ome_zarr_04, ome_zarr_05])
def test_ome_zarr_has_version_and_voxel_size(tmp_path: Path, write):
    source = open_volume(write(tmp_path))
    assert source.voxel_size_nm == (50.0, 4.0, 4.0)
    assert source.ome_version == ("0.4" if write is ome_zarr_04 else "0.5")


def test_hdf5_and_imagej_have_a_voxel_size(tmp_path: Path):
    assert open_volume(hdf5(tmp_path)).voxel_size_nm == (40.0, 4.0, 4.0)
    resolution = {"resolution": (1 / 4.0, 1 / 8.0), "metadata": {"axes": "ZYX", "spacing": 50.0, "unit": "nm"}}
    tifffile.imwrite(tmp_path / "scaled.tif", STACK, imagej=True, **resolution)
    assert open_volume(tmp_path / "scaled.tif").voxel_size_nm == (50.0, 8.0, 4.0)


def refusal(path: Path | str) -> str:
    """Return the message of opening and reading something that cannot be read."""
    with pytest.raises(UserError) as caught:
        open_volume(path).read_all()
    return str(caught.value)


def test_what_does_not_exist_is_named(tmp_path: Path):
    for name in ("no.tif", "no.zarr", "no.h5:raw", "nothing"):
        assert "no such file" in refusal(tmp_path / name)
    (tmp_path / "v.czi").touch()
    assert "not read; expected stack.tif" in refusal(tmp_path / "v.czi")


def test_channels_and_time_are_refused(tmp_path: Path):
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((3, 8, 9, 3), np.uint8), photometric="rgb")
    assert "RGB or multi-channel" in refusal(tmp_path / "rgb.tif")
    movie = np.zeros((2, 4, 8, 9), np.uint8)
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TZYX"})
    assert "(2, 4, 8, 9) with axes t, z, y, x, expected (Z, Y, X)" in refusal(tmp_path / "movie.tif")
    channels = np.zeros((4, 2, 8, 9), np.uint8)
    tifffile.imwrite(tmp_path / "two.tif", channels, imagej=True, metadata={"axes": "ZCYX"})
    assert "RGB or multi-channel" in refusal(tmp_path / "two.tif")
    zarr.save_array(tmp_path / "two.zarr", channels)
    assert "split channels" in refusal(tmp_path / "two.zarr")


@pytest.mark.parametrize("write", [plain_tiff, imagej_tiff, compressed_tiff, tiled_tiff])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.4, 0.9])
def test_truncated_tiff_is_refused(tmp_path: Path, write, share: float):
    path = Path(write(tmp_path))
    os.truncate(path, int(path.stat().st_size * share))
    assert "truncated" in refusal(path)


def test_a_tiff_that_shrinks_while_it_is_read_ends_in_a_message(tmp_path: Path):
    path = Path(plain_tiff(tmp_path))
    source = open_volume(path)
    os.truncate(path, 5000)
    with pytest.raises(UserError, match="changed size while it was read"):
        source.read(*REGION)


@pytest.mark.parametrize("write", [bare_zarr, ome_zarr_04, ome_zarr_05])
def test_truncated_zarr_chunk_is_named(tmp_path: Path, write):
    path = write(tmp_path)
    chunks = [file for file in Path(path).rglob("*") if file.is_file() and file.name[0] in "c0123456789"]
    for chunk in chunks:
        os.truncate(chunk, chunk.stat().st_size // 2)
    assert "slices 0-4" in refusal(path) and "truncated" in refusal(path)


def test_zarr_without_an_image_is_refused(tmp_path: Path):
    zarr.open_group(tmp_path / "empty.zarr", mode="w")
    assert "without OME 'multiscales'" in refusal(tmp_path / "empty.zarr")
    (tmp_path / "folder.zarr").mkdir()
    assert "cannot be read as Zarr" in refusal(tmp_path / "folder.zarr")


def test_hdf5_key_is_needed_and_helped_with(tmp_path: Path):
    path = hdf5(tmp_path)
    assert "volumes/raw" in refusal(path.rpartition(":")[0])
    assert "no dataset 'raw'" in refusal(path.replace("volumes/raw", "raw"))
    os.truncate(path.rpartition(":")[0], 3000)
    assert "truncated" in refusal(path)


def test_png_folder_with_a_foreign_slice_is_refused(tmp_path: Path):
    path = png_folder(tmp_path)
    Image.fromarray(STACK[0, :50]).save(tmp_path / "slice 13.png")
    assert "slice 13.png" in refusal(path) and "(50, 90)" in refusal(path)
    Image.fromarray(np.zeros((70, 90, 3), np.uint8)).save(tmp_path / "slice 13.png")
    assert "expected a grey-value slice" in refusal(path)
    (tmp_path / "slice 13.png").write_bytes(b"no picture")
    assert "cannot be read as PNG" in refusal(path)
    (tmp_path / "none").mkdir()
    assert "no .png and no .tif slices" in refusal(tmp_path / "none")


def test_a_palette_is_refused(tmp_path: Path):
    Image.fromarray(STACK[0]).convert("P").save(tmp_path / "0.png")
    assert "a palette image" in refusal(str(tmp_path))


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), AssertionError(), RuntimeError("visit")])
def test_what_a_library_stumbles_over_is_a_damaged_file(tmp_path: Path, monkeypatch, error: Exception):
    def stumble(*_: object) -> None:
        raise error

    monkeypatch.setattr(tifffile, "TiffFile", stumble)
    with pytest.raises(UserError, match=rf"v.tif: cannot be read \({type(error).__name__}.*is it damaged"):
        open_volume(plain_tiff(tmp_path))
