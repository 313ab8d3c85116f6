"""N5 and neuroglancer's precomputed volumes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)


def n5(path: Path, voxels: np.ndarray, **attributes: Any) -> Path:
    metadata = {"compression": {"type": "raw"}, "dataType": "uint8", "dimensions": voxels.shape}
    metadata["blockSize"] = [min(side, 4) for side in voxels.shape]
    store = {"driver": "n5", "kvstore": f"file://{path}/", "metadata": metadata}
    tensorstore.open(store, create=True, delete_existing=True).result().write(voxels).result()
    content = json.loads((path / "attributes.json").read_text())
    (path / "attributes.json").write_text(json.dumps(content | attributes))
    return path


def test_n5_counts_its_axes_from_x(tmp_path: Path):
    source = open_volume(n5(tmp_path / "s0", STACK.transpose(2, 1, 0)))
    assert source.depth == 4 and source.voxel_size_nm is None
    np.testing.assert_array_equal(source.read_all(), STACK)
    region = slice(1, 3), slice(5, 6), slice(0, 40)
    np.testing.assert_array_equal(source.read(*region), STACK[region])


def test_n5_axes_go_by_their_names(tmp_path: Path):
    sizes = {"axes": ["z", "y", "x"], "resolution": [500, 40, 40], "units": ["angstrom"] * 3}
    source = open_volume(n5(tmp_path / "s0", STACK, **sizes))
    assert source.voxel_size_nm == pytest.approx((50, 4, 4))
    np.testing.assert_array_equal(source.read_all(), STACK)
    with pytest.raises(UserError, match="split channels"):
        open_volume(n5(tmp_path / "s1", STACK, axes=["c", "y", "x"]))


def test_n5_scale_of_fijis_plugins(tmp_path: Path):
    pixel = {"dimensions": [0.004, 0.004, 0.05], "unit": "um"}
    assert open_volume(n5(tmp_path / "s0", STACK.T, pixelResolution=pixel)).voxel_size_nm == pytest.approx((50, 4, 4))
    source = open_volume(n5(tmp_path / "s1", STACK.T, resolution=[4, 4, 50]))
    assert source.voxel_size_nm is None and "order" in source.notes[0]


def test_an_n5_group_is_refused_with_what_is_inside(tmp_path: Path):
    n5(tmp_path / "s0", STACK)
    (tmp_path / "attributes.json").write_text('{"n5": "2.0.0"}')
    with pytest.raises(UserError, match="name the array that is meant inside it: s0"):
        open_volume(tmp_path)


def precomputed(path: Path, channels: int = 1) -> Path:
    store = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{path}/"}
    store["multiscale_metadata"] = {"type": "image", "data_type": "uint8", "num_channels": channels}
    scale = {"resolution": [4, 4, 50], "encoding": "raw", "chunk_size": [16, 16, 2], "voxel_offset": [7, 8, 9]}
    store["scale_metadata"] = scale | {"size": [40, 30, 5]}
    opened = tensorstore.open(store, create=True).result()
    opened.write(np.stack([STACK.transpose(2, 1, 0)] * channels, axis=-1)).result()
    return path


def test_precomputed_volumes_begin_anywhere(tmp_path: Path):
    source = open_volume(precomputed(tmp_path / "v"))
    assert source.voxel_size_nm == (50, 4, 4) and source.depth == 2
    np.testing.assert_array_equal(source.read_all(), STACK)
    with pytest.raises(UserError, match="split channels"):
        open_volume(precomputed(tmp_path / "w", channels=2))


def test_other_files_of_that_name_are_refused(tmp_path: Path):
    (tmp_path / "info").write_text("no JSON")
    with pytest.raises(UserError, match="not that of a precomputed volume"):
        open_volume(tmp_path)
