"""Volumes written whole from what can be read by regions, whatever the format; an output is whole or absent.

It is made in a folder beside it, ``.NAME.part``, and gets its name when all of it is there.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import lock, try_lock, write_text
from fusionnet.volumes.source import Shape, VolumeSource, read_ahead
from fusionnet.volumes.units import VoxelSize

BAND_BYTES = 1 << 21  # that are read and written at a time
ROWS = 64  # a band of less than a slice has a multiple of so many
WRITABLE = "NAME.tif, NAME.zarr, NAME.h5:KEY, NAME.mrc or precomputed://FOLDER"
LOCK, MADE_FROM = "lock", "made-from.json"


@dataclass(frozen=True)
class OutputPlan:
    """What an output volume is to be.

    Attributes:
        shape: (Z, Y, X).
        dtype: Of its voxels.
        chunk: Shape of the blocks of a chunked format.
        voxel_size_nm: Kept in the file; None where it is not known.
        provenance: Kept in the file, where the format has room for it.
        ome_version: Of an OME-Zarr, ``"0.4"`` or ``"0.5"``.
        labels: Whether values are names, of which there is no mean.
        window: Values that a viewer shows as black and as white; None of labels.
        name: What the values are.
    """

    shape: Shape
    dtype: np.dtype
    chunk: Shape
    voxel_size_nm: VoxelSize | None
    provenance: dict[str, Any]
    ome_version: str = "0.5"
    labels: bool = False
    window: tuple[float, float] | None = None
    name: str = "probability"

    @property
    def size(self) -> int:
        """Bytes of its voxels, uncompressed."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


class FormatWriter(Protocol):
    """Writes one format; made from the path of the result as it was written, which may hold a key, and a plan.

    Attributes:
        size: Bytes that the result takes at most.
    """

    size: int

    def write(self, part: Path, source: VolumeSource) -> None:
        """Write all of a volume to a temporary path, reading each voxel once."""


class ContiguousWriter:
    """Writes a format whose voxels lie at one place in a file.

    Args:
        name: The path of the result.
        plan: What it is to be.
        dtype: Of the voxels in the file, where it differs from the plan's.
    """

    def __init__(self, name: str, plan: OutputPlan, dtype: np.dtype | None = None):
        self.name, self.plan = name, plan
        self.dtype = dtype or plan.dtype
        self.size = plan.size // plan.dtype.itemsize * self.dtype.itemsize

    def create(self, part: Path) -> int:
        """Make the file without its voxels and return where they begin."""
        raise NotImplementedError

    def write(self, part: Path, source: VolumeSource) -> None:
        """Write all of a volume."""
        start = self.create(part)
        _reserve(part, start + self.size)
        _, height, width = self.plan.shape
        with part.open("r+b") as file:
            for (z, rows), values in read_ahead(_bands(self.plan, source.depth), lambda band: _read(source, band)):
                values = np.ascontiguousarray(values, self.dtype)
                whole = rows.stop - rows.start == height
                for number, piece in [(z.start, values)] if whole else enumerate(values, z.start):
                    file.seek(start + self.dtype.itemsize * width * (number * height + rows.start))
                    file.write(piece.data)


