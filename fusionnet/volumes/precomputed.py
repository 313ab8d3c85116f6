"""Neuroglancer's precomputed volumes, of which the finest scale is read."""

import math

from fusionnet.errors import UserError
from fusionnet.volumes.places import Place, require_inside
from fusionnet.volumes.source import VolumeSource, oriented
from fusionnet.volumes.tensorstores import open_array
from fusionnet.volumes.units import voxel_size_nm

METADATA = "info"
AXES = ["x", "y", "z", "c"]


def is_precomputed(name: str) -> bool:
    """Tell whether a path is that of a precomputed volume."""
    return b'"scales"' in (Place(name).read(METADATA) or b"")


def open_precomputed(name: str) -> VolumeSource:
    """Open a precomputed volume; see `fusionnet.volumes.volume.open_volume`."""
    place = Place(name)
    place.require()
    try:
        scales = (place.json(METADATA) or {})["scales"]
        sizes = [math.prod(scale["resolution"]) for scale in scales]
        finest = sizes.index(min(sizes))  # no order of the scales is prescribed
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(f"{name}: its file 'info' is not that of a precomputed volume") from error
    folder = place / require_inside(name, scales[finest].get("key", ""))
    # In a folder of a disk tensorstore looks for the chunks that are there at a wrong path, and at the root of a store
    # at the right one: findings/tensorstore_precomputed_statistics.sh.
    root = {"driver": "kvstack", "layers": [{"base": place.kvstore}]} if place.is_local else place.kvstore
    array = open_array(place, "neuroglancer_precomputed", folder, kvstore=root, scale_index=finest)
    shape, reader = oriented(name, array, AXES)
    size, notes = voxel_size_nm(scales[finest]["resolution"][::-1])
    return VolumeSource(
        name, shape, array.dtype, reader, size, array.chunks[2], notes=(*array.missing_chunks(), *notes)
    )
