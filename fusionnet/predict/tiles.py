"""How a slice is cut into tiles that together give exactly what the whole slice would give.

A slice is mirrored by a padding on each side, and by some more behind, so that its sides become multiples of the
network's total pooling. A tile is predicted from a window that reaches as far beyond it as the network sees; windows
begin and end at multiples of the pooling, so that every pooling cell holds the same pixels as in the whole slice,
in each of the 8 orientations.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fusionnet.augment.geometry import mirrored
from fusionnet.models.blocks import SIDE_MULTIPLE


@dataclass(frozen=True)
class Span:
    """One tile along one axis.

    Attributes:
        start: First pixel of the tile, in the slice.
        stop: One behind its last.
        window_start: First pixel of its window, in the slice; negative in the mirrored border.
        window_stop: One behind the window's last.
    """

    start: int
    stop: int
    window_start: int
    window_stop: int

    @property
    def inner(self) -> slice:
        """Where the tile lies in its window."""
        return slice(self.start - self.window_start, self.stop - self.window_start)

    def picked(self, size: int) -> np.ndarray:
        """Return the pixels that make up the window, where the slice has so many along the axis."""
        return mirrored(self.window_start, self.window_stop, size)


def spans(size: int, tile: int, padding: int, reach: int) -> list[Span]:
    """Cut one axis of a slice into tiles.

    Args:
        size: Pixels along the axis.
        tile: Pixels of a tile, a multiple of 16; the last one may be smaller.
        padding: Mirrored pixels on each side.
        reach: See `fusionnet.models.receptive_field.reach`.
    """
    padded = -(-(size + 2 * padding) // SIDE_MULTIPLE) * SIDE_MULTIPLE
    found = []
    for start in range(0, size, tile):
        stop = min(start + tile, size)
        first = max(0, (start + padding - reach) // SIDE_MULTIPLE * SIDE_MULTIPLE)
        last = min(padded, -(-(stop + padding + reach) // SIDE_MULTIPLE) * SIDE_MULTIPLE)
        found.append(Span(start, stop, first - padding, last - padding))
    return found


@dataclass(frozen=True)
class Chunk:
    """A tile of a slice: what is predicted, written and resumed at a time.

    Attributes:
        number: Position in the plan.
        z: Slice of the result.
        source_z: Slice of the volume.
        rows: Tile along y.
        columns: Tile along x.
    """

    number: int
    z: int
    source_z: int
    rows: Span
    columns: Span

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels along y and x."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def region(self) -> tuple[slice, slice, slice]:
        """Where it lies in the result."""
        return (
            slice(self.z, self.z + 1),
            slice(self.rows.start, self.rows.stop),
            slice(self.columns.start, self.columns.stop),
        )


@dataclass(frozen=True)
class ChunkPlan:
    """All chunks of a result; made when asked for, so that their number costs no memory.

    They are ordered by blocks of slices, in a block by tiles, and in a tile by slices: a volume that is stored in
    blocks is then read block by block.

    Attributes:
        slices: Slices of the volume that are predicted.
        rows: Tiles along y.
        columns: Tiles along x.
        depth: Slices of a block; blocks begin at multiples of it in the volume.
    """

    slices: range
    rows: list[Span]
    columns: list[Span]
    depth: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(Z, Y, X) of the result."""
        return len(self.slices), self.rows[-1].stop, self.columns[-1].stop

    def __len__(self) -> int:
        return len(self.slices) * len(self.rows) * len(self.columns)

    def __getitem__(self, number: int) -> Chunk:
        tiles = len(self.rows) * len(self.columns)
        # As if the first block were whole, so that all blocks but the last have the same number of chunks.
        ahead = self.slices.start % self.depth
        block = (number // tiles + ahead) // self.depth
        first = max(block * self.depth - ahead, 0)
        last = min((block + 1) * self.depth - ahead, len(self.slices))
        tile, within = divmod(number - first * tiles, last - first)
        row, column = divmod(tile, len(self.columns))
        z = first + within
        return Chunk(number, z, self.slices[z], self.rows[row], self.columns[column])

    def shard(self, shard: int, shards: int) -> range:
        """Return the numbers of the chunks of one shard of so many, counted from 1; together they are all chunks."""
        return range(len(self) * (shard - 1) // shards, len(self) * shard // shards)

    def chunks(self, numbers: range) -> Iterator[Chunk]:
        """Return the chunks of these numbers."""
        return (self[number] for number in numbers)
