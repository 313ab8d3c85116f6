"""Measure what V_rand and V_info become when one rule of the challenge is missed (the table in docs/evaluate.md).

Usage: python benchmarks/score_slips.py --labels data/raw/isbi2012/train-labels.tif --label-slices 25-29
Proposals are made from the labels: blurred with noise, blurred with gaps, thick membranes, and what a confident network
gives (exactly 1 in cells, 0.95 where it misses a membrane); your own may be added with --probabilities. Each line
has the largest change of a stack's score over the proposals.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

from fusionnet.errors import run
from fusionnet.evaluate.counting import THRESHOLDS
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.kernels import flood, framed
from fusionnet.evaluate.metrics import read_truth
from fusionnet.evaluate.overlaps import score_segments
from fusionnet.evaluate.thinning import components, thinned_components, unframed
from fusionnet.volumes.volume import read_volume

EIGHT_NEIGHBOURS = np.ones((3, 3))
SCORES = ("v_rand", "v_info")


@dataclass(frozen=True)
class Rules:
    """How a stack is scored; the defaults are the challenge's."""

    thresholds: tuple = THRESHOLDS
    binarise: Callable = lambda plane, threshold: plane > np.float64(threshold)
    segment: Callable = thinned_components
    truth: Callable = components
    compare: Callable = score_segments
    aggregate: Callable = lambda scores: scores.mean(axis=0).max()


def drop_dams(truth: np.ndarray, segments: np.ndarray) -> dict[str, float]:
    return score_segments(np.where(segments == 0, 0, truth), segments)


def dams_as_one(truth: np.ndarray, segments: np.ndarray) -> dict[str, float]:
    return score_segments(truth, np.where(segments == 0, segments.max() + 1, segments))


def flooded_by_rows(mask: np.ndarray) -> np.ndarray:
    return thinned_components(mask.T).T


def thinned_eight_connected(mask: np.ndarray) -> np.ndarray:
    segments = framed(ndimage.label(mask, EIGHT_NEIGHBOURS)[0].astype(np.int32))
    if not segments.any():
        return np.ones(mask.shape, np.int32)
    flood(segments, mask.shape[0] + 2, np.empty_like(segments))
    return unframed(segments, mask.shape)


def skimage_watershed(mask: np.ndarray) -> np.ndarray:
    seeds = components(mask)
    return watershed(~mask, seeds, watershed_line=True) if mask.any() else np.ones_like(seeds)


SLIPS = {
    "no thinning": Rules(segment=components),
    "the truth's membrane counted as a cell": Rules(truth=lambda label: components(label) + 1),
    "thresholds k / 10, the last one 1.0": Rules(thresholds=tuple(step / 10 for step in range(11))),
    "compared in float32": Rules(binarise=lambda plane, threshold: plane > np.float32(threshold)),
    "dam pixels dropped": Rules(compare=drop_dams),
    "dam pixels as one segment": Rules(compare=dams_as_one),
    "best threshold for each slice": Rules(aggregate=lambda scores: scores.max(axis=1).mean()),
    "8-connected components": Rules(
        segment=thinned_eight_connected, truth=lambda label: ndimage.label(label, EIGHT_NEIGHBOURS)[0]
    ),
    "scikit-image's watershed for the flood": Rules(segment=skimage_watershed),
    "queue filled row by row": Rules(segment=flooded_by_rows),
}


def main() -> None:
    arguments = parse_arguments()
    labels = read_truth(arguments.labels, slices=arguments.label_slices)
    proposals = made_proposals(labels, np.random.default_rng(0))
    if arguments.probabilities:
        proposals["given"] = read_volume(arguments.probabilities)
    exact = {name: score(labels, proposal, Rules()) for name, proposal in proposals.items()}
    for name, proposal in proposals.items():
        reference = score_stack(labels, proposal)
        assert np.allclose(exact[name], [reference.v_rand, reference.v_info], rtol=0, atol=1e-12)
        print(f"{name}: V_rand {reference.v_rand:.4f}, V_info {reference.v_info:.4f}")
    print("\n| slip | V_rand | V_info | largest on |\n| --- | --- | --- | --- |")
    for slip, rules in SLIPS.items():
        changes = {name: score(labels, proposal, rules) - exact[name] for name, proposal in proposals.items()}
        print_row(slip, changes)
    print_row("an 8-bit stack left unscaled", unscaled_changes(labels, proposals))


def print_row(slip: str, changes: dict[str, np.ndarray]) -> None:
    worst = [max(changes, key=lambda name, column=column: abs(changes[name][column])) for column in range(2)]
    shown = " | ".join(f"{changes[name][column]:+.2g}" for column, name in enumerate(worst))
    print(f"| {slip} | {shown} | {', '.join(dict.fromkeys(worst))} |")


def score(labels: np.ndarray, proposal: np.ndarray, rules: Rules) -> np.ndarray:
    """Score a stack by given rules; returns (V_rand, V_info)."""
    values = np.empty((2, len(labels), len(rules.thresholds)))
    for z, (label, plane) in enumerate(zip(labels, proposal, strict=True)):
        truth = rules.truth(label)
        for step, threshold in enumerate(rules.thresholds):
            found = rules.compare(truth, rules.segment(rules.binarise(plane, threshold)))
            values[:, z, step] = [found[name] for name in SCORES]
    return np.array([rules.aggregate(part) for part in values])


def unscaled_changes(labels: np.ndarray, proposals: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    grey = {name: np.round(proposal * 255).astype(np.uint8) for name, proposal in proposals.items()}
    scaled = partial(score, rules=Rules(binarise=lambda plane, threshold: (plane / 255).astype(np.float32) > threshold))
    return {name: score(labels, stack, Rules()) - scaled(labels, stack) for name, stack in grey.items()}


def made_proposals(labels: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Degrade a label stack (Z, Y, X) of 0 and 1 into probability stacks, float32 in 0..1."""
    inside = labels.astype(float)
    blurred = [ndimage.gaussian_filter(inside, (0, sigma, sigma)) for sigma in (1.5, 2)]
    holes = ndimage.binary_dilation((labels == 0) & (rng.random(labels.shape) < 0.001), np.ones((1, 7, 7)))
    stacks = {
        "blur and noise": blurred[1] + 0.15 * rng.standard_normal(labels.shape),
        "blur and gaps": np.where(holes, 1, blurred[0]),
        "confident network": np.where(holes, 0.95, np.where(blurred[0] > 0.6, 1, blurred[0])),
        "thick membranes": ndimage.binary_erosion(labels, np.ones((1, 3, 3)), iterations=3, border_value=1),
    }
    return {name: np.clip(stack, 0, 1).astype(np.float32) for name, stack in stacks.items()}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--label-slices", metavar="A-B")
    parser.add_argument("--probabilities", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
