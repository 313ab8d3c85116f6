"""OME-Zarr by the names of its axes, in nanometres; levels, bare arrays, folders of any name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)
NM = (50.0, 4.0, 4.0)


def image(path: Path, letters: str, voxels: np.ndarray, version: str = "0.5", **changed: Any) -> Path:
    """Write an image with a scale of 50 x 4 x 4 nm, of two levels."""
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    group.create_array("0", data=np.ascontiguousarray(voxels))
    group.create_array("1", data=np.ascontiguousarray(voxels[..., ::2]))
    scale = [dict(zip("zyx", NM, strict=True)).get(axis, 1.0) for axis in letters]
    levels = [
        {
            "path": str(level),
            "coordinateTransformations": [{"type": "scale", "scale": [*scale[:-1], scale[-1] * 2**level]}],
        }
        for level in range(2)
    ]
    named = [
        {"name": axis, "type": "space", "unit": "nanometer"} if axis in "zyx" else {"name": axis} for axis in letters
    ]
    content: dict[str, Any] = {"axes": named, "datasets": levels} | changed
    group.attrs.update({"multiscales": [content]} if version == "0.4" else {"ome": {"multiscales": [content]}})
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["zyx", "xyz", "yxz", "czyx", "cxyz", "tczyx", "yx", "zcyx"])
def test_axes_go_by_their_names(tmp_path: Path, axes: str, version: str):
    order = ["zyx".index(axis) for axis in axes if axis in "zyx"] if "z" in axes else [0, 1]
    voxels = (STACK if "z" in axes else STACK[0]).transpose(order)
    voxels = voxels.reshape([voxels.shape[[a for a in axes if a in "zyx"].index(a)] if a in "zyx" else 1 for a in axes])
    path = image(tmp_path / "v.zarr", axes, voxels, version)
    for name in (path, path / "0"):  # the level itself has its axes and its scale from the image
        source = open_volume(name)
        np.testing.assert_array_equal(source.read_all(), STACK if "z" in axes else STACK[:1])
        assert source.voxel_size_nm == (NM if "z" in axes else None)
        region = slice(0, 1), slice(3, 9), slice(5, 30)
        np.testing.assert_array_equal(source.read(*region), STACK[region])
    if axes == "zyx":
        assert open_volume(path / "1").voxel_size_nm == (50, 4, 8)


@pytest.mark.parametrize("axes", ["cyx", "tyx", "czyx"])
def test_channels_and_time_points_are_refused(tmp_path: Path, axes: str):
    path = image(tmp_path / "v.zarr", axes, STACK[:3] if len(axes) == 3 else np.stack([STACK, STACK]))
    with pytest.raises(UserError, match="split channels or time points"):
        open_volume(path)


def test_axes_that_do_not_fit_are_refused(tmp_path: Path):
    for axes in ([{"name": "y"}, {"name": "x"}], [{"name": axis} for axis in "zzx"], ["a", "b", "c"]):
        with pytest.raises(UserError, match="export it"):
            open_volume(image(tmp_path / "v.zarr", "zyx", STACK, axes=axes))


def test_the_images_own_scale_comes_on_top(tmp_path: Path):
    whole = [{"type": "scale", "scale": [2.0, 3.0, 3.0]}]
    source = open_volume(image(tmp_path / "v.zarr", "zyx", STACK, coordinateTransformations=whole))
    assert source.voxel_size_nm == (100, 12, 12)
    odd = [{"type": "affine", "affine": [[1, 0], [0, 1]]}]
    source = open_volume(image(tmp_path / "w.zarr", "zyx", STACK, coordinateTransformations=odd))
    assert source.voxel_size_nm is None and "'affine'" in source.notes[0]


def test_units_differ_by_axis_or_are_absent(tmp_path: Path):
    units = {"z": "picometer", "y": "nanometer", "x": "angstrom"}
    named = [{"name": axis, "unit": unit} for axis, unit in units.items()]
    source = open_volume(image(tmp_path / "v.zarr", "zyx", STACK, axes=named))
    assert source.voxel_size_nm == pytest.approx((0.05, 4, 0.4))
    assert open_volume(image(tmp_path / "w.zarr", "zyx", STACK, axes=list("zyx"))).voxel_size_nm is None


def test_a_bare_array_has_its_axes_from_its_own_metadata(tmp_path: Path):
    zarr.create_array(
        tmp_path / "named", data=STACK.transpose(2, 1, 0).copy(), dimension_names=["x", "y", "z"], chunks=(8, 8, 2)
    )
    plain = zarr.create_array(tmp_path / "plain", data=STACK, zarr_format=2)
    plain.attrs["resolution"] = list(NM)
    named = open_volume(tmp_path / "named")
    assert named.depth == 2
    np.testing.assert_array_equal(named.read_all(), STACK)
    source = open_volume(tmp_path / "plain")
    assert source.voxel_size_nm == NM
    np.testing.assert_array_equal(source.read_all(), STACK)


def test_several_images_and_groups_are_refused_with_what_is_inside(tmp_path: Path):
    path = image(tmp_path / "v", "zyx", STACK)
    group = zarr.open_group(path)
    content = dict(group.attrs)["ome"]["multiscales"]
    group.attrs["ome"] = {"multiscales": content * 2}
    with pytest.raises(UserError, match="holds 2 images; name what is meant of the arrays and images inside it: 0, 1"):
        open_volume(path)
