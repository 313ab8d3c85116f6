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


@pytest.mark.parametrize(
    "unit", ["micrometer", "um", "\u00b5m", "angstrom", "Angstrom", "nm", "millimeter", "pixel", "foo"]
)
def test_units_by_any_name(tmp_path: Path, unit: str):
    factor = {
        "micrometer": 1e3,
        "um": 1e3,
        "\u00b5m": 1e3,
        "angstrom": 0.1,
        "Angstrom": 0.1,
        "nm": 1,
        "millimeter": 1e6,
    }
    source = open_volume(
        image(tmp_path / "v.zarr", "zyx", STACK, axes=[{"name": axis, "unit": unit} for axis in "ZYX"])
    )
    expected = pytest.approx([side * factor[unit] for side in NM]) if unit in factor else None
    assert source.voxel_size_nm == expected and bool(source.notes) == (unit == "foo")


@pytest.mark.parametrize("where", ["level", "whole"])
def test_a_translation_changes_no_scale(tmp_path: Path, where: str):
    step = [{"type": "translation", "translation": [1.0, 2.0, 3.0]}]
    scale = [{"type": "scale", "scale": list(NM)}]
    levels = [{"path": "0", "coordinateTransformations": scale + (step if where == "level" else [])}]
    whole = {"coordinateTransformations": step} if where == "whole" else {}
    assert open_volume(image(tmp_path / "v.zarr", "zyx", STACK, datasets=levels, **whole)).voxel_size_nm == NM


@pytest.mark.parametrize("step", [{"type": "scale", "path": "scale"}, {"type": "scale", "scale": [-50.0, 4.0, 4.0]}])
def test_a_scale_that_cannot_be_used_is_said(tmp_path: Path, step: dict[str, Any]):
    levels = [{"path": "0", "coordinateTransformations": [step]}]
    source = open_volume(image(tmp_path / "v.zarr", "zyx", STACK, datasets=levels))
    assert source.voxel_size_nm is None and "voxel size is not known" in source.notes[0]


@pytest.mark.parametrize(("axes", "voxels"), [(None, STACK[None, None]), (["z", "y", "x"], STACK)])
def test_images_of_before_version_0_4(tmp_path: Path, axes: list[str] | None, voxels: np.ndarray):
    group = zarr.open_group(tmp_path / "v.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=voxels)
    group.attrs["multiscales"] = [{"datasets": [{"path": "0"}]} | ({"axes": axes} if axes else {})]
    source = open_volume(tmp_path / "v.zarr")
    assert source.voxel_size_nm is None
    np.testing.assert_array_equal(source.read_all(), STACK)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_bioformats2raw_converts(tmp_path: Path, version: str):
    path = tmp_path / "v.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    layout = {"bioformats2raw.layout": 3}
    group.attrs.update(layout if version == "0.4" else {"ome": layout})
    image(path / "0", "tczyx", STACK[None, None], version)
    for name in (path, path / "0", path / "0/0"):
        assert open_volume(name).voxel_size_nm == NM
        np.testing.assert_array_equal(open_volume(name).read_all(), STACK)
    image(path / "1", "tczyx", STACK[None, None], version)
    with pytest.raises(UserError, match="inside it: 0, 1"):
        open_volume(path)


def test_labels_beside_an_image(tmp_path: Path):
    path = image(tmp_path / "v.zarr", "zyx", STACK)
    zarr.open_group(path / "labels", mode="w").attrs["ome"] = {"labels": ["cells"]}
    image(path / "labels/cells", "zyx", STACK // 50)
    np.testing.assert_array_equal(open_volume(path).read_all(), STACK)
    np.testing.assert_array_equal(open_volume(path / "labels/cells").read_all(), STACK // 50)
    with pytest.raises(UserError, match="inside it: cells"):
        open_volume(path / "labels")


@pytest.mark.parametrize("kind", ["plate", "well"])
def test_plates_are_refused(tmp_path: Path, kind: str):
    zarr.open_group(tmp_path / "v.zarr", mode="w", zarr_format=2).attrs[kind] = {"wells": [{"path": "A/1"}]}
    with pytest.raises(UserError, match="a plate or a well of several images"):
        open_volume(tmp_path / "v.zarr")


@pytest.mark.parametrize("names", [["c", "z", "y", "x"], ["c^", "z", "y", "x"], None])
def test_a_bare_array_of_channels_is_refused(tmp_path: Path, names: list[str] | None):
    array = zarr.create_array(tmp_path / "v", data=np.stack([STACK, STACK]), zarr_format=2)
    array.attrs.update({"axis_names": names} if names else {})
    with pytest.raises(UserError, match="split channels or time points"):
        open_volume(tmp_path / "v")


def test_a_bare_arrays_own_names_and_sizes(tmp_path: Path):
    array = zarr.create_array(tmp_path / "funlib", data=STACK, zarr_format=2)
    array.attrs.update({"axis_names": ["z", "y", "x"], "voxel_size": [50, 4, 4], "units": ["nm"] * 3})
    assert open_volume(tmp_path / "funlib").voxel_size_nm == NM
    turned = zarr.create_array(tmp_path / "turned", data=STACK.T.copy(), dimension_names=["x", "y", "z"])
    turned.attrs["resolution"] = [4, 4, 50]
    source = open_volume(tmp_path / "turned")
    assert source.voxel_size_nm is None and "in which order" in source.notes[0]
    zarr.create_array(tmp_path / "odd", data=STACK, dimension_names=["a", "b", "c"])
    source = open_volume(tmp_path / "odd")
    assert "axes a, b, c are not known here: the last are taken for z, y, x" in source.notes[0]
    np.testing.assert_array_equal(source.read_all(), STACK)


@pytest.mark.parametrize("content", ["{", "[]", '{"zarr_format": 3, "node_type": "array"}'])
def test_damaged_metadata_are_named(tmp_path: Path, content: str):
    (tmp_path / "v.zarr").mkdir()
    (tmp_path / "v.zarr/zarr.json").write_text(content)
    with pytest.raises(UserError) as caught:
        open_volume(tmp_path / "v.zarr")
    assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{tmp_path}/v.zarr: ")
