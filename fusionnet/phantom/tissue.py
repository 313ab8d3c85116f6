"""The phantom's geometry: neurites that run through the sections, and the distance to their membranes.

Every cell is one disc or a chain of discs that drift, swell and push one another aside from section to section.
A pixel belongs to the cell with the smallest ``|x - c|^3 - r^3``: a generalised power diagram, in which large
cells bulge and small ones fill the gaps between them. The plane is warped by smooth noise first, so that no
boundary is straight.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fusionnet.phantom.noise import SmoothNoise, smooth_plane

# One section is cut into this many layers; the image is their mean, which smears oblique membranes into grey bands.
LAYERS = 5
# The layers span this share of the distance between sections: cutting and staining lose the rest.
SPAN = 0.45
# Cells live in a periodic square this much larger than the image on each side.
MARGIN_PIXELS = 100
_TILE = 16
# Bound of how far warping moves a point of a tile against the tile's centre, plus half the tile's diagonal.
_TILE_REACH = 22.0
_CORNER_PIXELS = 1.7


@dataclass(frozen=True)
class Neurites:
    """Discs that make up the cells.

    Attributes:
        centres: (layers, discs, 2) y and x in pixels of the image; the image's corner is at 0, 0.
        radii: (layers, discs) in pixels; negative where the cell has ended.
        cells: (discs,) number of the cell a disc belongs to, 0, 1, 2, ...
    """

    centres: NDArray[np.float64]
    radii: NDArray[np.float64]
    cells: NDArray[np.int64]


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

    def __init__(self, seed: list[int], slices: int, size_pixels: int) -> None:
        """Grow the neurites.

        Args:
            seed: Key of the random generators.
            slices: Sections in the block.
            size_pixels: Side of the square sections.
        """
        self.size_pixels = size_pixels
        self.neurites = grow_neurites(np.random.default_rng([*seed, 1]), slices, size_pixels)
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


def grow_neurites(rng: np.random.Generator, slices: int, size_pixels: int) -> Neurites:
    """Place cells at random, let them find room, and follow them through the sections.

    Args:
        rng: Random generator.
        slices: Number of sections.
        size_pixels: Side of the square sections.

    Returns:
        The discs in every layer.
    """
    period = size_pixels + 2.0 * MARGIN_PIXELS
    centres, radii, cells, bonds, rest = _scatter(rng, period)
    count, cell_count = len(radii), int(cells.max()) + 1
    # One cell in three begins or ends within the block; its radius passes through zero there.
    turning = rng.random(cell_count) < 0.35
    end = rng.uniform(0, slices, cell_count)
    side = rng.choice([-1.0, 1.0], cell_count)
    # Small neurites run more obliquely than large ones; a few lie almost in the plane of the section.
    largest = np.zeros(cell_count)
    np.maximum.at(largest, cells, radii)
    speed = rng.gamma(1.5, 1.8, cell_count) * np.clip(20.0 / largest, 0.4, 2)
    ramp = np.maximum(2.0, largest / 7)
    heading = rng.uniform(0, 2 * np.pi, cell_count)
    flow = [smooth_plane(rng, int(period), 60.0) for _ in range(2)]
    swelling = rng.standard_normal(count)

    layers = slices * LAYERS
    track = np.empty((layers, count, 2))
    calibre = np.empty((layers, count))
    depth = 0.0
    for index in range(-1, layers):
        step = SPAN / LAYERS if (index + 1) % LAYERS else 1 - SPAN * (1 - 1 / LAYERS)
        life = np.where(turning, np.clip((depth - end) * side / ramp, -0.6, 1.0), 1.0)[cells]
        size = radii * np.exp(0.16 * swelling) * life
        iterations = 120 if index < 0 else 2
        for _ in range(iterations):
            centres = _make_room(centres, np.maximum(size, 0.0), cells, bonds, rest, period)
        if index >= 0:
            track[index], calibre[index] = centres - MARGIN_PIXELS, size
        at = np.floor(centres).astype(int) % int(period)
        common = 3.5 * np.stack([field[at[:, 0], at[:, 1]] for field in flow], axis=1)
        own = speed[cells, None] * np.stack([np.sin(heading), np.cos(heading)], axis=1)[cells]
        # Rounding keeps the last bits of the machine's arithmetic from growing along the track.
        centres = np.round((centres + step * (common + own)) % period, 6)
        heading += rng.normal(0, 0.5 * np.sqrt(step), cell_count)
        decay = np.exp(-step / 4.0)
        swelling = decay * swelling + np.sqrt(1 - decay**2) * rng.standard_normal(count)
        depth += step
    return Neurites(track, calibre, cells)


def _scatter(
    rng: np.random.Generator, period: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return centres, radii and cells of discs that fill the periodic square, their bonds, and the bonds' lengths."""
    direction, stretch = (smooth_plane(rng, int(period), 45.0) for _ in range(2))
    bundled = stretch > np.quantile(stretch, 0.68)
    centres: list[NDArray[np.float64]] = []
    radii: list[float] = []
    cells: list[int] = []
    bonds: list[tuple[int, int]] = []
    area, cell = 0.0, 0
    while area < 1.08 * period**2:
        radius = float(np.clip(rng.lognormal(np.log(16.5), 0.58), 8.5, 66))
        start = rng.uniform(0, period, 2)
        at = int(start[0]), int(start[1])
        if bundled[at] and radius < 32:  # a bundle: processes cut lengthwise, side by side
            angle = 1.5 * direction[at] + rng.normal(0, 0.2)
            chain = [0.62 * radius * rng.uniform(0.85, 1.15) for _ in range(rng.integers(4, 10))]
        elif rng.random() < 0.5:  # lobes make the cell concave
            angle = rng.uniform(0, 2 * np.pi)
            chain = [radius, *(radius * rng.uniform(0.4, 0.95) for _ in range(rng.integers(1, 4)))]
        else:
            angle, chain = 0.0, [radius]
        position = start
        for link, size in enumerate(chain):
            if link:
                step = 0.6 * (chain[link - 1] + size)
                position = position + step * np.array([np.sin(angle), np.cos(angle)])
                angle += rng.normal(0, 0.35)
                bonds.append((len(radii) - 1, len(radii)))
            centres.append(position % period)
            radii.append(size)
            cells.append(cell)
            area += np.pi * size**2
        cell += 1
    sizes = np.array(radii)
    pairs = np.array(bonds, dtype=np.int64).reshape(-1, 2)
    return np.array(centres), sizes, np.array(cells), pairs, 0.6 * sizes[pairs].sum(axis=1)


