"""How like two labelled stacks of tissue are, in numbers a person can read: grey values, grain, cells, continuity."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Borders of the bands in which the power spectrum is reported, in cycles per pixel: cells, organelles and
# membranes, grain, noise.
BANDS = (0.004, 0.016, 0.06, 0.16, 0.30, 0.50)


def measure(volume: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, float]:
    """Return statistics of a stack that bear on how it looks and how hard it is to segment.

    Args:
        volume: Grey values (Z, Y, X); sections are square.
        labels: Same shape; more than 0 inside a cell, 0 on a membrane.

    Returns:
        What was measured, in words with its unit -> value, in the order of a table's rows.
    """
    grey = volume.astype(np.float64)
    membrane = labels == 0
    outlines = [ndimage.label(section > 0) for section in labels]
    areas = np.concatenate([np.bincount(cells.ravel())[1:] for cells, _ in outlines])
    megapixels = labels.size / 1e6
    found = {
        "mean grey level": grey.mean(),
        "its deviation between sections": grey.mean(axis=(1, 2)).std(),
        "deviation within a section": grey.std(axis=(1, 2)).mean(),
        "mean on membranes": grey[membrane].mean(),
        "mean inside cells": grey[~membrane].mean(),
        "deviation inside cells": grey[~membrane].std(),
        "1st percentile": np.percentile(grey, 1),
        "99th percentile": np.percentile(grey, 99),
        "membrane, % of pixels": 100 * membrane.mean(),
        "cell outlines per megapixel": sum(count for _, count in outlines) / megapixels,
        "median outline, pixels": np.median(areas),
        "95th percentile of outlines, pixels": np.percentile(areas, 95),
        "correlation of neighbouring sections": _neighbours(grey),
        "agreement of neighbouring labels, %": 100 * float(np.mean(membrane[1:] == membrane[:-1])),
    }
    for low, high, power in power_by_band(grey):
        found[f"power at {low:g}-{high:g} cycles/pixel"] = power
    return {name: float(value) for name, value in found.items()}


def power_by_band(grey: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Return (low, high, mean power) for each band of `BANDS`; white noise of variance 1 has power 1."""
    side = grey.shape[1:]
    spectrum = np.fft.rfft2(grey - grey.mean(axis=(1, 2), keepdims=True))
    power = (np.abs(spectrum) ** 2).mean(axis=0) / (side[0] * side[1])
    frequency = np.hypot(np.fft.fftfreq(side[0])[:, None], np.fft.rfftfreq(side[1])[None, :])
    return [(low, high, float(power[(frequency >= low) & (frequency < high)].mean())) for low, high in pairwise(BANDS)]


def _neighbours(grey: NDArray[np.float64]) -> float:
    return float(np.mean([np.corrcoef(above.ravel(), below.ravel())[0, 1] for above, below in pairwise(grey)]))
