"""Volumes that are stored in blocks of several slices, read block by block instead of once for each slice."""

from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.sources import VolumeSource
from fusionnet.tiles import ChunkPlan

LARGEST_BLOCK = 1 << 28  # bytes that a block may take in memory


def stored_depth(source: VolumeSource, side: int) -> int:
    """Return of how many slices the blocks are that a volume is stored in.

    Args:
        source: OME-Zarr and HDF5 have blocks; all else is stored slice by slice.
        side: Pixels of the windows that will be read; fewer slices are taken where a block would be too large.
    """
    name = Path(source.name)
    depth = 1
    if any(folder.suffix == ".zarr" for folder in (name, *name.parents)):
        depth = _zarr_depth(name)
    elif ":" in source.name:
        depth = _hdf5_depth(source.name)
    window = min(side, source.shape[1]) * min(side, source.shape[2]) * source.dtype.itemsize
    return max(1, min(depth, source.shape[0], LARGEST_BLOCK // window))


class BlockReader:
    """Reads one slice's window at a time, and keeps the block that it lies in.

    Args:
        source: The volume.
        plan: Its chunks, in the order in which they will be read; others are read too, only slower.
    """

    def __init__(self, source: VolumeSource, plan: ChunkPlan):
        self.source = source
        self._plan = plan
        self._place: tuple[int, slice, slice] | None = None
        self._block = np.empty(0)

    def read(self, z: int, rows: slice, columns: slice) -> np.ndarray:
        """Return the window of a slice of the volume, (Y, X)."""
        depth = self._plan.depth
        place = z // depth, rows, columns
        first = max(place[0] * depth, self._plan.slices.start)
        if place != self._place:
            last = min((place[0] + 1) * depth, self._plan.slices.stop)
            self._block = np.empty(0)  # let go of the last block before there is another
            self._block = self.source.read(slice(first, last), rows, columns)
            self._place = place
        return self._block[z - first]


def _zarr_depth(path: Path) -> int:
    import zarr

    node: Any = zarr.open(path, mode="r")
    if isinstance(node, zarr.Group):
        attributes: Any = dict(node.attrs)
        node = node[attributes.get("ome", attributes)["multiscales"][0]["datasets"][0]["path"]]
    return node.chunks[-3] if node.ndim > 2 else 1


def _hdf5_depth(name: str) -> int:
    import h5py

    file, _, key = name.rpartition(":")
    with h5py.File(file, "r") as hdf:
        chunks = hdf[key].chunks
    return chunks[-3] if chunks and len(chunks) > 2 else 1
