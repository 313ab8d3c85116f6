"""A volume that is read by regions, whatever its file: what `fusionnet.volumes.volume.open_volume` returns."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.units import VoxelSize

Shape = tuple[int, int, int]
Reader = Callable[[slice, slice, slice], np.ndarray]
READ_AHEAD = 2  # one is ready while the next is read
Item = TypeVar("Item")
Read = TypeVar("Read")


@dataclass(frozen=True)
class VolumeSource:
    """A volume on disk.

    Attributes:
        name: As the user wrote it, for messages.
        shape: (Z, Y, X).
        dtype: Of what `read` returns.
        voxel_size_nm: (z, y, x) in nanometres; None unless the file has all of it.
        depth: Slices of the blocks that it is stored in; 1 where slices are apart.
        ome_version: ``"0.4"`` or ``"0.5"`` of an OME-Zarr, else None.
        notes: What was made of the file that its reader might not expect.
    """

    name: str
    shape: Shape
    dtype: np.dtype
    reader: Reader
    voxel_size_nm: VoxelSize | None = None
    depth: int = 1
    ome_version: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> str:
        """The voxel size in words."""
        if self.voxel_size_nm is None:
            return "voxel size not known"
        return f"voxels of {' x '.join(f'{side:g}' for side in self.voxel_size_nm)} nm"

    def read(self, z: slice, y: slice, x: slice) -> np.ndarray:
        """Return a region, shape (Z, Y, X), in native byte order.

        Raises:
            UserError: The region cannot be read: a truncated or damaged chunk, or a file that changed meanwhile.
        """
        places = [slice(*each.indices(size)) for each, size in zip((z, y, x), self.shape, strict=True)]
        try:
            region = self.reader(*places)
        except UserError:
            raise
        except Exception as error:  # each library has its own family of errors for a damaged chunk
            spans = [f"{place.start}-{place.stop - 1}" for place in places]
            where = f"slices {spans[0]}, rows {spans[1]}"
            raise UserError(
                f"{self.name}: {where} cannot be read ({type(error).__name__}: {error}); is a chunk truncated or "
                "missing? Fetch or export the volume again"
            ) from error
        return np.asarray(region, dtype=self.dtype)

    def read_all(self) -> np.ndarray:
        """Return the whole volume."""
        return self.read(*[slice(None)] * 3)


def with_voxel_size(source: VolumeSource, text: str | None) -> VolumeSource:
    """Return a volume with the voxel size of ``"Z,Y,X"`` in nanometres, in place of its own; as it is for None."""
    if text is None:
        return source
    try:
        z, y, x = (float(side) for side in text.split(","))
    except ValueError:
        z = y = x = math.nan
    if not (z > 0 and y > 0 and x > 0 and max(z, y, x) < math.inf):
        raise UserError(f"--voxel-size: got {text!r}, expected Z,Y,X in nanometres, such as 50,4,4")
    return replace(source, voxel_size_nm=(z, y, x))


class StoredArray(Protocol):
    """What is sliced like an array and reads as little as that needs."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the axes as they are stored."""

    def __getitem__(self, index: Any) -> Any:
        """Return a region."""


@dataclass(frozen=True)
class MappedArray:
    """Voxels that lie at one place in a file, one after another; each access maps the file anew.

    A mapping that stayed would count pages that were read as this process's memory, and one of a shortened file would
    end the process at the first access, without a message.
    """

    path: Path
    offset: int
    dtype: np.dtype
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_size", self.path.stat().st_size)
        require_bytes(self.path, self.offset + int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize)

    def __getitem__(self, index: Any) -> np.ndarray:
        was, now = self._size, self.path.stat().st_size  # type: ignore[attr-defined]
        if was != now:
            raise UserError(f"{self.path}: changed size while it was read: had {was} bytes, has {now}")
        return np.array(np.memmap(self.path, self.dtype, "r", self.offset, self.shape)[index])


