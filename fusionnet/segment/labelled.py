"""Volumes read slice by slice, and their neurons written as a label volume, in the memory of a few slices."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.segment.cutting import CutStack
from fusionnet.segment.forest import Forest
from fusionnet.segment.neurons import link_slices, neurons_of, segmented_slices
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import require_room, save_volume, writer_of

BLOCK_BYTES = 1 << 28  # that are read at a time, at most
KEPT = np.dtype("<i4")  # segments of a slice, until all links are known


class StoredSlices:
    """The slices of a volume on disk, read in blocks as they are stored.

    Args:
        source: The volume.
        slices: Those that are meant; all if absent.
        block: Slices of a block; as many as it is stored in if absent. No result depends on it.
    """

    def __init__(self, source: VolumeSource, slices: range | None = None, block: int | None = None):
        self.source = source
        self._slices = range(source.shape[0]) if slices is None else slices
        self.shape = (len(self._slices), *source.shape[1:])
        plane = source.shape[1] * source.shape[2] * source.dtype.itemsize
        self._depth = block or max(1, min(source.depth, BLOCK_BYTES // plane))
        self._block = lru_cache(maxsize=1)(self._read)

    def __len__(self) -> int:
        return self.shape[0]

    def _read(self, number: int) -> np.ndarray:
        first = number * self._depth
        return self.source.read(slice(first, min(first + self._depth, self.source.shape[0])), slice(None), slice(None))

    def __getitem__(self, z: int) -> np.ndarray:
        """Return slice ``z`` of those that are meant, (Y, X)."""
        block, within = divmod(self._slices[z], self._depth)
        return self._block(block)[within]


def _append(file: IO[bytes], segments: np.ndarray) -> None:
    file.write(segments.astype(KEPT).tobytes())


def write_neurons(path: Path | str, stack: CutStack, edges: Forest | None, level: float, plan: OutputPlan) -> int:
    """Segment a volume and write its neurons; return how many there are.

    Segments lie in a file of their own until the last link is known, so memory does not grow with the volume but for
    some 16 bytes for each segment of a slice.

    Args:
        path: Of the result, as `fusionnet.volumes.volume.writer_of` takes it.
        stack: Probabilities and grey values.
        edges: Learned edges; None for the linkage that needs no learning.
        level: Height up to which superpixels are joined.
        plan: Of the result; its type is that of the numbers.

    Raises:
        UserError: No room, another suffix, or more neurons than the type has numbers.
    """
    require_room(
        {path: writer_of(path, plan).size + int(np.prod(plan.shape)) * KEPT.itemsize}
    )  # before an hour is spent
    with tempfile.TemporaryFile(dir=file_of(path).parent) as kept:
        families = link_slices(segmented_slices(stack, edges, level), lambda _, segments: _append(kept, segments))
        numbers = families.numbers()
        count = int(numbers.max())
        if count > np.iinfo(plan.dtype).max:
            raise UserError(f"{path}: {count} neurons do not fit into {plan.dtype}; write .zarr or .h5:KEY")
        kept.flush()
        segments = np.memmap(kept, KEPT, "r", shape=plan.shape)

        def read(z: slice, y: slice, x: slice) -> np.ndarray:
            each = range(z.start, z.stop)
            return np.stack([neurons_of(families, numbers, number, segments[number, y, x]) for number in each])

        save_volume(path, plan, VolumeSource(str(path), plan.shape, plan.dtype, read, plan.voxel_size_nm))
    return count
