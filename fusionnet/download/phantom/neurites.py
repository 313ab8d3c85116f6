"""Neurites that run through the sections of the phantom.

Every cell is one disc or a chain of discs that drift, swell and push one another aside from section to section.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionnet.arithmetic import cached_njit
from fusionnet.download.phantom.noise import smooth_plane

# One section is cut into this many layers; the image is their mean, which smears oblique membranes into grey bands.
LAYERS = 5
# The layers span this share of the distance between sections: cutting and staining lose the rest.
SPAN = 0.5
# Cells live in a periodic square this much larger than the image on each side.
MARGIN_PIXELS = 100


@dataclass(frozen=True)
class Population:
    """Sizes of the cells, in pixels.

    Attributes:
        median: Of the radii of neurites, which are spread log-normally.
        spread: Standard deviation of the radii's logarithm.
        limits: Smallest and largest radius.
        soma_share: Share of the area that cell bodies take up.
        soma_limits: Smallest and largest radius of a cell body.
    """

    median: float = 15.5
    spread: float = 0.58
    limits: tuple[float, float] = (8.5, 66.0)
    soma_share: float = 0.0
    soma_limits: tuple[float, float] = (48.0, 72.0)


@dataclass(frozen=True)
class Soma:
    """A cell body: an ellipsoid about section ``middle``, ``half_length`` sections to either end."""

    disc: int
    radius: float
    middle: float
    half_length: float


@dataclass(frozen=True)
class Neurites:
    """Discs that make up the cells.

    Attributes:
        centres: (layers, discs, 2) y and x in pixels of the image; the image's corner is at 0, 0.
        radii: (layers, discs) in pixels; negative where the cell has ended.
        cells: (discs,) number of the cell a disc belongs to, 0, 1, 2, ...
        somata: The cell bodies among them, each one disc.
    """

    centres: NDArray[np.float64]
    radii: NDArray[np.float64]
    cells: NDArray[np.int64]
    somata: list[Soma]


def grow_neurites(rng: np.random.Generator, slices: int, size_pixels: int, population: Population) -> Neurites:
    """Place cells at random, let them find room, and follow them through the sections.

    Args:
        rng: Random generator.
        slices: Number of sections.
        size_pixels: Side of the square sections.
        population: Sizes of the cells.

    Returns:
        The discs in every layer.
    """
    period = size_pixels + 2.0 * MARGIN_PIXELS
    somata = _place_somata(rng, slices, period, population)
    centres, radii, cells, bonds, rest = _scatter(rng, period, population, somata)
    count, cell_count = len(radii), int(cells.max()) + 1
    # One cell in three begins or ends within the block; its radius passes through zero there.
    turning = rng.random(cell_count) < 0.35
    end = rng.uniform(0, slices, cell_count)
    side = rng.choice([-1.0, 1.0], cell_count)
    # Small neurites run more obliquely than large ones; a few lie almost in the plane of the section.
    largest = np.zeros(cell_count)
    np.maximum.at(largest, cells, radii)
    speed = rng.gamma(1.5, 1.8, cell_count) * np.clip(20.0 / largest, 0.4, 2)
    turning[: len(somata)] = False
    speed[: len(somata)] = 0.5
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
        for number, soma in enumerate(somata):
            life[number] = _soma_profile((depth - soma.middle) / soma.half_length)
        size = radii * np.exp(0.16 * swelling) * life
        iterations = 120 if index < 0 else 2
        for _ in range(iterations):
            centres = _make_room(centres, np.maximum(size, 0.0), cells, bonds, rest, period)
        if index >= 0:
            track[index], calibre[index] = centres - MARGIN_PIXELS, size
        at = np.floor(centres).astype(int) % int(period)
        common = 4.0 * np.stack([field[at[:, 0], at[:, 1]] for field in flow], axis=1)
        own = speed[cells, None] * np.stack([np.sin(heading), np.cos(heading)], axis=1)[cells]
        # Rounding keeps the last bits of the machine's arithmetic from growing along the track.
        centres = np.round((centres + step * (common + own)) % period, 6)
        heading += rng.normal(0, 0.5 * np.sqrt(step), cell_count)
        decay = np.exp(-step / 4.0)
        swelling = decay * swelling + np.sqrt(1 - decay**2) * rng.standard_normal(count)
        depth += step
    return Neurites(track, calibre, cells, somata)


def _place_somata(rng: np.random.Generator, slices: int, period: float, population: Population) -> list[Soma]:
    """Choose radius and depth of cell bodies, as many as keep their mean share of the area."""
    # A body spans some thirty sections; a section cuts it, on average, at two thirds of its largest area.
    low, high = population.soma_limits
    half_length = 0.4 * (low + high) / 2 / 1.6
    cut = 2 / 3 * 2 * half_length / (slices + 2 * half_length)
    count = round(population.soma_share * period**2 / (np.pi * ((low + high) / 2) ** 2 * cut))
    return [
        Soma(disc, rng.uniform(low, high), rng.uniform(-half_length, slices + half_length), half_length)
        for disc in range(count)
    ]


def _soma_profile(along: float) -> float:
    """Return the radius of an ellipsoid of half axes 1 at ``along`` its axis, falling below 0 beyond its ends."""
    return float(np.sqrt(1 - along**2)) if abs(along) < 1 else max(2 * (1 - abs(along)), -0.6)


def _scatter(
    rng: np.random.Generator, period: float, population: Population, somata: list[Soma]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return centres, radii and cells of discs that fill the periodic square, their bonds, and the bonds' lengths."""
    direction, stretch = (smooth_plane(rng, int(period), 45.0) for _ in range(2))
    bundled = stretch > np.quantile(stretch, 0.68)
    centres: list[NDArray[np.float64]] = [rng.uniform(0, period, 2) for _ in somata]
    radii = [soma.radius for soma in somata]
    cells = list(range(len(somata)))
    bonds: list[tuple[int, int]] = []
    area, cell = population.soma_share * period**2, len(somata)
    while area < 1.08 * period**2:
        radius = float(np.clip(rng.lognormal(np.log(population.median), population.spread), *population.limits))
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


@cached_njit
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
