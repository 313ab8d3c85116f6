"""The levels of chunked volumes, each coarser than the one before, written region by region through tensorstore.

Each has half the width and height of the one before, and half the slices once voxels are about cubes: means of grey
values, the most frequent of labels.
"""

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import Shape, VolumeSource, read_ahead

LARGEST_TOP = 256  # voxels along any axis of the coarsest level
WINDOW_SIDE, WINDOW_BYTES = 1024, 1 << 25  # that are read at a time
WRITES = 4  # that go on at a time
ALL_LEVELS = 4 / 3  # of the first level's size, at most

Region = tuple[slice, slice, slice]


@contextmanager
def written_or_told() -> Iterator[None]:
    """Turn tensorstore's error, such as that of a full disk, into a `UserError`."""
    try:
        yield
    except ValueError as error:
        what = re.sub(r" \[.*", "", str(error).splitlines()[0])
        raise UserError(f"a chunk cannot be written ({what}); is the disk full or read-only?") from error


class Writes:
    """Writes that go on while the next values are made; when there are too many, the first is waited for."""

    def __init__(self) -> None:
        self._waiting: deque[Any] = deque()

    def add(self, array: Any, region: Region, values: np.ndarray) -> None:
        """Begin to write a region of a tensorstore's array; the values must not change any more."""
        self._waiting.append(array[region].write(values, can_reference_source_data_indefinitely=True))
        while len(self._waiting) > WRITES:
            self._wait_for_first()

    def wait(self) -> None:
        """Wait until all is written.

        Raises:
            UserError: A chunk could not be written.
        """
        while self._waiting:
            self._wait_for_first()

    def _wait_for_first(self) -> None:
        with written_or_told():
            self._waiting.popleft().result()


def factors_of(plan: OutputPlan) -> list[Shape]:
    """Return how many voxels along (Z, Y, X) make one of each level; of the first, (1, 1, 1)."""
    factors = [(1, 1, 1)]
    shape, sides = np.array(plan.shape), np.array(plan.voxel_size_nm or (1.0, 1.0, 1.0))
    while shape.max() > LARGEST_TOP:
        halved = (shape > 1) & (sides < 2 * sides[shape > 1].min())
        shape, sides = np.where(halved, -(-shape // 2), shape), np.where(halved, sides * 2, sides)
        last = factors[-1]
        factors.append(tuple(int(f) * (1 + int(h)) for f, h in zip(last, halved, strict=True)))  # type: ignore[arg-type]
    return factors


def shape_of(plan: OutputPlan, factors: Shape) -> Shape:
    """Return the shape of a level."""
    z, y, x = (-(-size // factor) for size, factor in zip(plan.shape, factors, strict=True))
    return z, y, x


def write_levels(
    source: VolumeSource, plan: OutputPlan, arrays: Sequence[Any], chunks: Sequence[Shape], copy: bool
) -> None:
    """Write all levels from the first, each voxel of which is read once from the source.

    Args:
        source: Gives the values.
        plan: What is written.
        arrays: The levels, as tensorstore's arrays of axes z, y, x.
        chunks: Shapes of their chunks.
        copy: Write the first level too; else it is there.
    """
    factors = factors_of(plan)
    writes = Writes()
    for level in range(len(arrays)):
        shape = shape_of(plan, factors[level])
        further = level + 1 < len(arrays)
        step = tuple(b // a for a, b in zip(factors[level], factors[level + 1], strict=True)) if further else (1, 1, 1)
        coarse = chunks[level + 1] if further else (1, 1, 1)
        base = [max(fine, f * c) for fine, f, c in zip(chunks[level], step, coarse, strict=True)]
        read = _reader(source, arrays, level)
        for region, values in read_ahead(_windows(shape, base, plan.dtype.itemsize, source.depth), read):
            if copy and not level:
                writes.add(arrays[0], region, values)
            if further:
                writes.add(arrays[level + 1], _coarser(region, step), _halved(values, step, plan.labels))
        writes.wait()


def _reader(source: VolumeSource, arrays: Sequence[Any], level: int) -> Callable[[Region], np.ndarray]:
    if level:
        return lambda region: arrays[level][region].read().result()
    return lambda region: np.ascontiguousarray(source.read(*region), arrays[0].dtype.numpy_dtype)


def _windows(shape: Shape, base: Sequence[int], itemsize: int, depth: int) -> Iterator[Region]:
    """Return regions that make up a level; no chunk, of it or of the next, lies in two of them."""
    z, y, x = base
    while y < WINDOW_SIDE and x < WINDOW_SIDE:
        y, x = 2 * y, 2 * x
    while z < min(depth, shape[0]) and z * y * x * itemsize < WINDOW_BYTES:
        z *= 2
    ranges = [range(0, size, step) for size, step in zip(shape, (z, y, x), strict=True)]
    for start in itertools.product(*ranges):
        a, b, c = (slice(s, min(s + step, n)) for s, step, n in zip(start, (z, y, x), shape, strict=True))
        yield a, b, c


def _coarser(region: Region, step: Sequence[int]) -> Region:
    z, y, x = (slice(part.start // by, -(-part.stop // by)) for part, by in zip(region, step, strict=True))
    return z, y, x


def _halved(values: np.ndarray, step: Sequence[int], labels: bool) -> np.ndarray:
    import tensorstore

    return tensorstore.downsample(tensorstore.array(values), step, "mode" if labels else "mean").read().result()
