"""Neurites that run through the sections of the phantom.

Every cell is one disc or a chain of discs that drift, swell and push one another aside from section to section.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fusionnet.phantom.noise import smooth_plane

# One section is cut into this many layers; the image is their mean, which smears oblique membranes into grey bands.
LAYERS = 5
# The layers span this share of the distance between sections: cutting and staining lose the rest.
SPAN = 0.45
# Cells live in a periodic square this much larger than the image on each side.
MARGIN_PIXELS = 100


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
