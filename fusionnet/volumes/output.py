"""Volumes written region by region, whatever the format; resumable, and whole or absent.

An output is made under a temporary name, ``.NAME.part``, which a killed job leaves and the next one goes on with; it
gets its own name when all of it is there. Equal content gives equal bytes, in whatever order it was written.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.source import Shape
from fusionnet.volumes.units import VoxelSize

Region = tuple[int, slice, slice]


@dataclass(frozen=True)
class OutputPlan:
    """What an output volume is to be.

    Attributes:
        shape: (Z, Y, X).
        dtype: float32, or uint8 for probabilities times 255.
        tile: Side of the square regions that it is written by.
        voxel_size_nm: Kept in the file; None where it is not known.
        provenance: Kept in the file.
        ome_version: Of an OME-Zarr, ``"0.4"`` or ``"0.5"``.
        labels: Whether values are names, which viewers show in colours.
        name: What the values are.
    """

    shape: Shape
    dtype: np.dtype
    tile: int
    voxel_size_nm: VoxelSize | None
    provenance: dict[str, Any]
    ome_version: str = "0.5"
    labels: bool = False
    name: str = "probability"

    @property
    def size(self) -> int:
        """Bytes of its voxels, uncompressed."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


class FormatWriter(Protocol):
    """Writes one format; made from the path of the result as it was written, which may hold a key."""

    def create(self, part: Path, plan: OutputPlan) -> None:
        """Make the empty volume at a temporary path."""

    def open(self, part: Path, plan: OutputPlan) -> None:
        """Open it for writing."""

    def write(self, region: Region, values: np.ndarray) -> None:
        """Write a region (z, rows, columns) of the plan's dtype, shape (Y, X)."""


class ContiguousWriter:
    """Writes a format whose voxels lie at one place in a file, directly: a killed job cannot damage its structure.

    Args:
        name: The path of the result.
    """

    def __init__(self, name: str):
        self.name = name

    def offset(self, part: Path) -> int:
        """Return where the voxels begin."""
        raise NotImplementedError

    def open(self, part: Path, plan: OutputPlan) -> None:
        """Open the file for writing."""
        self._part, self._plan, self._offset = part, plan, self.offset(part)

    def write(self, region: Region, values: np.ndarray) -> None:
        """Write a region."""
        z, rows, columns = region
        _, height, width = self._plan.shape
        # Rows of the whole width follow one another in the file.
        pieces = [values.ravel()] if values.shape[1] == width else values
        with self._part.open("r+b") as file:
            for row, piece in zip(range(rows.start, rows.stop), pieces, strict=False):
                file.seek(self._offset + self._plan.dtype.itemsize * ((z * height + row) * width + columns.start))
                file.write(piece.data)


class VolumeOutput:
    """A volume that is being written.

    Args:
        path: Its final path (without the key, for HDF5).
        plan: What it is to be.
        resume: Go on with what an earlier job left, if that is there.
        writer: Of its format.
    """

    def __init__(self, path: Path, plan: OutputPlan, resume: bool, writer: FormatWriter):
        self.path = path
        self.plan = plan
        self.part = part_path(path)
        self._writer = writer
        if not (resume and self.part.exists()):
            self.discard()
            writer.create(self.part, plan)
        writer.open(self.part, plan)

    def write(self, region: Region, probability: np.ndarray) -> None:
        """Write a region (z, rows, columns) of probabilities 0..1, shape (Y, X)."""
        values = np.rint(probability * 255) if self.plan.dtype == np.uint8 else probability
        self._writer.write(region, np.ascontiguousarray(values, self.plan.dtype))

    def finish(self) -> None:
        """Give the volume its name, in place of an older one."""
        if self.path.is_dir():
            old = self.path.with_name(f".{self.path.name}.old")
            _remove(old)
            self.path.rename(old)
            self.part.rename(self.path)
            _remove(old)
        else:
            os.replace(self.part, self.path)

    def discard(self) -> None:
        """Remove what was written."""
        _remove(self.part)


def cannot_be_written(path: Path | str) -> UserError:
    """Return the error about a name that no format is written by."""
    return UserError(f"{path}: cannot be written; expected a name that ends in .tif, .zarr or .h5:KEY")


def part_path(path: Path) -> Path:
    """Return where an output lies until it is whole."""
    return path.with_name(f".{path.name}.part")


def reserve(part: Path) -> None:
    """Have the disk set aside what the file needs, so that it cannot run full later."""
    size = part.stat().st_size
    if hasattr(os, "posix_fallocate"):
        with part.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def bytes_on_disk(path: Path) -> int:
    """Return how much of the disk a file or folder takes; 0 if it is absent."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