@njit(cache=True)
def _make_room(
    centres: NDArray, radii: NDArray, cells: NDArray, bonds: NDArray, rest: NDArray, period: float
) -> NDArray:  # pragma: no cover - compiled
    """Push overlapping discs of different cells apart and pull bonded ones together, one step."""
    moved = centres.copy()
    for i in range(len(radii)):
        for j in range(i):
            if cells[i] == cells[j]:
                continue
            dy, dx = centres[i, 0] - centres[j, 0], centres[i, 1] - centres[j, 1]
            dy, dx = dy - period * np.round(dy / period), dx - period * np.round(dx / period)
            reach = 0.92 * (radii[i] + radii[j])
            squared = dy * dy + dx * dx
            if squared >= reach * reach or squared == 0.0:
                continue
            gap = np.sqrt(squared)
            push = 0.35 * (reach - gap) / gap
            share = radii[j] ** 2 / (radii[i] ** 2 + radii[j] ** 2)
            moved[i, 0] += push * share * dy
            moved[i, 1] += push * share * dx
            moved[j, 0] -= push * (1 - share) * dy
            moved[j, 1] -= push * (1 - share) * dx
    for b in range(len(rest)):
        i, j = bonds[b]
        dy, dx = centres[i, 0] - centres[j, 0], centres[i, 1] - centres[j, 1]
        dy, dx = dy - period * np.round(dy / period), dx - period * np.round(dx / period)
        gap = np.sqrt(dy * dy + dx * dx) + 1e-9
        pull = 0.3 * (rest[b] - gap) / gap
        moved[i, 0] += pull * dy
        moved[i, 1] += pull * dx
        moved[j, 0] -= pull * dy
        moved[j, 1] -= pull * dx
    return moved


@njit(cache=True)
def _partition(
    y: NDArray, x: NDArray, centres: NDArray, radii: NDArray, cells: NDArray
) -> tuple[NDArray, NDArray]:  # pragma: no cover - compiled
    """Return for each pixel its cell and the distance to the boundary, to first order, in pixels.

    Tiles are treated in turn: only discs that can be nearest or second nearest somewhere in a tile are compared.
    """
    height, width = y.shape
    cell = np.empty((height, width), np.int32)
    distance = np.empty((height, width), np.float32)
    count = len(radii)
    cubes = radii**3
    lower = np.empty(count)
    near = np.empty(count, np.int64)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            bottom, right = min(top + _TILE, height), min(left + _TILE, width)
            cy, cx = y[(top + bottom) // 2, (left + right) // 2], x[(top + bottom) // 2, (left + right) // 2]
            first, second, owner = np.inf, np.inf, -1
            for k in range(count):
                gap = np.sqrt((cy - centres[k, 0]) ** 2 + (cx - centres[k, 1]) ** 2)
                lower[k] = max(gap - _TILE_REACH, 0.0) ** 3 - cubes[k]
                upper = (gap + _TILE_REACH) ** 3 - cubes[k]
                if upper < first:
                    if cells[k] != owner:
                        second, owner = first, cells[k]
                    first = upper
                elif upper < second and cells[k] != owner:
                    second = upper
            kept = 0
            for k in range(count):
                if lower[k] <= second:
                    near[kept] = k
                    kept += 1
            for i in range(top, bottom):
                for j in range(left, right):
                    best, a = np.inf, -1
                    for n in range(kept):
                        k = near[n]
                        dy, dx = y[i, j] - centres[k, 0], x[i, j] - centres[k, 1]
                        squared = dy * dy + dx * dx
                        value = squared * np.sqrt(squared) - cubes[k]
                        if value < best:
                            best, a = value, k
                    nearest, next_nearest, neighbour = np.inf, np.inf, -1
                    ay, ax = y[i, j] - centres[a, 0], x[i, j] - centres[a, 1]
                    na = np.sqrt(ay * ay + ax * ax)
                    for n in range(kept):
                        k = near[n]
                        if cells[k] == cells[a]:
                            continue
                        by, bx = y[i, j] - centres[k, 0], x[i, j] - centres[k, 1]
                        nb = np.sqrt(by * by + bx * bx)
                        slope = 3 * np.sqrt((nb * by - na * ay) ** 2 + (nb * bx - na * ax) ** 2) + 1e-6
                        gap = (nb * nb * nb - cubes[k] - best) / slope
                        if gap < nearest:
                            if cells[k] != neighbour:
                                next_nearest, neighbour = nearest, cells[k]
                            nearest = gap
                        elif gap < next_nearest and cells[k] != neighbour:
                            next_nearest = gap
                    # A soft minimum rounds the corners where three cells meet.
                    corner = min(next_nearest - nearest, 40.0) / _CORNER_PIXELS
                    cell[i, j] = cells[a]
                    distance[i, j] = max(nearest - _CORNER_PIXELS * np.log(1 + np.exp(-corner)), 0.0)
    return cell, distance
