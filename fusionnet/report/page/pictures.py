"""Slices as pictures of a page: lossless PNG in base64, of grey values or of numbers with a colour each."""

import base64
from colorsys import hls_to_rgb
from io import BytesIO

import numpy as np
from matplotlib import colormaps
from PIL import Image

from fusionnet.evaluate.error_maps import BOTH_COLOUR, MERGE_COLOUR, SPLIT_COLOUR

PROBABILITY_STEPS = 128  # 0.8 % each: the eye sees no fewer, and a page is a tenth smaller than with 256
UNCERTAINTY_STEPS = 16
COLOURS = 254  # of segments; what is numbered higher takes a colour again
MERGED, SPLIT, BOTH, BORDER = 1, 2, 3, 4


def encode(numbers: np.ndarray, palette: np.ndarray | None = None) -> str:
    """Return a slice as PNG in base64: equal slices give equal bytes.

    Args:
        numbers: uint8 (Y, X): grey values, or rows of the palette.
        palette: uint8 (K, 4), red, green, blue and opacity of each number; None for grey values.
    """
    image, buffer = Image.fromarray(np.ascontiguousarray(numbers)), BytesIO()
    if palette is None:
        image.save(buffer, "PNG")
    else:
        image.putpalette(palette[:, :3].tobytes())
        image.save(buffer, "PNG", transparency=palette[:, 3].tobytes())
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def stepped(values: np.ndarray, steps: int, highest: float = 1.0) -> np.ndarray:
    """Return which of so many even steps from 0 to the highest value is nearest, as uint8 of the same shape.

    Args:
        values: Any shape; what is not a number becomes 0.
        steps: At most 256.
        highest: What becomes the last step; greater values do too.
    """
    shares = np.nan_to_num(np.asarray(values, np.float32)) / np.float32(highest)
    return np.rint(np.clip(shares, 0, 1) * (steps - 1)).astype(np.uint8)


def probability_greys(values: np.ndarray) -> np.ndarray:
    """Return probabilities in 0..1 as grey values, uint8 of the same shape, of which `PROBABILITY_STEPS` occur."""
    return np.rint(stepped(values, PROBABILITY_STEPS) * np.float32(255 / (PROBABILITY_STEPS - 1))).astype(np.uint8)


def colour_numbers(identities: np.ndarray) -> np.ndarray:
    """Return rows of `segment_palette`, uint8 of the same shape, for numbers of segments; 0 stays 0."""
    return np.where(identities > 0, (identities - 1) % COLOURS + 1, 0).astype(np.uint8)


def error_numbers(merges: np.ndarray, splits: np.ndarray, borders: np.ndarray) -> np.ndarray:
    """Return rows of `error_palette`, uint8, for masks of one shape."""
    errors = merges * MERGED + splits * SPLIT  # both: their sum
    return np.where(borders, BORDER, errors).astype(np.uint8)


def segment_palette() -> np.ndarray:
    """Return a colour for each segment, uint8 (1 + COLOURS, 4); 0, between segments, is clear.

    Hues go round by the golden ratio and lightness by turns, so that numbers near to each other look unlike, also
    to who tells colours by lightness alone. What parts two segments is the clear line between them.
    """
    lightness = (0.62, 0.42, 0.76, 0.52)
    colours = [hls_to_rgb(number * 0.61803 % 1, lightness[number % 4], 0.75) for number in range(COLOURS)]
    opaque = np.column_stack([np.rint(np.array(colours) * 255), np.full(COLOURS, 255)])
    return np.vstack([np.zeros((1, 4)), opaque]).astype(np.uint8)


def error_palette() -> np.ndarray:
    """Return the colours of `fusionnet.evaluate.error_maps`, uint8 (5, 4); what is right is clear."""
    colours = np.rint(np.array([MERGE_COLOUR, SPLIT_COLOUR, BOTH_COLOUR, (0.0, 0.0, 0.0)]) * 255)
    return np.vstack([np.zeros((1, 4)), np.column_stack([colours, [255, 255, 255, 150]])]).astype(np.uint8)


def uncertainty_palette() -> np.ndarray:
    """Return dark to bright colours of rising lightness, uint8 (UNCERTAINTY_STEPS, 4)."""
    return np.rint(colormaps["inferno"](np.linspace(0, 1, UNCERTAINTY_STEPS)) * 255).astype(np.uint8)
