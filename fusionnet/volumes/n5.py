"""N5 arrays, as Fiji, Paintera and BigStitcher write them; only read."""

import json
from pathlib import Path
from typing import Any

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource, oriented
from fusionnet.volumes.tensorstores import open_array
from fusionnet.volumes.units import VoxelSize, voxel_size_nm


def is_n5(name: str) -> bool:
    """Tell whether a path is that of an N5 array or group."""
    return (Path(name) / "attributes.json").is_file()


def open_n5(name: str) -> VolumeSource:
    """Open an N5 array; see `fusionnet.volumes.volume.open_volume`."""
    try:
        attributes = json.loads((Path(name) / "attributes.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{name}: its attributes.json cannot be read ({error}); export it again") from error
    if "dimensions" not in attributes:
        inside = ", ".join(sorted(each.name for each in Path(name).iterdir() if each.is_dir()))
        raise UserError(f"{name}: an N5 group; name the array that is meant inside it: {inside}")
    array = open_array(name, "n5")
    # Without names, x comes first: the format counts dimensions from the fastest, and all its writers keep to that.
    axes = [str(axis).lower() for axis in attributes.get("axes", ())]
    axes = axes or ["x", "y", "z", *(f"axis {number}" for number in range(3, len(array.shape)))][: len(array.shape)]
    shape, reader = oriented(name, array, axes)
    size, notes = _voxel_size(attributes, axes)
    depth = array.chunks[axes.index("z")] if "z" in axes else 1
    return VolumeSource(name, shape, array.dtype, reader, size, depth, notes=tuple(notes))


def _voxel_size(attributes: dict[str, Any], axes: list[str]) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size where axes and units have names, or from what Fiji's plugins write."""
    if any(factor != 1 for factor in attributes.get("downsamplingFactors", ())):
        return None, []
    if "resolution" in attributes and "units" in attributes and "axes" in attributes:
        lengths = dict(zip(axes, attributes["resolution"], strict=False))
        units = dict(zip(axes, attributes["units"], strict=False))
        return voxel_size_nm([lengths.get(axis) for axis in "zyx"], [units.get(axis) for axis in "zyx"])
    pixel = attributes.get("pixelResolution")
    if isinstance(pixel, dict) and len(pixel.get("dimensions", ())) == 3:
        return voxel_size_nm(pixel["dimensions"][::-1], [pixel.get("unit")] * 3)
    if "resolution" in attributes:
        return None, ["voxel size is not known: its 'resolution' has no units, and programs differ in the order"]
    return None, []
