"""How a slice is cut into tiles that together give exactly what the whole slice would give.

A slice is mirrored by a padding on each side, and by some more behind, so that its sides become multiples of the
network's total pooling. A tile is predicted from a window that reaches as far beyond it as the network sees; windows
begin and end at multiples of the pooling, so that every pooling cell holds the same pixels as in the whole slice,
in each of the 8 orientations.
"""

from dataclasses import dataclass

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


def spans(size: int, tile: int, padding: int, reach: int) -> list[Span]:
    """Cut one axis of a slice into tiles.

    Args:
        size: Pixels along the axis.
        tile: Pixels of a tile, a multiple of 16; the last one may be smaller.
        padding: Mirrored pixels on each side.
        reach: See `fusionnet.receptive_field.reach`.
    """
    padded = -(-(size + 2 * padding) // SIDE_MULTIPLE) * SIDE_MULTIPLE
    found = []
    for start in range(0, size, tile):
        stop = min(start + tile, size)
        first = max(0, (start + padding - reach) // SIDE_MULTIPLE * SIDE_MULTIPLE)
        last = min(padded, -(-(stop + padding + reach) // SIDE_MULTIPLE) * SIDE_MULTIPLE)
        found.append(Span(start, stop, first - padding, last - padding))
    return found
