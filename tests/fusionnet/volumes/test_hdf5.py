"""HDF5 arrays: links, names of axes, voxel sizes."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from fusionnet.errors import UserError
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
