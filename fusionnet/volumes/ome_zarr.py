"""OME-Zarr images 0.1 to 0.5, of which the finest level is read, and bare Zarr arrays."""

from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource, existing, oriented
from fusionnet.volumes.units import VoxelSize, attribute_voxel_size, voxel_size_nm

METADATA = ("zarr.json", ".zarray", ".zgroup")


def is_zarr(name: str) -> bool:
    """Tell whether a path is that of a Zarr folder: by its name, or by what is in it."""
    path = Path(name)
    return any(folder.suffix == ".zarr" for folder in (path, *path.parents)) or _has_metadata(path)


def open_zarr(name: str) -> VolumeSource:
    """Open an OME-Zarr image or a Zarr array; see `fusionnet.volumes.volume.open_volume`."""
    import zarr

    path = existing(name)
    try:
        node: Any = zarr.open(path, mode="r")
        image, level, version = _image_around(path)
        if isinstance(node, zarr.Group):
            image, version = _image(path, dict(node.attrs), sorted(node.keys())), _version(dict(node.attrs))
            level = image["datasets"][0]
            node = node[level["path"]]
        axes = _axes(name, node, image)
        shape, reader = oriented(name, node, axes)
        size, notes = _voxel_size(image, level, axes) if image else attribute_voxel_size(dict(node.attrs))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: cannot be read as Zarr ({error})") from error
    # A missing chunk means "all fill value" to Zarr; there is no telling it from one that was lost.
    depth = node.chunks[axes.index("z") if axes and "z" in axes else -3] if node.ndim > 2 else 1
    return VolumeSource(name, shape, np.dtype(node.dtype).newbyteorder("="), reader, size, depth, version, tuple(notes))


def _has_metadata(path: Path) -> bool:
    return any((path / name).is_file() for name in METADATA)


def _version(attributes: dict[str, Any]) -> str:
    return "0.5" if "ome" in attributes else "0.4"


def _image(path: Path, attributes: dict[str, Any], children: list[str]) -> dict[str, Any]:
    images = attributes.get("ome", attributes).get("multiscales")
    inside = f"name what is meant of the arrays and images inside it: {', '.join(children)}"
    if not images:
        raise UserError(f"{path}: a Zarr group without OME 'multiscales'; {inside}")
    if len(images) > 1:
        raise UserError(f"{path}: holds {len(images)} images; {inside}")
    return images[0]


def _image_around(path: Path) -> tuple[dict[str, Any], dict[str, Any], str | None]:
    """Return the image that an array is a level of, the level and the version; empty for a bare array."""
    import zarr

    for folder in path.resolve().parents:
        if _has_metadata(folder):
            attributes: Any = dict(zarr.open_group(folder, mode="r").attrs)
            for image in attributes.get("ome", attributes).get("multiscales", []):
                for level in image["datasets"]:
                    if (folder / level["path"]).resolve() == path.resolve():
                        return image, level, _version(attributes)
    return {}, {}, None


def _axes(name: str, array: Any, image: dict[str, Any]) -> list[str] | None:
    """Return the axes by name: an image's, else those of the array itself; None where they have no known names."""
    if image.get("axes"):
        axes = [str(axis["name"] if isinstance(axis, dict) else axis).lower() for axis in image["axes"]]
    elif image and array.ndim == 5:
        axes = list("tczyx")  # before version 0.3
    else:
        axes = [str(axis).lower() for axis in getattr(array.metadata, "dimension_names", None) or ()]
        axes = axes or [str(axis).lower() for axis in array.attrs.get("_ARRAY_DIMENSIONS", ())]
        return axes if {"y", "x"} <= set(axes) else None
    if len(axes) != array.ndim:
        raise UserError(f"{name}: an array of shape {array.shape} with axes {', '.join(axes)}; export it again")
    return axes


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
