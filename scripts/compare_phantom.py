"""Hold the phantom against the real ISBI-2012 stack: crops side by side as a picture, statistics as a table."""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.download.phantom.likeness import measure
from fusionnet.errors import UserError, run
from fusionnet.files import whole_or_absent
from fusionnet.volumes.stacks import read_pair
from fusionnet.volumes.volume import read_volume

CROP, GAP = 256, 6


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isbi", required=True, type=Path, help="train volume: a TIFF stack or a folder of slices")
    parser.add_argument("--isbi-labels", required=True, type=Path, help="its labels, likewise")
    parser.add_argument("--picture", required=True, type=Path, help="PNG to write: phantom in even columns")
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
