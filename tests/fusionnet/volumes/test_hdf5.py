"""HDF5 arrays: links, names of axes, voxel sizes."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.volumes.fingerprint import files_fingerprint, volume_fingerprint
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)


def tags(axes: str) -> str:
    return json.dumps({"axes": [{"key": axis, "typeFlags": 2} for axis in axes]})


def test_soft_links_and_second_names_are_read(tmp_path: Path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["volumes/raw"] = STACK
        file["a-second-name"] = file["volumes/raw"]
        file["soft"] = h5py.SoftLink("/volumes/raw")
        file["dangling"] = h5py.SoftLink("/nothing")
        file["folder"] = h5py.SoftLink("/volumes")
    for key in ("volumes/raw", "/volumes/raw", "a-second-name", "soft", "folder/raw"):
        np.testing.assert_array_equal(open_volume(f"{tmp_path}/v.h5:{key}").read_all(), STACK)
    for key in ("dangling", "volumes", "nothing", ""):
        with pytest.raises(UserError, match="no dataset"):
            open_volume(f"{tmp_path}/v.h5:{key}")


def test_ilastiks_axes_go_by_their_names(tmp_path: Path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        for axes, voxels in {"zyxc": STACK[..., None], "yxz": STACK.transpose(1, 2, 0), "cyx": STACK[:3]}.items():
            file.create_dataset(axes, data=voxels, chunks=True).attrs["axistags"] = tags(axes)
        file.create_dataset("bad", data=STACK).attrs["axistags"] = "{"
    for axes in ("zyxc", "yxz"):
        np.testing.assert_array_equal(open_volume(f"{tmp_path}/v.h5:{axes}").read_all(), STACK)
    with pytest.raises(UserError, match="split channels"):
        open_volume(f"{tmp_path}/v.h5:cyx")
    with pytest.raises(UserError, match="'axistags' cannot be read"):
        open_volume(f"{tmp_path}/v.h5:bad")


def test_three_numbers_for_axes_in_another_order_are_not_taken_for_a_size(tmp_path: Path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        for name, resolution in {"differing": (50, 4, 4), "equal": (4, 4, 4)}.items():
            file[name] = STACK.transpose(2, 1, 0)
            file[name].attrs.update({"axistags": tags("xyz"), "resolution": resolution})
    source = open_volume(f"{tmp_path}/v.h5:differing")
    assert source.voxel_size_nm is None and "in which order" in source.notes[0]
    assert open_volume(f"{tmp_path}/v.h5:equal").voxel_size_nm == (4, 4, 4)


def test_bigdataviewers_signed_greys_are_unsigned(tmp_path: Path):
    """It keeps unsigned 16 bits as signed ones; other arrays of int16 are what they are."""
    greys = np.linspace(0, 65535, STACK.size).astype(np.uint16).reshape(STACK.shape)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("t00000/s00/0/cells", data=greys.view(np.int16), chunks=True)
        file["raw"] = greys.view(np.int16)
    source = open_volume(f"{tmp_path}/v.h5:t00000/s00/0/cells")
    assert source.dtype == np.uint16 and "taken for unsigned" in source.notes[-1]
    np.testing.assert_array_equal(source.read_all(), greys)
    np.testing.assert_array_equal(source.read(slice(1, 3), slice(2, 9), slice(0, 40)), greys[1:3, 2:9])
    assert open_volume(f"{tmp_path}/v.h5:raw").dtype == np.int16


def array(axes: str) -> np.ndarray:
    """Return STACK, or its first slice, with axes in another order and others of length 1."""
    stack = STACK if "z" in axes else STACK[0]
    spatial = [axis for axis in axes if axis in "zyx"]
    stack = stack.transpose([("zyx" if "z" in axes else "yx").index(axis) for axis in spatial])
    return stack.reshape([stack.shape[spatial.index(axis)] if axis in "zyx" else 1 for axis in axes])


@pytest.mark.parametrize("how", ["axistags", "labels"])
@pytest.mark.parametrize("axes", ["zyx", "xyz", "zxy", "czyx", "zyxc", "tzyxc", "txyzc", "yxc", "xyc", "cyx", "yx"])
def test_axes_in_any_order(tmp_path: Path, axes: str, how: str):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        data = file.create_dataset("a", data=array(axes), chunks=True, compression="gzip")
        if how == "axistags":
            data.attrs["axistags"] = tags(axes)
        for number, axis in enumerate(axes if how == "labels" else ""):
            data.dims[number].label = axis
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/v.h5:a").read_all(), STACK if "z" in axes else STACK[:1])


@pytest.mark.parametrize("shape", [(2, 5, 30, 40), (5, 30, 40, 2), (5, 30, 40, 1), (40,), ()])
def test_arrays_that_are_no_stack_are_refused(tmp_path: Path, shape: tuple[int, ...]):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["a"] = np.ones(shape, np.uint8)
    with pytest.raises(UserError, match=r"expected \(Z, Y, X\)"):
        open_volume(f"{tmp_path}/v.h5:a")


@pytest.mark.parametrize("dtype", ["?", "i1", ">u2", "<i4", "u8", "f2", ">f4", "f8"])
def test_every_type_comes_in_native_order(tmp_path: Path, dtype: str):
    stack = (STACK % 2).astype(dtype)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["a"] = stack
    source = open_volume(f"{tmp_path}/v.h5:a")
    assert source.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(source.read_all(), stack)


@pytest.mark.parametrize("data", [STACK.astype("c8"), np.zeros((5, 3, 3), "u1,u1"), np.full((1, 1, 1), b"a")])
def test_what_is_no_number_is_refused(tmp_path: Path, data: np.ndarray):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["a"] = data
    with pytest.raises(UserError, match="expected a number for each voxel"):
        open_volume(f"{tmp_path}/v.h5:a")


UNKNOWN = "voxel size is not known"
SIZES = {
    "three numbers": ({"resolution": (50, 4, 4)}, ""),
    "with an offset": ({"resolution": np.float32((50, 4, 4)), "offset": (1, 2, 3)}, ""),
    "of funlib": ({"voxel_size": (50, 4, 4), "units": ["nm"] * 3}, ""),
    "in one unit": ({"voxel_size": (0.05, 0.004, 0.004), "units": "um"}, ""),
    "of Fiji": ({"element_size_um": (0.05, 0.004, 0.004)}, ""),
    "two of one size": ({"resolution": (50, 4, 4), "element_size_um": (0.05, 0.004, 0.004)}, ""),
    "two that differ": ({"resolution": (50, 4, 4), "element_size_um": (1, 1, 1)}, UNKNOWN),
    "two numbers": ({"resolution": (4, 4)}, UNKNOWN),
    "four numbers": ({"resolution": (1, 50, 4, 4)}, UNKNOWN),
    "no number": ({"resolution": (np.nan, 4, 4)}, UNKNOWN),
    "zero": ({"resolution": (0, 4, 4)}, UNKNOWN),
}


@pytest.mark.parametrize("kind", SIZES)
def test_voxel_sizes(tmp_path: Path, kind: str):
    attributes, note = SIZES[kind]
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["a"] = STACK
        file["a"].attrs.update(attributes)
    source = open_volume(f"{tmp_path}/v.h5:a")
    assert source.voxel_size_nm == (None if note else pytest.approx((50, 4, 4)))
    assert note in "".join(source.notes) and bool(note) == bool(source.notes)


def test_what_was_never_written_is_not_read_in_silence(tmp_path: Path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        for name, chunks in {"whole": None, "chunks": (1, 30, 40)}.items():
            file.create_dataset(name, shape=STACK.shape, dtype=np.uint8, chunks=chunks)
        part = file.create_dataset("part", shape=STACK.shape, dtype=np.uint8, chunks=(1, 30, 40), compression="gzip")
        part[:3] = STACK[:3]
        file["nothing"] = h5py.Empty("u1")
        file["empty"] = np.zeros((0, 4, 4), np.uint8)
    assert "2 of 5 chunks are missing and are read as 0" in open_volume(f"{tmp_path}/v.h5:part").notes[0]
    for key in ("whole", "chunks"):
        with pytest.raises(UserError, match="nothing was ever written"):
            open_volume(f"{tmp_path}/v.h5:{key}")
    for key in ("nothing", "empty"):
        with pytest.raises(UserError, match=r"expected (one of shape )?\(Z, Y, X\)"):
            open_volume(f"{tmp_path}/v.h5:{key}")


def test_a_virtual_array_needs_its_files(tmp_path: Path):
    layout = h5py.VirtualLayout(STACK.shape, "u1")
    for z, grey in enumerate(STACK):
        with h5py.File(tmp_path / f"{z}.h5", "w") as file:
            file["a"] = grey
        layout[z] = h5py.VirtualSource(f"{z}.h5", "a", shape=grey.shape)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_virtual_dataset("a", layout)
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/v.h5:a").read_all(), STACK)
    (tmp_path / "3.h5").unlink()
    with pytest.raises(UserError, match=r"put together of 5 files, of which 1 are missing: 3\.h5"):
        open_volume(f"{tmp_path}/v.h5:a")


def test_links_to_other_files(tmp_path: Path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["there"], file["lost"] = h5py.ExternalLink("w.h5", "/a"), h5py.ExternalLink("x.h5", "/a")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"] = STACK
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/v.h5:there").read_all(), STACK)
    with pytest.raises(UserError, match="no dataset 'lost'"):
        open_volume(f"{tmp_path}/v.h5:lost")


def test_voxels_in_raw_files_are_refused(tmp_path: Path):
    STACK.tofile(tmp_path / "raw.bin")
    with h5py.File(tmp_path / "v.h5", "w") as file:
        outside = [(str(tmp_path / "raw.bin"), 0, STACK.nbytes)]
        file.create_dataset("external", STACK.shape, STACK.dtype, external=outside)
    with pytest.raises(UserError, match="its voxels lie in raw files"):
        open_volume(f"{tmp_path}/v.h5:external")


@pytest.mark.parametrize("key", ["link", "virtual"])
def test_a_change_in_a_file_that_is_pointed_to_is_noticed(tmp_path: Path, key: str):
    """A result would not become out of date: the file that is named stays as it is."""
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["raw"] = STACK
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["link"] = h5py.ExternalLink("other.h5", "/raw")
        layout = h5py.VirtualLayout(STACK.shape, STACK.dtype)
        layout[:] = h5py.VirtualSource("other.h5", "raw", STACK.shape)
        file.create_virtual_dataset("virtual", layout)
    name = f"{tmp_path}/v.h5:{key}"
    before = volume_fingerprint(name), files_fingerprint([name])
    assert before == (volume_fingerprint(name), files_fingerprint([name]))
    with h5py.File(tmp_path / "other.h5", "r+") as other:
        other["raw"][0] = 255 - STACK[0]
    assert volume_fingerprint(name) != before[0] and files_fingerprint([name]) != before[1]