def require_bytes(path: Path, needed: int) -> None:
    """Raise a `UserError` if a file ends before its voxels do."""
    size = path.stat().st_size
    if size < needed:
        raise UserError(f"{path}: truncated: has {size} bytes, its voxels end at {needed}; fetch or export it again")


def existing(path: Path | str) -> Path:
    """Return a path that exists."""
    if not Path(path).exists():
        raise UserError(f"{path}: no such file or folder")
    return Path(path)


def conventional_axes(dimensions: int) -> list[str]:
    """Return the axes of an array without names: (Z, Y, X) at the end, and before them what must be 1."""
    return ([f"axis {number}" for number in range(dimensions - 3)] + ["z", "y", "x"])[-dimensions:]


def oriented(name: str, array: StoredArray, axes: Sequence[str] | None) -> tuple[Shape, Reader]:
    """Return the shape (Z, Y, X) of an array with axes in any order, and what reads it so.

    Args:
        name: For messages.
        array: As it is stored.
        axes: Their names: ``z``, ``y``, ``x``, and others, which must be of length 1; None for unnamed axes, of which
            the last are taken for Z, Y, X. Without ``z`` there is one slice.

    Raises:
        UserError: Axes that are missing, named twice, or of more than one channel, time point or the like.
    """
    names = conventional_axes(len(array.shape)) if axes is None else [axis.lower() for axis in axes]
    sizes = dict(zip(names, array.shape, strict=True)) if len(names) == len(array.shape) else {}
    got = f"{name}: got an array of shape {tuple(array.shape)}" + (f" with axes {', '.join(names)}" if axes else "")
    if len(sizes) != len(array.shape) or not {"y", "x"} <= sizes.keys():
        raise UserError(f"{got}, expected (Z, Y, X); export it with axes z, y, x")
    others = [axis for axis in names if axis not in "zyx"]
    if any(sizes[axis] != 1 for axis in others):
        raise UserError(f"{got}, expected (Z, Y, X); split channels or time points first")
    if 0 in array.shape:
        raise UserError(f"{got}, which is empty, expected (Z, Y, X)")
    kept = [axis for axis in names if axis in "zyx"]
    order = [kept.index(axis) for axis in "zyx" if axis in kept]

    def read(z: slice, y: slice, x: slice) -> np.ndarray:
        places: dict[str, Any] = {"z": z, "y": y, "x": x}
        region = np.asarray(array[tuple(places.get(axis, 0) for axis in names)]).transpose(order)
        return region if "z" in kept else region[np.newaxis][z]

    return (sizes.get("z", 1), sizes["y"], sizes["x"]), read


def one_after_another(first: VolumeSource, pick: Callable[[slice], Iterable[VolumeSource]], advice: str) -> Reader:
    """Return what reads sources of one slice each as one stack.

    Args:
        first: The first of them; the others are expected to be like it, and are looked at when they are read.
        pick: Returns those of a range of slices.
        advice: Ends the message about one that differs.
    """

    def read(z: slice, y: slice, x: slice) -> np.ndarray:
        slices = []
        for each in pick(z):
            if (each.shape, each.dtype) != (first.shape, first.dtype):
                raise UserError(
                    f"{each.name}: {each.dtype} slice of shape {each.shape[1:]}, expected {first.dtype} and "
                    f"{first.shape[1:]} as {first.name} has; {advice}"
                )
            slices.append(each.read(slice(0, 1), y, x))
        return np.concatenate(slices)

    return read


def middle(size: int, side: int) -> slice:
    """Return the middle of an axis: ``side`` pixels, or all where there are fewer."""
    start = max(0, (size - side) // 2)
    return slice(start, min(size, start + side))


def read_ahead(items: Iterable[Item], read: Callable[[Item], Read]) -> Iterator[tuple[Item, Read]]:
    """Read items in a second thread, in order, while the caller works on those before."""
    with ThreadPoolExecutor(1) as reader:
        waiting: deque[tuple[Item, Future[Read]]] = deque()
        try:
            for item in items:
                waiting.append((item, reader.submit(read, item)))
                if len(waiting) > READ_AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
