"""A synthetic serial-section electron micrograph of neural tissue, with known truth.

It stands in for real data wherever none is at hand: everything runs offline on it, and its difficulty is set so
that scores do not saturate. `docs/phantom.md` compares it with the real ISBI-2012 stack.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fusionnet.download.phantom.imaging import Microscope, draw_stain, membrane_shade
from fusionnet.download.phantom.neurites import LAYERS
from fusionnet.download.phantom.noise import Image
from fusionnet.download.phantom.organelles import MitochondriaPainter, place_densities
from fusionnet.download.phantom.tissue import Layer, Tissue, check_sizes

# Half the thickness of the membranes in the labels against that in the image: annotators draw generously.
LABEL_MARGIN_PIXELS = 0.0
# A pixel that is more than this share membrane is membrane, also where the membrane is smeared.
SMEARED_SHARE = 0.5
# Slivers of cells smaller than this are no cells that a person would outline.
SMALLEST_CELL_PIXELS = 30
DENSITIES_PER_MEGAPIXEL = 25.0


def draw_phantom(rng_seed: int, slices: int, size_pixels: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw a stack of neural tissue and its labels.

    Args:
        rng_seed: Same seed, same stack; different seeds, unrelated stacks.
        slices: Number of sections, each thought 50 nm thick.
        size_pixels: Side of the square sections, of pixels thought 4 nm wide; at least 64.

    Returns:
        The volume, uint8 (Z, Y, X), and the labels, uint8 (Z, Y, X): 255 inside a cell and 0 on a membrane.

    Raises:
        UserError: If the seed is negative or a size is out of range.
    """
    check_sizes(rng_seed, slices, size_pixels)
    tissue = Tissue([rng_seed, 1], slices, size_pixels)
    stain = draw_stain(np.random.default_rng([rng_seed, 2]), int(tissue.neurites.cells.max()) + 1)
    mitochondria = MitochondriaPainter([rng_seed, 3], tissue.neurites, slices, size_pixels)
    microscope = Microscope([rng_seed, 4], slices, size_pixels, stain, [mitochondria])
    chance = np.random.default_rng([rng_seed, 5])
    densities = [
        density
        for index in range(slices)
        for density in place_densities(chance, tissue.layer(index), index, DENSITIES_PER_MEGAPIXEL)
    ]
    volume = np.empty((slices, size_pixels, size_pixels), np.uint8)
    labels = np.empty_like(volume)
    for index in range(slices):
        layers = tissue.section(index)
        half_width = microscope.half_width(index)
        shade = membrane_shade(layers, half_width)
        volume[index] = microscope.picture(index, layers[LAYERS // 2], shade, densities)
        labels[index] = _label(layers[LAYERS // 2], half_width, shade)
    return volume, labels


def _label(middle: Layer, half_width: Image, shade: Image) -> NDArray[np.uint8]:
    """Return 255 inside cells and 0 on membranes of one section, slivers filled."""
    # Smoothing keeps single pixels from fraying the outline; no membrane is opened by it.
    depth = np.minimum(middle.distance - half_width - LABEL_MARGIN_PIXELS, 6 * (SMEARED_SHARE - shade))
    inside = (ndimage.gaussian_filter(depth, 0.8) > 0) & (middle.distance > 1)
    components, count = ndimage.label(inside)
    areas = np.bincount(components.ravel(), minlength=count + 1)
    areas[0] = 0
    return np.where(areas[components] >= SMALLEST_CELL_PIXELS, 255, 0).astype(np.uint8)
