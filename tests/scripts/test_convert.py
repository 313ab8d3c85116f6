"""scripts/convert.py: every format that is read into every one that is written, with its voxels and their size."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import tensorstore
import tifffile
import zarr
from PIL import Image

from fusionnet.errors import run
from fusionnet.volumes.volume import open_volume

ROOT = Path(__file__).parents[2]
STACK = np.random.default_rng(0).integers(1, 256, (5, 33, 40), dtype=np.uint8)
NM = (33.3, 4.7, 3.9)
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def convert(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Call:
    """Run the script in this process; give exit status and what it said."""
    spec = importlib.util.spec_from_file_location("convert", ROOT / "scripts/convert.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["convert.py", *map(str, arguments)])
        capfd.readouterr()
        try:
            run(script.main)
        except SystemExit as end:
            return int(end.code), capfd.readouterr().err
        return 0, capfd.readouterr().err

    return call


def imagej(folder: Path) -> str:
    scale = {"resolution": (1 / NM[2], 1 / NM[1]), "metadata": {"axes": "ZYX", "spacing": NM[0], "unit": "nm"}}
    tifffile.imwrite(folder / "v.tif", STACK, imagej=True, **scale)
    return f"{folder}/v.tif"


def ome_tiff(folder: Path) -> str:
    scale = {f"PhysicalSize{axis}": side / 1000 for axis, side in zip("ZYX", NM, strict=True)}
    tifffile.imwrite(folder / "v.ome.tif", STACK, ome=True, metadata={"axes": "ZYX"} | scale)
    return f"{folder}/v.ome.tif"


def hdf5(folder: Path) -> str:
    with h5py.File(folder / "v.h5", "w") as file:
        file.create_dataset("raw", data=STACK, chunks=(2, 16, 16)).attrs["element_size_um"] = [s / 1000 for s in NM]
    return f"{folder}/v.h5:raw"


def mrc(folder: Path) -> str:
    with mrcfile.new(folder / "v.mrc") as file:
        file.set_data(STACK.astype(np.uint16))
        file.voxel_size = tuple(side * 10 for side in reversed(NM))
    return f"{folder}/v.mrc"


def ome_zarr(folder: Path) -> str:
    group = zarr.open_group(folder / "v.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=STACK.transpose(2, 1, 0).copy(), chunks=(16, 16, 2))
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "xyz"]
    scale = [{"type": "scale", "scale": [side / 1000 for side in reversed(NM)]}]
    levels = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": levels}]
    return f"{folder}/v.zarr"


def bare_zarr(folder: Path) -> str:
    array = zarr.create_array(folder / "plain", data=STACK, chunks=(2, 16, 16))
    array.attrs["resolution"] = list(NM)
    return f"{folder}/plain"


def n5(folder: Path) -> str:
    meta = {"dimensions": STACK.shape[::-1], "blockSize": [16, 16, 2], "dataType": "uint8"}
    meta |= {"compression": {"type": "gzip"}, "axes": ["x", "y", "z"], "units": ["nm"] * 3}
    meta |= {"resolution": list(reversed(NM))}
    store = {"driver": "file", "path": f"{folder}/v.n5/"}
    tensorstore.open({"driver": "n5", "kvstore": store, "metadata": meta}, create=True).result().write(STACK.T).result()
    return f"{folder}/v.n5"


def precomputed(folder: Path) -> str:
    scale = {"size": STACK.shape[::-1], "resolution": list(reversed(NM)), "encoding": "raw", "chunk_size": [16, 16, 4]}
    whole = {"type": "image", "data_type": "uint8", "num_channels": 1}
    spec = {"driver": "neuroglancer_precomputed", "kvstore": {"driver": "file", "path": f"{folder}/v/"}}
    opened = tensorstore.open(spec | {"multiscale_metadata": whole, "scale_metadata": scale}, create=True).result()
    opened.write(STACK.T[..., np.newaxis]).result()
    return f"{folder}/v"


def slices(folder: Path) -> str:
    (folder / "slices").mkdir()
    for number, grey in enumerate(STACK):
        Image.fromarray(grey).save(folder / f"slices/{number}.png")
    return f"{folder}/slices"


READ = [imagej, ome_tiff, hdf5, mrc, ome_zarr, bare_zarr, n5, precomputed, slices]
WRITTEN = ["p.tif", "p-0.4.zarr", "p-0.5.zarr", "p.h5:volumes/p", "p.mrc", "precomputed://p"]


@pytest.mark.parametrize("write", READ)
def test_voxels_and_their_size_survive_every_pair(tmp_path: Path, write: Callable[[Path], str], convert: Call):
    name = write(tmp_path)
    own = () if write is not slices else ("--voxel-size", ",".join(map(str, NM)))  # pictures have no voxel size
    (tmp_path / "out").mkdir()
    for result in WRITTEN:
        scheme, found, rest = result.rpartition("://")
        version = ("--ome-zarr-version", result[2:5]) if ".zarr" in result else ()
        status, said = convert(name, f"{scheme}{found}{tmp_path}/out/{rest}", *own, *version)
        assert status == 0 and "33.3 x 4.7 x 3.9 nm" in said, said
        source = open_volume(f"{tmp_path}/out/{rest}")
        assert source.voxel_size_nm == pytest.approx(NM, rel=1e-6)
        np.testing.assert_array_equal(source.read_all(), STACK)
        assert source.ome_version == (version[1] if version else None)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"p.tif", "p-0.4.zarr", "p-0.5.zarr", "p.h5", "p.mrc", "p"}


def test_what_is_not_known_stays_unknown(tmp_path: Path, convert: Call):
    name = slices(tmp_path)
    for result in WRITTEN[:-1]:
        assert convert(name, f"{tmp_path}/{result}")[0] == 0
        assert open_volume(f"{tmp_path}/{result}").voxel_size_nm is None
    status, said = convert(name, f"precomputed://{tmp_path}/p")
    assert status == 1 and "give --voxel-size" in said and said.count("\n") == 1 and not (tmp_path / "p").exists()


def test_labels_get_no_means_and_are_shown_as_labels(tmp_path: Path, convert: Call):
    names = np.array([0, 7, 2**40], np.uint64)
    labels = names[np.random.default_rng(0).integers(0, 3, (4, 300, 40))]
    zarr.create_array(tmp_path / "v", data=labels, chunks=(2, 64, 64))
    status, said = convert(tmp_path / "v", tmp_path / "p.zarr")
    assert status == 0 and "uint64 labels" in said
    group = zarr.open_group(tmp_path / "p.zarr", mode="r")
    assert "image-label" in dict(group.attrs)["ome"] and set(np.unique(group["1"][:])) <= set(names)
    assert convert(tmp_path / "v", f"precomputed://{tmp_path}/p", "--voxel-size", "8,8,8")[0] == 0
    assert json.loads((tmp_path / "p/info").read_text())["type"] == "segmentation"
    np.testing.assert_array_equal(open_volume(tmp_path / "p").read_all(), labels)
    tifffile.imwrite(tmp_path / "grey.tif", labels.astype(np.float32), photometric="minisblack")
    status, said = convert(tmp_path / "grey.tif", tmp_path / "q.zarr", "--labels")
    assert status == 1 and "names are whole numbers" in said


def test_a_result_over_its_source_is_refused(tmp_path: Path, convert: Call):
    name = imagej(tmp_path)
    status, said = convert(name, name)
    assert status == 1 and "the same file as IN" in said
    assert open_volume(name).shape == STACK.shape


def test_masks_become_bytes_and_16_bits_a_window(tmp_path: Path, convert: Call):
    zarr.create_array(tmp_path / "mask", data=STACK > 100, chunks=(2, 16, 16))
    assert convert(tmp_path / "mask", tmp_path / "mask.tif")[0] == 0
    np.testing.assert_array_equal(open_volume(tmp_path / "mask.tif").read_all(), STACK > 100)
    zarr.create_array(tmp_path / "deep", data=STACK.astype(np.uint16) * 16 + 300, chunks=(2, 16, 16))
    assert convert(tmp_path / "deep", tmp_path / "p.zarr")[0] == 0
    shown = zarr.open_group(tmp_path / "p.zarr").attrs["ome"]["omero"]["channels"][0]["window"]
    assert 300 <= shown["start"] < 400 and 4300 < shown["end"] <= 4380
