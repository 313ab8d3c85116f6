"""Score neurons in three dimensions on new phantom tissue, whose cells go on from slice to slice.

Usage: python benchmarks/neurons.py --raw data/raw/phantom --replicates results/phantom/replicates --table neurons.csv

Both networks of the default experiment predict a stack that they have not seen. What a rule or a classifier needs (the
threshold, the least overlap, edges, links) comes from the slices that the network was trained on, whose cells the seed
tells in three dimensions too.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.config.experiment import Config, load
from fusionnet.devices import Machine, set_up
from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.download.phantom.neurites import LAYERS
from fusionnet.download.phantom.tissue import Tissue
from fusionnet.download.raw_stacks import PARTS
from fusionnet.errors import run
from fusionnet.evaluate.error_maps import thinned_segments
from fusionnet.evaluate.instances import score_volume
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.predict.predictor import Predictor
from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.edges import main_cells
from fusionnet.segment.links import Links, SegmentedSlice, joined_pairs
from fusionnet.segment.neurons import learn_links, link_slices, neurons_of, segmented, segmented_slices
from fusionnet.segment.training_slices import cells_of, training_slices
from fusionnet.volumes.stacks import read_pair

LEVEL = 0.4  # as scripts/segment.py has it
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
OVERLAPS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)  # least intersection over union
Join = Callable[[Links], np.ndarray]
Cut = Callable[[CutStack, Any], Iterable[SegmentedSlice]]


def main() -> None:
    arguments = parse_arguments()
    config = load("phantom")
    assert config.download.phantom is not None
    size = config.download.phantom.size_pixels
    machine = set_up("cpu", "float32", "native")
    raw = read_pair(arguments.raw / "train-volume.tif", arguments.raw / "train-labels.tif")
    seed = int(np.random.SeedSequence([config.download.phantom.seed, PARTS.index("train")]).generate_state(1)[0])
    taught = neurons_in(seed, raw[1])
    volume, labels = draw_phantom(arguments.seed, arguments.slices, size)
    truth = neurons_in(arguments.seed, labels)
    for arm in arguments.arms:
        rows = list(measure(arm, arguments.replicates, config, machine, (*raw, taught), volume, truth))
        write(arguments.table, rows)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--raw", type=Path, default=Path("data/raw/phantom"), help="the raw stacks of the experiment")
    parser.add_argument("--replicates", type=Path, default=Path("results/phantom/replicates"), help="its replicates")
    parser.add_argument("--table", type=Path, required=True, help="receives the scores (CSV)")
    parser.add_argument("--arms", nargs="+", default=["fusionnet", "unet"])
    parser.add_argument("--seed", type=int, default=17, help="of the new tissue")
    parser.add_argument("--slices", type=int, default=16, help="of the new tissue")
    return parser.parse_args()


def neurons_in(seed: int, labels: np.ndarray) -> np.ndarray:
    """Return the neuron of each pixel of a phantom, from 1; 0 on membranes; (Z, Y, X)."""
    tissue = Tissue([seed, 1], len(labels), labels.shape[1])
    cells = [tissue.section(z)[LAYERS // 2].cell for z in range(len(labels))]
    return np.where(labels > 0, np.stack(cells) + 1, 0).astype(np.int32)


def measure(
    arm: str,
    replicates: Path,
    config: Config,
    machine: Machine,
    lesson: tuple[np.ndarray, np.ndarray, np.ndarray],
    volume: np.ndarray,
    truth: np.ndarray,
) -> Iterator[dict[str, Any]]:
    network, job, _ = load_checkpoint(replicates / arm / "test/seed-0/checkpoint.pt")
    grey, labels, taught = lesson
    chosen = training_slices(job, len(grey))  # those of the fold `test` follow one another
    once = config.predict.model_copy(update={"orientation_average": False})
    seen = CutStack(Predictor(network, once, machine).predict_stack(grey, chosen), grey[chosen])
    new = CutStack(Predictor(network, config.predict, machine).predict_stack(volume), volume)
    neurons = {number: taught[z] for number, z in enumerate(chosen)}
    cells = cells_of(labels[chosen], range(len(chosen)))
    generators = [np.random.default_rng([job.seed, key]) for key in range(2)]
    (edges,) = learn(seen, cells, [True], generators[:1], {})
    known = taught[chosen]
    ways: dict[str, Cut] = {
        "threshold": thresholded,
        "linkage": lambda stack, level: segmented_slices(stack, None, level),
        "learned edges": lambda stack, level: segmented_slices(stack, edges, level),
    }
    levels = {"threshold": THRESHOLDS, "linkage": (0.2, 0.3, 0.4, 0.5), "learned edges": (LEVEL,)}
    for way, cut in ways.items():
        level, overlap = best(known, seen, cut, levels[way])
        start = time.perf_counter()
        found = neurons_by(cut(new, level), partial(joined_pairs, forest=None, common_of_all=overlap))
        yield row(arm, f"{way}, overlap", truth, found, level, overlap, time.perf_counter() - start)
    links = learn_links(seen, neurons, edges, LEVEL, generators[1], {})
    start = time.perf_counter()
    found = neurons_by(segmented_slices(new, edges, LEVEL), partial(joined_pairs, forest=links))
    yield row(arm, "learned edges, learned links", truth, found, LEVEL, None, time.perf_counter() - start)
    perfect = ideal(segmented_slices(new, edges, LEVEL), truth)
    yield row(arm, "learned edges, links by the truth", truth, perfect, LEVEL, None, 0.0)


def thresholded(stack: CutStack, threshold: float) -> Iterator[SegmentedSlice]:
    for z in range(len(stack)):
        probability = np.asarray(stack.probabilities[z])
        yield segmented(thinned_segments(probability, threshold), 1 - probability, stack.grey[z])


def best(
    known: np.ndarray,
    stack: CutStack,
    cut: Callable[[CutStack, Any], Iterable[SegmentedSlice]],
    levels: Iterable[float],
) -> tuple[float, float]:
    """Return the level and the least overlap with which slices of known neurons come out best."""
    errors = {}
    for level in levels:
        slices = list(cut(stack, level))
        for overlap in OVERLAPS:
            found = neurons_by(slices, partial(joined_pairs, forest=None, common_of_all=overlap))
            errors[level, overlap] = score_volume(known, found, zero="voxels").adapted_rand_error
    return min(errors, key=errors.__getitem__)


def neurons_by(slices: Iterable[SegmentedSlice], join: Join) -> np.ndarray:
    kept: dict[int, np.ndarray] = {}
    families = link_slices(slices, join, kept.__setitem__)
    numbers = families.numbers()
    return np.stack([neurons_of(families, numbers, z, segments) for z, segments in kept.items()])


def ideal(slices: Iterable[SegmentedSlice], truth: np.ndarray) -> np.ndarray:
    """Return each segment under the neuron that has most of it: what no link can surpass."""
    stacked = [(each.segments, main_cells(each.segments, truth[z])) for z, each in enumerate(slices)]
    return np.stack([cells[segments] for segments, cells in stacked]).astype(np.int64)


def row(
    arm: str, way: str, truth: np.ndarray, found: np.ndarray, level: float, overlap: float | None, seconds: float
) -> dict[str, Any]:
    scores = asdict(score_volume(truth, found, zero="voxels"))
    result = {"arm": arm, "way": way, "level": level, "overlap": overlap, "slices": len(truth)}
    result |= {name: round(value, 4) for name, value in scores.items() if name != "voxels"}
    result |= {
        "neurons": int((np.unique(truth) > 0).sum()),
        "found": len(np.unique(found)),
        "seconds": round(seconds, 1),
    }
    print(result)
    return result


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run(main)