def _bands(plan: OutputPlan, depth: int) -> Iterator[tuple[slice, slice]]:
    """Return ranges of slices and rows: as many slices as fit into memory, else bands of as many as a block has."""
    slices, height, width = plan.shape
    row = width * plan.dtype.itemsize
    fit = BAND_BYTES // (height * row)
    depth = max(1, min(depth, 4 * BAND_BYTES // (ROWS * row)))
    thick = max(depth, fit // depth * depth)
    tall = height if thick <= fit else max(ROWS, BAND_BYTES // (thick * row) // ROWS * ROWS)
    for z in range(0, slices, thick):
        for top in range(0, height, tall):
            yield slice(z, min(z + thick, slices)), slice(top, min(top + tall, height))


def _read(source: VolumeSource, band: tuple[slice, slice]) -> np.ndarray:
    return source.read(*band, slice(None))


def _reserve(part: Path, size: int) -> None:
    """Have the disk set aside what the file needs, so that it cannot run full later."""
    with part.open("r+b") as file:
        size = max(size, os.fstat(file.fileno()).st_size)  # there may be more behind the voxels
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)


class PartFolder:
    """The folder in which an output is made, by one job or by several that have different parts of it.

    Args:
        path: The output's own path (without the key, for HDF5).
        own: Numbers of the parts that this job makes; no other process may have any of them.
        made_from: JSON-ready: all that the content depends on. What was made from something else is removed, and what
            was made from None.
        create: Makes the beginning in an empty folder.

    Attributes:
        whole: Where the finished output may lie until it is published.

    Raises:
        UserError: Another process makes the same, or something else under this name.
    """

    def __init__(
        self, path: Path, own: range = range(1), made_from: Any = None, create: Callable[[Path], None] | None = None
    ):
        self.path, self.folder = path, part_path(path)
        self.whole = self.folder / "whole"
        self._lock = self._open()
        try:
            lock(self._lock, f"{path}: another job is beginning it", wait=True)  # byte 0: one begins at a time
            if own:
                taken = f"{path}: another process is writing it; wait for that one, or end it"
                lock(self._lock, taken, byte=1 + own.start, count=len(own))
            self._begin(made_from and json.dumps(made_from, sort_keys=True), own, create)
            fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, 0)
        except BaseException:
            self.close()
            raise

    def _open(self) -> IO:
        while True:  # until the file that is opened is the one that lies there: a job may just have removed its own
            if self.folder.is_file():
                self.folder.unlink()  # of an older version of this code
            self.folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                file = (self.folder / LOCK).open("a")
                if os.path.samestat(os.fstat(file.fileno()), (self.folder / LOCK).stat()):
                    return file
                file.close()

    def _begin(self, made_from: str | None, own: range, create: Callable[[Path], None] | None) -> None:
        kept = self.folder / MADE_FROM
        if kept.exists() and made_from and kept.read_bytes() == made_from.encode():
            return
        if not try_lock(self._lock, 1, 0):  # 0: all bytes from there on
            raise UserError(f"{self.path}: another process is writing it from other inputs or settings; wait for it")
        self._clear()
        if create:
            create(self.folder)
        if made_from:
            write_text(kept, made_from)
        fcntl.lockf(self._lock, fcntl.LOCK_UN, 0, 1)
        if own:
            try_lock(self._lock, 1 + own.start, len(own))  # nobody else can have taken it: byte 0 is ours

    def _clear(self) -> None:
        for there in self.folder.iterdir():
            if there.name != LOCK:
                remove(there)

    def publish(self, made: Path) -> None:
        """Give what was made in the folder the output's name, in place of an older one, and remove the folder."""
        replace(made, self.path)
        self.discard()

    def discard(self) -> None:
        """Remove the folder with all that is in it."""
        self._clear()
        (self.folder / LOCK).unlink()
        self.close()
        with suppress(OSError):  # another job may have come
            self.folder.rmdir()

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()


def replace(made: Path, path: Path) -> None:
    """Give a file or folder another name, in place of what bears it."""
    if path.is_dir():
        old = path.with_name(f".{path.name}.old")
        remove(old)
        path.rename(old)
        made.rename(path)
        remove(old)
    else:
        os.replace(made, path)


def cannot_be_written(path: Path | str) -> UserError:
    """Return the error about a name that no format is written by."""
    return UserError(f"{path}: cannot be written; expected {WRITABLE}")


def part_path(path: Path) -> Path:
    """Return where an output is made."""
    return path.with_name(f".{path.name}.part")


def bytes_on_disk(path: Path) -> int:
    """Return how much of the disk a file or folder takes; 0 if it is absent."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what is absent is well."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
