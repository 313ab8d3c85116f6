"""A second phantom: cell bodies with nuclei among neurites, for the segmentation of nuclei.

Bodies and nuclei are drawn smaller than life beside their organelles, so that several fit into a small section.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fusionnet.download.phantom.imaging import CYTOPLASM_GREY, Microscope, Stain, draw_stain, membrane_shade
from fusionnet.download.phantom.neurites import LAYERS, Neurites, Population, Soma
from fusionnet.download.phantom.noise import Image, SmoothNoise
from fusionnet.download.phantom.organelles import MitochondriaPainter, soft_step
from fusionnet.download.phantom.tissue import Layer, Tissue, check_sizes

# More and thinner neurites than in the first phantom, and bodies in some two fifths of the area.
POPULATION = Population(median=12.0, limits=(7.0, 36.0), soma_share=0.42)
# Radius of a nucleus against that of its body.
NUCLEUS_SHARE = (0.62, 0.76)
# A nucleus keeps this far from its body's membrane, and ends where a section would cut it smaller.
RIM_PIXELS, SMALLEST_RADIUS_PIXELS = 5.0, 6.0


def draw_nuclei_phantom(rng_seed: int, slices: int, size_pixels: int) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Draw a stack of cell bodies and neurites, and number its nuclei.

    Args:
        rng_seed: Same seed, same stack; different seeds, unrelated stacks.
        slices: Number of sections.
        size_pixels: Side of the square sections; at least 64.

    Returns:
        The volume, uint8 (Z, Y, X), and the nuclei's numbers, uint16 (Z, Y, X): one number for each nucleus in all
        its sections, 0 outside.

    Raises:
        UserError: If the seed is negative or a size is out of range.
    """
    check_sizes(rng_seed, slices, size_pixels)
    seed = [rng_seed, 77]
    tissue = Tissue([*seed, 1], slices, size_pixels, POPULATION)
    stain = draw_stain(np.random.default_rng([*seed, 2]), int(tissue.neurites.cells.max()) + 1)
    stain = _stain_somata(stain, tissue.neurites)
    nuclei = NucleiPainter([*seed, 3], tissue.neurites, slices, size_pixels)
    mitochondria = MitochondriaPainter([*seed, 4], tissue.neurites, slices, size_pixels)
    microscope = Microscope([*seed, 5], slices, size_pixels, stain, [mitochondria, nuclei])
    volume = np.empty((slices, size_pixels, size_pixels), np.uint8)
    instances = np.empty(volume.shape, np.uint16)
    for index in range(slices):
        layers = tissue.section(index)
        shade = membrane_shade(layers, microscope.half_width(index))
        volume[index] = microscope.picture(index, layers[LAYERS // 2], shade, [])
        instances[index] = nuclei.numbers(layers[LAYERS // 2], index)
    return volume, instances


@dataclass(frozen=True)
class Nucleus:
    """The nucleus of a body.

    Attributes:
        soma: The body.
        share: Its radius against the body's.
        aspect: Long against short axis.
        angle: Direction of the long axis, in radians.
        offset: y and x from the body's centre, as a share of the room there is.
        nucleolus: y and x of its nucleolus from its centre, as a share of its radius.
    """

    soma: Soma
    share: float
    aspect: float
    angle: float
    offset: tuple[float, float]
    nucleolus: tuple[float, float]


class NucleiPainter:
    """Paints the nuclei that a section cuts: pale, with envelope, heterochromatin and nucleolus."""

    def __init__(self, seed: list[int], neurites: Neurites, slices: int, size_pixels: int) -> None:
        """Draw the nuclei; ``seed`` keys the random generators."""
        self._neurites = neurites
        rng = np.random.default_rng([*seed, 0])
        self._nuclei = [_draw_nucleus(rng, soma) for soma in neurites.somata]
        fields = ((18.0, 4.0), (4.5, 1.2), (1.3, 0.4))
        self._dent, self._clumps, self._grain = (
            SmoothNoise(np.random.default_rng([*seed, 1, i]), size_pixels, scale, slices, depth)
            for i, (scale, depth) in enumerate(fields)
        )

    def depth(self, layer: Layer, index: int) -> Image:
        """Return how far each pixel (Y, X) lies inside a nucleus, in pixels; negative outside all."""
        return self._place(layer, index)[0]

    def numbers(self, layer: Layer, index: int) -> NDArray[np.uint16]:
        """Return the number of the nucleus that each pixel (Y, X) lies in, counted from 1; 0 outside all."""
        depth, _, number = self._place(layer, index)
        return np.where(depth > 0, number, 0).astype(np.uint16)

    def paint(self, image: Image, layer: Layer, index: int) -> Image:
        """Paint into ``image`` in place.

        Args:
            image: (Y, X) grey levels.
            layer: The section's middle layer.
            index: Number of the section.

        Returns:
            (Y, X) share of each pixel that is nucleus, 0..1.
        """
        depth, nucleolus, _ = self._place(layer, index)
        cover = soft_step(depth)
        clumps = self._clumps.plane(index)
        # Heterochromatin lines the envelope and lies about in clumps.
        dark = np.clip(clumps - 1.0 + 1.3 * np.exp(-np.maximum(depth, 0) / 3.5), 0, 1)
        plasm = CYTOPLASM_GREY + 10 + 13 * self._grain.plane(index) - 62 * dark - 74 * nucleolus
        image += cover * (plasm - image)
        # Two membranes with a pale cleft between them.
        image -= 50 * np.exp(-np.square((depth - 0.5) / 1.5)) - 20 * np.exp(-np.square((depth + 3.0) / 1.2))
        return cover

    def _place(self, layer: Layer, index: int) -> tuple[Image, Image, NDArray[np.uint16]]:
        """Return depth inside nuclei, cover by nucleoli, and the nucleus of each pixel's own body, all (Y, X)."""
        depth = np.full(layer.cell.shape, -100.0, np.float32)
        nucleolus = np.zeros_like(depth)
        number = np.zeros(layer.cell.shape, np.uint16)
        dent = self._dent.plane(index)
        for count, item in enumerate(self._nuclei, start=1):
            soma = item.soma
            along = (index - soma.middle) / (item.share * soma.half_length)
            radius = item.share * soma.radius * np.sqrt(max(1 - along**2, 0.0))
            if radius < SMALLEST_RADIUS_PIXELS:
                continue
            room = (1 - item.share * item.aspect) * soma.radius
            centre = self._neurites.centres[index * LAYERS + LAYERS // 2, soma.disc] + room * np.array(item.offset)
            v, u = layer.y - centre[0], layer.x - centre[1]
            sine, cosine = np.sin(item.angle), np.cos(item.angle)
            across, lengthwise = v * cosine - u * sine, (u * cosine + v * sine) / item.aspect
            own = layer.cell == self._neurites.cells[soma.disc]
            inside = np.minimum(radius - np.hypot(across, lengthwise) + 2.5 * dent, layer.distance - RIM_PIXELS)
            depth = np.where(own, inside, depth)
            number[own] = count
            core = np.hypot(v - item.nucleolus[0] * soma.radius, u - item.nucleolus[1] * soma.radius)
            size = 0.2 * soma.radius * np.sqrt(max(1 - (1.7 * along) ** 2, 0.0))
            if size > 2:
                nucleolus += own * soft_step((size - core + 1.5 * dent) / 2)
        return depth.astype(np.float32), nucleolus.astype(np.float32), number


def _draw_nucleus(rng: np.random.Generator, soma: Soma) -> Nucleus:
    offset, nucleolus = rng.uniform(-0.4, 0.4, 2), rng.uniform(-0.25, 0.25, 2)
    return Nucleus(
        soma,
        share=rng.uniform(*NUCLEUS_SHARE),
        aspect=rng.uniform(1.0, 1.3),
        angle=rng.uniform(0, np.pi),
        offset=(offset[0], offset[1]),
        nucleolus=(nucleolus[0], nucleolus[1]),
    )


def _stain_somata(stain: Stain, neurites: Neurites) -> Stain:
    """Return the stain with bodies alike: greyer than neurites, full of ribosomes, without fibres or vesicles."""
    bodies = neurites.cells[[soma.disc for soma in neurites.somata]].astype(int)
    values = {"grey": -8.0, "grain": 1.1, "crowding": 1.0, "tubules": 28.0, "fibres": 0.0}
    changed = {name: getattr(stain, name).copy() for name in values}
    for name, value in values.items():
        changed[name][bodies] = value
    return replace(stain, **changed)
