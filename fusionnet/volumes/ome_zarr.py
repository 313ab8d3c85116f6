"""OME-Zarr images 0.1 to 0.5, of which the finest level is read, and bare Zarr arrays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.places import Place, require_inside
from fusionnet.volumes.source import VolumeSource, conventional_axes, oriented
from fusionnet.volumes.tensorstores import ChunkedArray, UnknownCodecError, open_array, open_with_zarr_python
from fusionnet.volumes.units import VoxelSize, attribute_voxel_size, voxel_size_nm

NAME_ONE = "name what is meant of the arrays and images inside it"
LEVELS_BELOW = 3  # folders between an image at an address and a level of it that is named


@dataclass(frozen=True)
class Node:
    """A group or an array, by its metadata."""

    place: Place
    version: int
    is_array: bool
    attributes: dict[str, Any]
    array: dict[str, Any]

    @property
    def ome(self) -> dict[str, Any]:
        """What OME's specification puts there."""
        inner = self.attributes.get("ome")
        return inner if isinstance(inner, dict) else self.attributes

    @property
    def ome_version(self) -> str:
        """That of a result like it."""
        return "0.5" if self.version == 3 else "0.4"


def is_zarr(name: str) -> bool:
    """Tell whether a path is that of a Zarr folder: by its name, or by what is in it."""
    place = Place(name)
    return any(Path(each.path).suffix == ".zarr" for each in (place, *place.parents)) or _node(place) is not None


def open_zarr(name: str) -> VolumeSource:
    """Open an OME-Zarr image or a Zarr array; see `fusionnet.volumes.volume.open_volume`."""
    Place(name).require()
    try:
        node, version = _node(Place(name)), None
        if node is None:
            raise UserError(f"{name}: cannot be read as Zarr (holds no metadata); name the image or the array itself")
        if node.is_array:
            image, level, version = _image_around(node.place)
            place = node.place
        else:
            node = _only_image(node)
            image, version = _image(node), node.ome_version
            level = image["datasets"][0]
            place = node.place / require_inside(name, level["path"])
        array = _open(place, node.version)
        axes, guessed = _axes(name, len(array.shape), place, image)
        shape, reader = oriented(name, array, axes)
        size, notes = _voxel_size(image, level, axes) if image else attribute_voxel_size(node.attributes, axes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(f"{name}: cannot be read as Zarr ({type(error).__name__}: {error})") from error
    names = axes or conventional_axes(len(array.shape))
    depth = array.chunks[names.index("z")] if "z" in names else 1
    return VolumeSource(
        name, shape, array.dtype, reader, size, depth, version, (*guessed, *array.missing_chunks(), *notes)
    )


def _node(place: Place) -> Node | None:
    """Return what is at a place, None if that is nothing of Zarr."""
    found = place.json("zarr.json")
    if found is not None:
        return Node(place, 3, found.get("node_type") == "array", found.get("attributes") or {}, found)
    array, attributes = place.json(".zarray"), place.json(".zattrs")
    if array is None and attributes is None and place.read(".zgroup") is None:
        return None
    return Node(place, 2, array is not None, attributes or {}, array or {})


def _only_image(group: Node) -> Node:
    """Return the group that holds the image: itself, or the only one of a file that bioformats2raw converted."""
    name, about = group.place.name, group.ome
    if about.get("multiscales"):
        return group
    if "plate" in about or "well" in about:
        raise UserError(f"{name}: a plate or a well of several images; name one of them, such as A/1/0 inside a plate")
    if "bioformats2raw.layout" in about:
        first, second = (_node(group.place / number) for number in "01")
        if first and not second:
            return _only_image(first)
    inside = ", ".join(group.place.folders() or map(str, about.get("labels", ()))) or "give its whole path"
    raise UserError(f"{name}: a Zarr group without OME 'multiscales'; {NAME_ONE}: {inside}")


def _image(group: Node) -> dict[str, Any]:
    images = group.ome["multiscales"]
    if len(images) > 1:
        inside = ", ".join(group.place.folders() or [str(image["datasets"][0]["path"]) for image in images])
        raise UserError(f"{group.place.name}: holds {len(images)} images; {NAME_ONE}: {inside}")
    return images[0]


def _image_around(place: Place) -> tuple[dict[str, Any], dict[str, Any], str | None]:
    """Return the image that an array is a level of, the level and the version; empty for a bare array."""
    own = str(Path(place.name).resolve()) if place.is_local else place.path
    for folder in place.parents if place.is_local else place.parents[:LEVELS_BELOW]:
        group = _node(folder)
        for image in group.ome.get("multiscales", []) if group else []:
            for level in image["datasets"]:
                if (folder / level["path"]).path == own:
                    return image, level, group.ome_version if group else None
    return {}, {}, None


def _open(place: Place, version: int) -> ChunkedArray:
    """Open an array by tensorstore; what that does not decode, by zarr-python."""
    try:
        return open_array(place, "zarr3" if version == 3 else "zarr")
    except UnknownCodecError:
        return open_with_zarr_python(place)


def _axes(name: str, dimensions: int, place: Place, image: dict[str, Any]) -> tuple[list[str] | None, list[str]]:
    """Return the axes by name, an image's or else the array's own, None without known names; and what was guessed."""
    if image.get("axes"):
        axes = [str(axis["name"] if isinstance(axis, dict) else axis).lower() for axis in image["axes"]]
    elif image and dimensions == 5:
        axes = list("tczyx")  # before version 0.3
    else:
        array = _node(place)
        names = (array.array.get("dimension_names") if array else None) or []
        for key in ("_ARRAY_DIMENSIONS", "axis_names"):  # of xarray; of funlib
            names = names or (array.attributes.get(key) if array else None) or []
        axes = [str(axis).lower().removesuffix("^") for axis in names if axis]
        if {"y", "x"} <= set(axes):
            return axes, []
        return None, [f"its axes {', '.join(axes)} are not known here: the last are taken for z, y, x"] if axes else []
    if len(axes) != dimensions:
        raise UserError(f"{name}: an array of {dimensions} dimensions with axes {', '.join(axes)}; export it again")
    return axes, []


def _voxel_size(
    image: dict[str, Any], level: dict[str, Any], axes: list[str] | None
) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size by the level's transformations and then the whole image's."""
    names = axes or ["z", "y", "x"]
    factors = np.ones(len(names))
    for step in [*level.get("coordinateTransformations", []), *image.get("coordinateTransformations", [])]:
        if step["type"] == "scale" and "scale" in step:
            factors = factors * np.asarray(step["scale"], float)
        elif step["type"] not in ("identity", "translation"):
            return None, [f"voxel size is not known: the image has a transformation of type {step['type']!r}"]
    units = {str(axis["name"]).lower(): axis.get("unit") for axis in image.get("axes", []) if isinstance(axis, dict)}
    lengths = dict(zip(names, factors.tolist(), strict=True))
    return voxel_size_nm([lengths.get(axis) for axis in "zyx"], [units.get(axis) for axis in "zyx"])
