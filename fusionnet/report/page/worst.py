"""The largest errors of a segmentation, each with its size and the place where it is seen best."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import distance_transform_edt

from fusionnet.evaluate.error_maps import main_partners
from fusionnet.evaluate.thinning import components

LISTED = 10
Kind = Literal["merger", "split"]


@dataclass(frozen=True)
class Mistake:
    """A piece of a cell in a segment of another cell, or apart from the segment of its own."""

    kind: Kind
    pixels: int
    """Of the piece: what is with the wrong cell, or split off."""
    position: int
    """Of the slice in its stack, from 0."""
    y: int
    x: int
    """Where the piece comes nearest to what it was merged with or split from: the missing or the needless border."""


def largest_mistakes(truth: np.ndarray, segments: np.ndarray, count: int = LISTED) -> dict[Kind, list[Mistake]]:
    """Return the largest mergers and splits of a stack, largest first.

    They are the pieces that `fusionnet.evaluate.error_maps.merge_and_split_masks` marks, one for each cell and segment.

    Args:
        truth: Cells of each slice: a mask, or instance numbers; (Z, Y, X).
        segments: Segment numbers of each slice, 0 on dams, (Z, Y, X).
        count: How many of either kind, at most.
    """
    cells = np.stack([components(plane) for plane in truth])
    pieces: dict[Kind, list[tuple[int, int, int, int, int]]] = {"merger": [], "split": []}
    for position, (cells_here, segments_here) in enumerate(zip(cells, segments, strict=True)):
        pairs, sizes, main_segment, main_cell = main_partners(cells_here, segments_here)
        for (cell, segment), size in zip(pairs.T.tolist(), sizes.tolist(), strict=True):
            if main_cell[segment] != cell:
                pieces["merger"].append((-size, position, cell, segment, int(main_cell[segment])))
            if main_segment[cell] != segment:
                pieces["split"].append((-size, position, cell, segment, int(main_segment[cell])))
    return {
        kind: [_located(kind, piece, cells[piece[1]], segments[piece[1]]) for piece in sorted(found)[:count]]
        for kind, found in pieces.items()
    }


def _located(kind: Kind, piece: tuple[int, int, int, int, int], cells: np.ndarray, segments: np.ndarray) -> Mistake:
    size, position, cell, segment, main = piece
    rest = (cells == main) & (segments == segment) if kind == "merger" else (cells == cell) & (segments == main)
    return Mistake(kind, -size, position, *meeting_place((cells == cell) & (segments == segment), rest))


def meeting_place(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Return the middle (y, x) between the two pixels at which two regions come nearest to each other.

    Args:
        first: bool (Y, X), somewhere true.
        second: Likewise.
    """
    rows, columns = (np.flatnonzero((first | second).any(axis=axis)) for axis in (1, 0))
    view = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    distance, nearest = distance_transform_edt(~second[view], return_indices=True)
    place = np.unravel_index(np.where(first[view], distance, np.inf).argmin(), distance.shape)
    middle = (np.array(place) + nearest[:, place[0], place[1]]) // 2
    return int(rows[0] + middle[0]), int(columns[0] + middle[1])
