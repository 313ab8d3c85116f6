"""Neuroglancer's precomputed volumes, of which the finest scale is read."""

import json
from pathlib import Path

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource, oriented
from fusionnet.volumes.tensorstores import open_array
from fusionnet.volumes.units import voxel_size_nm

AXES = ["x", "y", "z", "c"]


def is_precomputed(name: str) -> bool:
    """Tell whether a path is that of a precomputed volume."""
    return (Path(name) / "info").is_file()


def open_precomputed(name: str) -> VolumeSource:
    """Open a precomputed volume; see `fusionnet.volumes.volume.open_volume`."""
    try:
        finest = json.loads((Path(name) / "info").read_text(encoding="utf-8"))["scales"][0]
    except (ValueError, KeyError, IndexError) as error:
        raise UserError(f"{name}: its file 'info' is not that of a precomputed volume") from error
    array = open_array(name, "neuroglancer_precomputed")
    shape, reader = oriented(name, array, AXES)
    size, notes = voxel_size_nm(finest["resolution"][::-1])
    return VolumeSource(name, shape, array.dtype, reader, size, array.chunks[2], notes=tuple(notes))
