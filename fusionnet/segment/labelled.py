"""Volumes read slice by slice, and their neurons written as a label volume, in the memory of a few slices."""

import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import IO

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.segment.cutting import CutStack
from fusionnet.segment.forest import Forest
from fusionnet.segment.neurons import Families, link_slices, neurons_of, segmented_slices
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


@dataclass(frozen=True)
class KeptSegments:
    """Segments of all slices in a file of their own, until it is known which neuron each belongs to."""

    file: IO[bytes]
    shape: tuple[int, int, int]

    def add(self, z: int, segments: np.ndarray) -> None:
        """Keep those of slice ``z``, (Y, X); slices come in order."""
        self.file.write(segments.astype(KEPT).tobytes())

    def neurons(self, families: Families, numbers: np.ndarray, z: slice, y: slice, x: slice) -> np.ndarray:
        """Return the neurons of a region, uint32 (Z, Y, X)."""
        _, height, width = self.shape
        rows = (y.stop - y.start) * width * KEPT.itemsize
        found = []
        for number in range(z.start, z.stop):
            # In one call, since another thread may read at the same time.
            stored = os.pread(self.file.fileno(), rows, (number * height + y.start) * width * KEPT.itemsize)
            segments = np.frombuffer(stored, KEPT).reshape(-1, width)[:, x]
            found.append(neurons_of(families, numbers, number, segments))
        return np.stack(found)


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
    # First of all, since a path that cannot be written should not cost an hour; the segments need room beside it.
    kept_size = plan.size // plan.dtype.itemsize * KEPT.itemsize
    require_room({path: writer_of(path, plan).size + kept_size})
    with tempfile.TemporaryFile(dir=file_of(path).parent, buffering=0) as file:
        kept = KeptSegments(file, plan.shape)
        families = link_slices(segmented_slices(stack, edges, level), kept.add)
        numbers = families.numbers()
        count = int(numbers.max())
        if count > np.iinfo(plan.dtype).max:
            raise UserError(f"{path}: {count} neurons do not fit into {plan.dtype}; write .zarr or .h5:KEY")
        read = partial(kept.neurons, families, numbers)
        save_volume(path, plan, VolumeSource(str(path), plan.shape, plan.dtype, read, plan.voxel_size_nm))
    return count
