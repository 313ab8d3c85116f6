"""The phantom's geometry: which cell a pixel lies in, and how far from its membrane.

A pixel belongs to the cell with the smallest ``|x - c|^3 - r^3`` of its discs: a generalised power diagram, in
which large cells bulge and small ones fill the gaps between them. The plane is warped by smooth noise first, so
that no boundary is straight.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionnet.arithmetic import cached_njit
from fusionnet.download.phantom.neurites import LAYERS, SPAN, Population, grow_neurites
from fusionnet.download.phantom.noise import SmoothNoise
from fusionnet.errors import UserError

_TILE = 16
# Bound of how far warping moves a point of a tile against the tile's centre, plus half the tile's diagonal.
_TILE_REACH = 22.0
# Radius to which corners are rounded where three cells meet.
_CORNER_PIXELS = 1.7


@dataclass(frozen=True)
class Layer:
    """One infinitely thin plane of tissue.

    Attributes:
        cell: (Y, X) number of the cell at each pixel.
        distance: (Y, X) pixels to the nearest boundary with another cell.
        y: (Y, X) warped row coordinate, in which the discs are round.
        x: (Y, X) warped column coordinate.
    """

    cell: NDArray[np.int32]
    distance: NDArray[np.float32]
    y: NDArray[np.float32]
    x: NDArray[np.float32]


class Tissue:
    """A block of neurites that can be looked at in any layer."""

    def __init__(self, seed: list[int], slices: int, size_pixels: int, population: Population | None = None) -> None:
        """Grow the neurites.

        Args:
            seed: Key of the random generators.
            slices: Sections in the block.
            size_pixels: Side of the square sections.
            population: Sizes of the cells; by default those of neurites alone, at 4 nm to the pixel.
        """
        self.size_pixels = size_pixels
        self.neurites = grow_neurites(
            np.random.default_rng([*seed, 1]), slices, size_pixels, population or Population()
        )
        # (scale in pixels, amplitude in pixels, scale in slices): bends, undulation and roughness of membranes.
        octaves = [(38.0, 10.0, 5.0), (17.0, 3.4, 3.0), (6.0, 0.6, 0.8)]
        # Sections are aligned to a pixel or two.
        self._shift = np.random.default_rng([*seed, 3]).normal(0, 2.0, (slices + 1, 2)).astype(np.float32)
        self._warp = [
            [
                (amplitude, SmoothNoise(np.random.default_rng([*seed, 2, axis, i]), size_pixels, scale, slices, depth))
                for i, (scale, amplitude, depth) in enumerate(octaves)
            ]
            for axis in (0, 1)
        ]
        self._kept: dict[int, NDArray[np.float32]] = {}

    def section(self, index: int) -> list[Layer]:
        """Return the `LAYERS` layers of section ``index``, from top to bottom."""
        return [self.layer(index, number) for number in range(LAYERS)]

    def layer(self, index: int, number: int = LAYERS // 2) -> Layer:
        """Return one layer of section ``index``, by default its middle."""
        share = np.float32(SPAN * (number + 0.5) / LAYERS)
        top, bottom = self._coordinates(index), self._coordinates(index + 1)
        (y, x), at = self._shift[index][:, None, None] + (1 - share) * top + share * bottom, index * LAYERS + number
        cell, distance = _partition(y, x, self.neurites.centres[at], self.neurites.radii[at], self.neurites.cells)
        return Layer(cell, distance, y, x)

    def _coordinates(self, depth: int) -> NDArray[np.float32]:
        """Return the warped row and column coordinates at the top of a section, (2, Y, X)."""
        if depth not in self._kept:
            grid = np.arange(self.size_pixels, dtype=np.float32)
            y, x = (sum(np.float32(amplitude) * noise.plane(depth) for amplitude, noise in axis) for axis in self._warp)
            # A section asks for its own top and the next one's, layer after layer; older planes are let go.
            self._kept = {kept: planes for kept, planes in self._kept.items() if abs(kept - depth) == 1}
            self._kept[depth] = np.stack([grid[:, None] + y, grid[None, :] + x])
        return self._kept[depth]


def check_sizes(rng_seed: int, slices: int, size_pixels: int) -> None:
    """Raise `UserError` for a negative seed, no slices, or sections too small to hold cells or too large."""
    if rng_seed < 0:
        raise UserError(f"phantom: seed {rng_seed} is negative; expected 0 or more")
    if slices < 1:
        raise UserError(f"phantom: {slices} slices; expected at least 1")
    if not 64 <= size_pixels <= 4096:
        raise UserError(f"phantom: sections of {size_pixels} pixels; expected a side of 64 to 4096")


@cached_njit
def _partition(
    y: NDArray, x: NDArray, centres: NDArray, radii: NDArray, cells: NDArray
) -> tuple[NDArray, NDArray]:  # pragma: no cover - compiled
    """Return for each pixel its cell and its distance to the nearest other cell, to first order, in pixels.

    Tiles are treated in turn: only discs that can matter somewhere in a tile are compared.
    """
    height, width = y.shape
    cell = np.empty((height, width), np.int32)
    distance = np.empty((height, width), np.float32)
    cubes = radii**3
    near = np.empty(len(radii), np.int64)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            bottom, right = min(top + _TILE, height), min(left + _TILE, width)
            middle = (top + bottom) // 2, (left + right) // 2
            kept = _discs_of_tile(y[middle], x[middle], centres, cubes, cells, near)
            for i in range(top, bottom):
                for j in range(left, right):
                    disc, gap = _owner(y[i, j], x[i, j], centres, cubes, cells, near[:kept])
                    cell[i, j], distance[i, j] = cells[disc], gap
    return cell, distance


@cached_njit
def _discs_of_tile(
    y: float, x: float, centres: NDArray, cubes: NDArray, cells: NDArray, near: NDArray
) -> int:  # pragma: no cover - compiled
    """Write into ``near`` the discs that can be nearest or of the second nearest cell in a tile; return their count."""
    first, second, owner = np.inf, np.inf, -1
    for k in range(len(cubes)):
        upper = (np.hypot(y - centres[k, 0], x - centres[k, 1]) + _TILE_REACH) ** 3 - cubes[k]
        if upper < first:
            if cells[k] != owner:
                second, owner = first, cells[k]
            first = upper
        elif upper < second and cells[k] != owner:
            second = upper
    kept = 0
    for k in range(len(cubes)):
        gap = max(np.hypot(y - centres[k, 0], x - centres[k, 1]) - _TILE_REACH, 0.0)
        if gap**3 - cubes[k] <= second:
            near[kept] = k
            kept += 1
    return kept


@cached_njit
def _owner(
    y: float, x: float, centres: NDArray, cubes: NDArray, cells: NDArray, near: NDArray
) -> tuple[int, float]:  # pragma: no cover - compiled
    """Return the disc that a point belongs to and the distance to the nearest other cell, corners rounded."""
    best, disc = np.inf, -1
    for k in near:
        squared = (y - centres[k, 0]) ** 2 + (x - centres[k, 1]) ** 2
        value = squared * np.sqrt(squared) - cubes[k]
        if value < best:
            best, disc = value, k
    ay, ax = y - centres[disc, 0], x - centres[disc, 1]
    a = np.sqrt(ay * ay + ax * ax)
    nearest, next_nearest, neighbour = np.inf, np.inf, -1
    for k in near:
        if cells[k] == cells[disc]:
            continue
        by, bx = y - centres[k, 0], x - centres[k, 1]
        b = np.sqrt(by * by + bx * bx)
        # Both potentials are equal on the boundary; their difference over its slope is the distance to it.
        slope = 3 * np.sqrt((b * by - a * ay) ** 2 + (b * bx - a * ax) ** 2) + 1e-6
        gap = (b * b * b - cubes[k] - best) / slope
        if gap < nearest:
            if cells[k] != neighbour:
                next_nearest, neighbour = nearest, cells[k]
            nearest = gap
        elif gap < next_nearest and cells[k] != neighbour:
            next_nearest = gap
    # A soft minimum of the two nearest cells rounds the corners where three meet.
    corner = min(next_nearest - nearest, 40.0) / _CORNER_PIXELS
    return disc, max(nearest - _CORNER_PIXELS * np.log(1 + np.exp(-corner)), 0.0)
