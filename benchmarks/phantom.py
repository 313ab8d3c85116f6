"""Compare the phantom with the real ISBI-2012 stack: crops side by side as a picture, statistics as a table.

Usage: python benchmarks/phantom.py --isbi data/raw/isbi2012/train-volume.tif
    --isbi-labels data/raw/isbi2012/train-labels.tif --picture docs/figures/phantom.png
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.errors import UserError, run
from fusionnet.files import whole_or_absent
from fusionnet.volumes.stacks import read_pair
from fusionnet.volumes.volume import read_volume

CROP, GAP = 256, 6
# Borders of the bands in which the power spectrum is reported, in cycles per pixel: cells, organelles and
# membranes, grain, noise.
BANDS = (0.004, 0.016, 0.06, 0.16, 0.30, 0.50)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--isbi", required=True, type=Path, help="train volume: a TIFF stack or a folder of slices")
    parser.add_argument("--isbi-labels", required=True, type=Path, help="its labels, likewise")
    parser.add_argument("--picture", required=True, type=Path, help="PNG: the phantom in its first and third column")
    parser.add_argument("--seed", type=int, default=1, help="of the phantom (default: %(default)s)")
    parser.add_argument("--slices", type=int, default=30, help="of the phantom (default: %(default)s)")
    return parser.parse_args()


def picture(phantom: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Return two rows of crops, phantom left of ISBI in each pair, from sections spread through both stacks."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(2):
        crops = []
        for stack in (phantom, real, phantom, real):
            z, (y, x) = rng.integers(len(stack)), rng.integers(0, np.array(stack.shape[1:]) - CROP + 1)
            crops += [stack[z, y : y + CROP, x : x + CROP], np.full((CROP, GAP), 255, np.uint8)]
        rows += [np.hstack(crops[:-1]), np.full((GAP, 4 * CROP + 3 * GAP), 255, np.uint8)]
    return np.vstack(rows[:-1])


def table(columns: dict[str, dict[str, float]]) -> str:
    """Return the statistics as Markdown, a column for each stack."""
    lines = [f"| | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name in next(iter(columns.values())):
        values = (column[name] for column in columns.values())
        lines.append(f"| {name} | " + " | ".join(f"{v:.2f}" if abs(v) < 1 else f"{v:,.0f}" for v in values) + " |")
    return "\n".join(lines) + "\n"


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


def main() -> None:
    arguments = parse_arguments()
    real, real_labels = read_pair(arguments.isbi, arguments.isbi_labels, read_volume)
    if min(real.shape[1:]) < CROP:
        raise UserError(f"{arguments.isbi}: sections of {real.shape[1:]}, expected at least {CROP} x {CROP} pixels")
    phantom, labels = draw_phantom(arguments.seed, arguments.slices, 512)
    with whole_or_absent(arguments.picture) as temporary:
        Image.fromarray(picture(phantom, real)).save(temporary)
    sys.stdout.write(table({"phantom": measure(phantom, labels), "ISBI-2012": measure(real, real_labels)}))


if __name__ == "__main__":
    run(main)
