"""N5 arrays, as Fiji, Paintera and BigStitcher write them; only read."""

from pathlib import Path
from typing import Any

from fusionnet.errors import UserError
from fusionnet.volumes.places import Place
from fusionnet.volumes.source import VolumeSource, oriented
from fusionnet.volumes.tensorstores import open_array
from fusionnet.volumes.units import VoxelSize, voxel_size_nm

METADATA = "attributes.json"


def is_n5(name: str) -> bool:
    """Tell whether a path is that of an N5 array or group."""
    return Path(Place(name).path).suffix == ".n5" or Place(name).read(METADATA) is not None


def open_n5(name: str) -> VolumeSource:
    """Open an N5 array; see `fusionnet.volumes.volume.open_volume`."""
    place = Place(name)
    place.require()
    attributes = place.json(METADATA) or {}
    if "dimensions" not in attributes:
        inside = ", ".join(place.folders()) or "give its whole path, such as setup0/timepoint0/s0"
        raise UserError(f"{name}: an N5 group; name the array that is meant inside it: {inside}")
    array = open_array(place, "n5")
    # Without names, x comes first: the format counts dimensions from the fastest, and all its writers keep to that.
    named = [str(axis).lower() for axis in attributes.get("axes", ())]
    axes = named or ["x", "y", "z", *(f"axis {number}" for number in range(3, len(array.shape)))][: len(array.shape)]
    shape, reader = oriented(name, array, axes)
    size, notes = _voxel_size(place, attributes, axes)
    if named[-1:] == ["x"]:
        notes.append(
            f"its 'axes' {', '.join(named)} are taken in the order of its 'dimensions'; most programs have x first"
        )
    depth = array.chunks[axes.index("z")] if "z" in axes else 1
    return VolumeSource(name, shape, array.dtype, reader, size, depth, notes=(*array.missing_chunks(), *notes))


def _voxel_size(place: Place, attributes: dict[str, Any], axes: list[str]) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size where axes and units have names, or from what Fiji's plugins write."""
    factors = attributes.get("downsamplingFactors", [1])
    finest = all(factor == 1 for factor in factors)
    if finest and "resolution" in attributes and "units" in attributes and "axes" in attributes:
        lengths = dict(zip(axes, attributes["resolution"], strict=False))
        units = dict(zip(axes, attributes["units"], strict=False))
        return voxel_size_nm([lengths.get(axis) for axis in "zyx"], [units.get(axis) for axis in "zyx"])
    pixel = attributes.get("pixelResolution")
    if not isinstance(pixel, dict):  # of a level: that of the finest is in the group around it
        pixel = (place.parents[0].json(METADATA) or {}).get("pixelResolution") if len(factors) == 3 or finest else None
        by = [1, 1, 1] if finest else factors
    else:
        by = [1, 1, 1] if finest else None  # programs differ in whether it is the level's or the finest one's
    if isinstance(pixel, dict) and len(pixel.get("dimensions", ())) == 3:
        if by is None:
            return None, [
                "voxel size is not known: a level with 'downsamplingFactors' and a 'pixelResolution' of which?"
            ]
        sides = [length * factor for length, factor in zip(pixel["dimensions"], by, strict=True)]
        return voxel_size_nm(sides[::-1], [pixel.get("unit")] * 3)
    if "resolution" in attributes and finest:
        return None, ["voxel size is not known: its 'resolution' has no units, and programs differ in the order"]
    return None, []
