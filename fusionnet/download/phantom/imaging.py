"""From tissue to electron micrograph: stain, section, detector."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionnet.download.phantom.noise import Image, SmoothNoise, smooth_plane
from fusionnet.download.phantom.organelles import Density, paint_densities, paint_reticulum, paint_vesicles
from fusionnet.download.phantom.tissue import Layer

CYTOPLASM_GREY = 154.0
# Standard deviations of the detector's noise before blur and of the blur itself, in grey levels and pixels: fitted
# to the high frequencies of the ISBI-2012 slices.
SHOT_NOISE = 47.0
BLUR_PIXELS = (0.58, 0.75)  # ISBI's first fifteen slices have the one, its last fifteen the other


class Painter(Protocol):
    """Paints organelles into the (Y, X) picture of a section, and returns the share of each pixel they cover."""

    def paint(self, image: Image, layer: Layer, index: int) -> Image: ...  # noqa: D102


@dataclass(frozen=True)
class Stain:
    """How each cell takes the stain; all arrays are (cells,).

    Attributes:
        grey: Offset of its cytoplasm, in grey levels.
        grain: Strength of its granularity, 1 on average.
        crowding: Vesicles per 1000 pixels.
        tubules: Microtubules cut across, per 1000 pixels.
        fibres: Strength of its fibres cut lengthwise, 0..1.
        direction: Of the fibres, in radians.
    """

    grey: NDArray[np.float32]
    grain: NDArray[np.float32]
    crowding: NDArray[np.float32]
    tubules: NDArray[np.float32]
    fibres: NDArray[np.float32]
    direction: NDArray[np.float32]


def draw_stain(rng: np.random.Generator, cells: int) -> Stain:
    """Draw the stain of every cell: most are pale, some full of vesicles, a few dark and granular as glia."""
    grey = rng.normal(0, 8, cells)
    grain = rng.lognormal(0, 0.18, cells)
    crowding = np.where(rng.random(cells) < 0.3, rng.uniform(4, 14, cells), rng.uniform(0.5, 4.5, cells))
    tubules = rng.gamma(1.5, 2.5, cells)
    fibres = np.where(rng.random(cells) < 0.35, rng.uniform(0.3, 1.0, cells), 0.0)
    direction = rng.uniform(0, np.pi, cells)
    glia = rng.random(cells) < 0.08
    grey[glia] -= 20
    grain[glia] *= 1.25
    tubules[glia] += 25
    return Stain(*(values.astype(np.float32) for values in (grey, grain, crowding, tubules, fibres, direction)))


def membrane_shade(layers: list[Layer], half_width: Image) -> Image:
    """Return how much membrane a section holds at each pixel, 0..1: the mean of its layers.

    Where a membrane stands upright it stays sharp; where it runs obliquely it is smeared into a band.
    """
    shade = np.zeros_like(half_width)
    for layer in layers:
        shade += 1 / (1 + (layer.distance / half_width) ** 4)
    return (shade / len(layers)).astype(np.float32)


class Microscope:
    """Takes the pictures of one block; what varies slowly through the block is drawn once."""

    def __init__(self, seed: list[int], slices: int, size_pixels: int, stain: Stain, painters: list[Painter]) -> None:
        """Draw the fields that thickness and contrast of membranes follow.

        Args:
            seed: Key of the random generators.
            slices: Sections in the block.
            size_pixels: Side of the square sections.
            stain: How the cells take the stain.
            painters: What fills the cells, in the order of painting.
        """
        self._seed, self._size, self._stain, self._painters = seed, size_pixels, stain, painters
        self._thickness = SmoothNoise(np.random.default_rng([*seed, 0]), size_pixels, 16.0, slices, 1.5)
        self._contrast = SmoothNoise(np.random.default_rng([*seed, 1]), size_pixels, 11.0, slices, 0.8)

    def half_width(self, index: int) -> Image:
        """Return half the thickness of membranes in section ``index``, (Y, X) in pixels."""
        return np.clip(2.4 + 0.48 * self._thickness.plane(index), 1.5, 3.7).astype(np.float32)

    def picture(self, index: int, middle: Layer, shade: Image, densities: list[Density]) -> NDArray[np.uint8]:
        """Return the micrograph of section ``index`` as uint8 (Y, X).

        Args:
            index: Number of the section.
            middle: Its middle layer.
            shade: (Y, X) share of membrane, from `membrane_shade`.
            densities: The block's synaptic densities.
        """
        rng = np.random.default_rng([*self._seed, 2, index])
        image = self._cytoplasm(rng, middle)
        paint_reticulum(rng, image, middle)
        room = middle.distance > 5
        for painter in self._painters:
            room &= painter.paint(image, middle, index) < 0.05
        paint_vesicles(rng, image, middle, room, self._stain.crowding, self._stain.tubules)
        contrast = np.clip(1.0 + 0.25 * self._contrast.plane(index), 0.38, 1.3)
        image = image + shade * (50.0 - image) * np.minimum(contrast, 1.0) - 14 * shade * (contrast - 1)
        paint_densities(rng, image, middle, densities, index)
        return self._expose(rng, image)

    def _cytoplasm(self, rng: np.random.Generator, layer: Layer) -> Image:
        grain = (
            22 * smooth_plane(rng, self._size, 1.2)
            + 10 * smooth_plane(rng, self._size, 2.6)
            + 6 * smooth_plane(rng, self._size, 8.0)
        )
        grain += 15 * self._stain.fibres[layer.cell] * self._fibres(rng, layer)
        return (CYTOPLASM_GREY + self._stain.grey[layer.cell] + self._stain.grain[layer.cell] * grain).astype(
            np.float32
        )

    def _fibres(self, rng: np.random.Generator, layer: Layer) -> Image:
        """Return noise drawn out along each cell's own direction: microtubules and filaments cut lengthwise."""
        direction = self._stain.direction[layer.cell]
        along = (layer.x * np.cos(direction) + layer.y * np.sin(direction)) / 9
        across = layer.y * np.cos(direction) - layer.x * np.sin(direction)
        return ndimage.map_coordinates(smooth_plane(rng, self._size, 1.1), [across, along], order=1, mode="grid-wrap")

    def _expose(self, rng: np.random.Generator, image: Image) -> NDArray[np.uint8]:
        """Light unevenly, blur, add shot noise and bring to the section's own brightness and contrast."""
        image = image + 6 * smooth_plane(rng, self._size, 55.0) + 5 * smooth_plane(rng, self._size, 130.0)
        # Shot noise grows with the square root of the signal.
        signal = np.sqrt(np.clip(image, 20, 255) / CYTOPLASM_GREY)
        noisy = image + SHOT_NOISE * signal * rng.standard_normal(image.shape, dtype=np.float32)
        blurred = ndimage.gaussian_filter(noisy, rng.choice(BLUR_PIXELS))
        gain = rng.normal(1.0, 0.06)
        level = rng.normal(0, 7)
        return np.clip(np.rint((blurred - 126) * gain + 126 + level), 0, 255).astype(np.uint8)
