"""What lies inside neurites and at their contacts: mitochondria, vesicles, microtubules, synaptic densities.

They are the distractors of the phantom: dark, edged and textured like membranes, yet no membrane of a cell.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionnet.arithmetic import cached_njit
from fusionnet.download.phantom.neurites import LAYERS, Neurites
from fusionnet.download.phantom.noise import Image, SmoothNoise, smooth_plane
from fusionnet.download.phantom.tissue import Layer

_RING_GREY = 50.0
# Side by side in a cell body.
MITOCHONDRIA_IN_SOMA = 6
# Half the thickness of mitochondria, in pixels.
LARGEST_IN_NEURITE, LARGEST_IN_SOMA = 32.0, 9.5


@dataclass(frozen=True)
class Mitochondrion:
    """A rounded rod that follows one disc of a neurite through the sections.

    Attributes:
        disc: Number of the disc.
        middle: Section of its middle.
        half_length: Sections from the middle to either end.
        radii: Half axes across the rod, in pixels, the longer first.
        angle: Direction of the long axis, in radians.
        offset: y and x from the disc's centre, in pixels.
        cristae: Distance between cristae, in pixels.
        grey: Of its matrix.
    """

    disc: int
    middle: float
    half_length: float
    radii: tuple[float, float]
    angle: float
    offset: tuple[float, float]
    cristae: float
    grey: float


def place_mitochondria(rng: np.random.Generator, neurites: Neurites, slices: int) -> list[Mitochondrion]:
    """Choose which neurites hold mitochondria, and where along them.

    Args:
        rng: Random generator.
        neurites: Where they may lie; only discs of calibre hold one.
        slices: Number of sections.

    Returns:
        The mitochondria of the block.
    """
    found = []
    bodies = [soma.disc for soma in neurites.somata]
    calibre = neurites.radii.mean(axis=0)
    calibre[bodies] = [soma.radius for soma in neurites.somata]
    roomy = np.setdiff1d(np.flatnonzero(calibre > 16), bodies)
    for disc in [*roomy, *bodies * MITOCHONDRIA_IN_SOMA]:
        largest = LARGEST_IN_SOMA if disc in bodies else LARGEST_IN_NEURITE
        # One mitochondrion for some 30 sections of a neurite, at most one at a time in the same disc.
        middle = rng.uniform(-15, 15)
        while middle < slices + 8:
            half_length = rng.uniform(2.5, 10)
            short = float(np.clip(calibre[disc] * rng.uniform(0.36, 0.6), 8.5, largest))
            long = min(short * rng.uniform(1.0, 1.9), 0.75 * calibre[disc], 50.0)
            room = max(calibre[disc] - long - 4, 0.0)
            towards, angle = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi)
            offset = room * np.sin(towards), room * np.cos(towards)
            cristae, grey = rng.uniform(6, 10), rng.uniform(72, 98)
            radii = max(long, short), short
            if rng.random() < 0.9:
                found.append(Mitochondrion(int(disc), middle, half_length, radii, angle, offset, cristae, grey))
            middle += half_length + rng.uniform(6, 20)
    return found


class MitochondriaPainter:
    """Paints the mitochondria that a section cuts."""

    def __init__(self, seed: list[int], neurites: Neurites, slices: int, size_pixels: int) -> None:
        """Place the mitochondria; ``seed`` keys the random generators."""
        self._neurites = neurites
        self._items = place_mitochondria(np.random.default_rng([*seed, 0]), neurites, slices)
        self._wave = SmoothNoise(np.random.default_rng([*seed, 1]), size_pixels, 9.0, slices, 2.0)

    def paint(self, image: Image, layer: Layer, index: int) -> Image:
        """Paint into ``image`` in place.

        Args:
            image: (Y, X) grey levels.
            layer: The section's middle layer.
            index: Number of the section.

        Returns:
            (Y, X) share of each pixel that is mitochondrion, 0..1.
        """
        cover = np.zeros_like(image)
        wave = self._wave.plane(index)
        for item in self._items:
            along = (index - item.middle) / item.half_length
            if abs(along) < 1:
                self._paint_one(image, cover, layer, wave, item, index, float(np.sqrt(1 - along**4)))
        return cover

    def _paint_one(
        self, image: Image, cover: Image, layer: Layer, wave: Image, item: Mitochondrion, index: int, width: float
    ) -> None:
        centre = self._neurites.centres[index * LAYERS + LAYERS // 2, item.disc] + item.offset
        reach = item.radii[0] + 35
        rows, columns = (slice(max(int(c - reach), 0), max(int(c + reach), 0)) for c in centre)
        window = rows, columns
        if cover[window].size == 0:
            return
        v, u = layer.y[window] - centre[0], layer.x[window] - centre[1]
        sine, cosine = np.sin(item.angle), np.cos(item.angle)
        u, v = u * cosine + v * sine, v * cosine - u * sine
        long, short = item.radii[0] * width, item.radii[1] * width
        radius = np.sqrt((u / long) ** 2 + (v / short) ** 2) + 1e-6
        # Signed pixels inside the outer membrane; first order, as accurate as its blur asks.
        depth = (1 - radius) * short * (1 + 0.08 * wave[window])
        own = layer.cell[window] == self._neurites.cells[item.disc]
        inside = own * soft_step(depth) * soft_step(layer.distance[window] - 4.5)
        phase = 2 * np.pi * v / item.cristae + 1.5 * wave[window] + 0.05 * u
        # Cristae are pale thin clefts in a dark matrix, broken here and there.
        broken = np.clip(0.75 + 0.6 * np.cos(0.19 * u + 2.0 * wave[window]), 0, 1)
        clefts = np.clip(np.cos(phase), 0, 1) ** 2 * broken * soft_step(depth - 4)
        envelope = 22 * np.exp(-((depth - 1.0) ** 2) / 2.0) - 18 * np.exp(-((depth - 3.6) ** 2) / 1.4)
        matrix = item.grey + 56 * clefts - envelope + 0.6 * (image[window] - image[window].mean())
        halo = 9 * own * np.exp(-np.square(np.minimum(depth, 0) / 5.0)) * (1 - inside)
        image[window] += halo + inside * (matrix - image[window])
        cover[window] = np.maximum(cover[window], inside)


def paint_vesicles(
    rng: np.random.Generator, image: Image, layer: Layer, room: NDArray[np.bool_], crowding: NDArray, tubules: NDArray
) -> None:
    """Paint vesicles (rings) and microtubules (dots) into ``image`` in place.

    Args:
        rng: Random generator of this section.
        image: (Y, X) grey levels.
        layer: The section's middle layer.
        room: (Y, X) where they may lie.
        crowding: (cells,) vesicles per 1000 pixels.
        tubules: (cells,) microtubules per 1000 pixels.
    """
    chance = rng.random(image.shape)
    # Vesicles gather in clusters.
    cluster = np.exp(1.3 * smooth_plane(rng, image.shape[0], 12.0)) / 2.3
    at = np.argwhere(room & (chance < crowding[layer.cell] * cluster / 1000))
    _stamp_rings(
        image, at + rng.uniform(-0.5, 0.5, at.shape), rng.normal(3.2, 0.5, len(at)), rng.normal(0.58, 0.12, len(at))
    )
    at = np.argwhere(room & (chance > 1 - tubules[layer.cell] / 1000))
    _stamp_rings(image, at + rng.uniform(-0.5, 0.5, at.shape), np.full(len(at), 0.9), rng.normal(0.42, 0.12, len(at)))


def paint_reticulum(rng: np.random.Generator, image: Image, layer: Layer) -> None:
    """Paint stretches of endoplasmic reticulum into ``image`` in place: thin, curved and faint, much as membranes."""
    course, presence = smooth_plane(rng, image.shape[0], 6.0), smooth_plane(rng, image.shape[0], 10.0)
    ridge = np.exp(-np.square(course / 0.17)) * np.clip(2 * presence - 2.2, 0, 1) * soft_step(layer.distance - 7)
    image -= 34 * ridge


@dataclass(frozen=True)
class Density:
    """A fuzzy dark thickening at a contact of two cells; in sections, pixels, radians; floor in grey levels."""

    middle: float
    centre: tuple[float, float]
    radii: tuple[float, float]
    angle: float
    floor: float


def place_densities(rng: np.random.Generator, layer: Layer, index: int, per_megapixel: float) -> list[Density]:
    """Choose contacts in the middle ``layer`` of section ``index`` and lay densities along them."""
    contacts = np.argwhere(layer.distance < 0.7)
    found = []
    for _ in range(rng.poisson(per_megapixel * layer.distance.size / 1e6)):
        y, x = contacts[rng.integers(len(contacts))]
        near = contacts[(np.abs(contacts - (y, x)) < 10).all(axis=1)] - (y, x)
        moments = near.T @ near
        angle = 0.5 * np.arctan2(2 * moments[0, 1], moments[1, 1] - moments[0, 0])
        radii = float(rng.uniform(9, 24)), float(rng.uniform(4, 9))
        found.append(Density(index + rng.normal(0, 0.3), (float(y), float(x)), radii, angle, rng.uniform(20, 75)))
    return found


def paint_densities(rng: np.random.Generator, image: Image, layer: Layer, densities: list[Density], index: int) -> None:
    """Darken ``image`` in place where section ``index``, with the middle ``layer``, cuts a density."""
    contact = np.exp(-np.square(layer.distance / 9))
    ragged = smooth_plane(rng, image.shape[0], 5.0)
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    for item in densities:
        strength = np.exp(-(((index - item.middle) / 1.1) ** 2))
        if strength < 0.05:
            continue
        reach = int(3 * item.radii[0])
        top, left = max(int(item.centre[0]) - reach, 0), max(int(item.centre[1]) - reach, 0)
        window = slice(top, int(item.centre[0]) + reach), slice(left, int(item.centre[1]) + reach)
        v, u = rows[window[0]] - item.centre[0], columns[:, window[1]] - item.centre[1]
        sine, cosine = np.sin(item.angle), np.cos(item.angle)
        u, v = u * cosine + v * sine, v * cosine - u * sine
        squared = (u / item.radii[0]) ** 2 + (v / item.radii[1]) ** 2
        shade = np.exp(-0.5 * squared * (1 + 0.45 * ragged[window]).clip(0.3, 2))
        image[window] += strength * shade * contact[window] * np.minimum(item.floor - image[window], 0)


def soft_step(depth: Image) -> Image:
    """Return a soft step from 0 to 1 about two pixels wide."""
    return np.clip(depth / 2 + 0.5, 0, 1)


@cached_njit
def _stamp_rings(
    image: NDArray, centres: NDArray, radii: NDArray, darkness: NDArray
) -> None:  # pragma: no cover - compiled
    """Draw a dark ring with a two-pixel wall around each centre; ``darkness`` 1 brings it down to `_RING_GREY`."""
    height, width = image.shape
    for n in range(len(radii)):
        cy, cx = centres[n]
        reach = radii[n] + 4
        for i in range(max(int(cy - reach), 0), min(int(cy + reach) + 1, height)):
            for j in range(max(int(cx - reach), 0), min(int(cx + reach) + 1, width)):
                off = (np.sqrt((i - cy) ** 2 + (j - cx) ** 2) - radii[n]) / 1.15
                image[i, j] += darkness[n] * np.exp(-off * off) * min(_RING_GREY - image[i, j], 0.0)
