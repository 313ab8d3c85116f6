"""Score neurons in three dimensions on new phantom tissue, whose cells go on from slice to slice.

Usage: python -m benchmarks.neurons --raw data/raw/phantom --replicates results/phantom/replicates --table neurons.csv

Both networks of the default experiment predict stacks that they have not seen; their slices are cut by a threshold or
into superpixels that are joined, and linked by the same rule. The threshold, and learned edges, come from the slices
that the network was trained on, whose cells the seed tells in three dimensions too. The table is added to, so that a
stopped run goes on; for networks that were trained anew name a new one. Its column `numbers_found` counts the different
numbers in what was found, 0 too where there is any: a threshold leaves it on dams, superpixels have none.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.across import is_done
from fusionnet.config.experiment import Config, load
from fusionnet.config.stages import TrainingJob
from fusionnet.devices import Machine, set_up
from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.download.phantom.neurites import LAYERS
from fusionnet.download.phantom.tissue import Tissue
from fusionnet.download.raw_stacks import PARTS
from fusionnet.errors import run
from fusionnet.evaluate.error_maps import thinned_segments
from fusionnet.evaluate.instances import overlap_table, score_volume
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.predict.predictor import Predictor
from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.edges import main_cells
from fusionnet.segment.neurons import link_slices, neurons_of, segmented_slices
from fusionnet.segment.training_slices import cells_of, training_slices
from fusionnet.style import new_figure, save_figure, styled
from fusionnet.volumes.stacks import read_pair

COLUMNS = 3  # of the figure
LEVELS = (0.2, 0.3, 0.4, 0.5)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
Cut = Callable[[CutStack, Any], Iterable[np.ndarray]]
Ways = dict[str, tuple[Cut, float]]  # how to cut, and up to which level


def main() -> None:
    arguments = parse_arguments()
    config = load("phantom")
    assert config.download.phantom is not None
    machine = set_up("cpu", "float32", "native")
    raw = read_pair(arguments.raw / "train-volume.tif", arguments.raw / "train-labels.tif")
    seed = int(np.random.SeedSequence([config.download.phantom.seed, PARTS.index("train")]).generate_state(1)[0])
    taught = neurons_in(seed, raw[1])
    tissues = {new: draw_phantom(new, arguments.slices, raw[0].shape[1]) for new in arguments.seeds}
    truths = {new: neurons_in(new, labels) for new, (_, labels) in tissues.items()}
    drawn = (arguments.arms[-1], arguments.seeds[0]) if arguments.figure else None
    for arm in arguments.arms:
        keys = {new: {"arm": arm, "seed": new, "slices": arguments.slices} for new in tissues}
        done = {new for new, key in keys.items() if is_done(arguments.table, key)}
        if not (asked := [new for new in tissues if new not in done or (arm, new) == drawn]):
            continue
        network, job, _ = load_checkpoint(arguments.replicates / arm / "test/seed-0/checkpoint.pt")
        ways = ways_learned(network, job, config, machine, (*raw, taught))
        predictor = Predictor(network, config.predict, machine)
        for new in asked:
            volume = tissues[new][0]
            found: dict[str, np.ndarray] = {}
            rows = list(measure(ways, CutStack(predictor.predict_stack(volume), volume), truths[new], found))
            if new not in done:
                write(arguments.table, [{"arm": arm, "seed": new} | row for row in rows])
            if (arm, new) == drawn:
                draw(arguments.figure, volume, truths[new], found)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--raw", type=Path, default=Path("data/raw/phantom"), help="the raw stacks of the experiment")
    parser.add_argument("--replicates", type=Path, default=Path("results/phantom/replicates"), help="its replicates")
    parser.add_argument("--table", type=Path, required=True, help="receives the scores (CSV)")
    parser.add_argument("--figure", type=Path, help="receives the last arm's neurons in a few slices (PNG)")
    parser.add_argument("--arms", nargs="+", default=["fusionnet", "unet"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[17, 18, 19, 20, 21], help="of the new tissues")
    parser.add_argument("--slices", type=int, default=16, help="of each new tissue")
    return parser.parse_args()


def neurons_in(seed: int, labels: np.ndarray) -> np.ndarray:
    """Return the neuron of each pixel of a phantom, from 1; 0 on membranes; (Z, Y, X)."""
    tissue = Tissue([seed, 1], len(labels), labels.shape[1])
    cells = [tissue.section(z)[LAYERS // 2].cell for z in range(len(labels))]
    return np.where(labels > 0, np.stack(cells) + 1, 0).astype(np.int32)


def ways_learned(
    network: SegmentationNetwork,
    job: TrainingJob,
    config: Config,
    machine: Machine,
    lesson: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Ways:
    """Return the ways to cut slices, each with the level that errs least on the network's training slices."""
    grey, labels, taught = lesson
    chosen = training_slices(job, len(grey))  # those of the fold `test` follow one another
    once = config.predict.model_copy(update={"orientation_average": False})
    seen = CutStack(Predictor(network, once, machine).predict_stack(grey, chosen), grey[chosen])
    cells = cells_of(labels[chosen], range(len(chosen)))
    (edges,) = learn(seen, cells, [True], [np.random.default_rng(job.seed)], {})
    cuts: dict[str, tuple[Cut, Iterable[float]]] = {
        "threshold": (thresholded, THRESHOLDS),
        "linkage": (lambda stack, level: segmented_slices(stack, None, level), LEVELS),
        "learned edges": (lambda stack, level: segmented_slices(stack, edges, level), LEVELS),
    }
    ways = {}
    for way, (cut, levels) in cuts.items():
        errors = {level: error(taught[chosen], neurons_by(cut(seen, level))) for level in levels}
        ways[way] = cut, min(errors, key=errors.__getitem__)
    return ways


def measure(ways: Ways, new: CutStack, truth: np.ndarray, kept: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """Yield a row for each way to cut a new stack; its neurons are put into ``kept``."""
    for way, (cut, level) in ways.items():
        start = time.perf_counter()
        kept[way] = found = neurons_by(cut(new, level))
        yield row(way, truth, found, level, time.perf_counter() - start)
    yield row(f"{way}, linked by the truth", truth, ideal(cut(new, level), truth), level, 0.0)


def thresholded(stack: CutStack, threshold: float) -> Iterator[np.ndarray]:
    for z in range(len(stack)):
        yield thinned_segments(np.asarray(stack.probabilities[z]), threshold)


def error(truth: np.ndarray, found: np.ndarray) -> float:
    return score_volume(truth, found, zero="voxels").adapted_rand_error


def neurons_by(slices: Iterable[np.ndarray]) -> np.ndarray:
    kept: dict[int, np.ndarray] = {}
    families = link_slices(slices, kept.__setitem__)
    numbers = families.numbers()
    return np.stack([neurons_of(families, numbers, z, segments) for z, segments in kept.items()])


def ideal(slices: Iterable[np.ndarray], truth: np.ndarray) -> np.ndarray:
    """Return each segment under the neuron that has most of it: what no link can surpass."""
    stacked = [(each, main_cells(each, truth[z])) for z, each in enumerate(slices)]
    return np.stack([cells[segments] for segments, cells in stacked]).astype(np.int64)


def draw(path: Path, volume: np.ndarray, truth: np.ndarray, found: dict[str, np.ndarray]) -> None:
    """Draw neurons over grey values: each true one in a colour, and the largest found part of it in the same."""
    colours = np.random.default_rng(0).uniform(0.2, 1.0, (int(truth.max()) + 1 + max(map(np.max, found.values())), 3))
    shown = range(len(truth) // 2, min(len(truth) // 2 + COLUMNS, len(truth)))
    rows = {"the truth": truth, "threshold": found["threshold"], "learned edges": found["learned edges"]}
    with styled():
        figure, axes = new_figure(9.0, len(rows), len(shown))
        for number, (name, labels) in enumerate(rows.items()):
            names = labels if labels is truth else named_as(truth, labels)
            for column, z in enumerate(shown):
                at = axes[number * len(shown) + column]
                picture = np.where((names[z] > 0)[..., None], colours[names[z]], 0.0)
                at.imshow(0.45 * volume[z][..., None] / 255 + 0.55 * picture, interpolation="nearest")
                at.set(xticks=[], yticks=[], title=f"{name}, slice {z}" if number == 0 or not column else f"slice {z}")
                at.spines[:].set_visible(False)
    save_figure(figure, path)


def named_as(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return found neurons under the number of the true one whose largest part they are; others under numbers above."""
    table = overlap_table(truth, found, ignore=(0,))
    names = np.arange(int(found.max()) + 1) + int(truth.max()) + 1
    names[0] = 0
    order = np.argsort(table.voxels, kind="stable")  # the largest part of each true neuron comes last
    largest = {int(table.truth[place]): int(table.segments[place]) for place in order}
    for number, segment in largest.items():
        if segment and number == table.truth[order][table.segments[order] == segment][-1]:
            names[segment] = number
    return names[found]


def row(way: str, truth: np.ndarray, found: np.ndarray, level: float, seconds: float) -> dict[str, Any]:
    scores = asdict(score_volume(truth, found, zero="voxels"))
    result: dict[str, Any] = {"way": way, "level": level, "slices": len(truth)}
    result |= {name: round(value, 4) for name, value in scores.items() if name != "voxels"}
    result |= {
        "neurons": int((np.unique(truth) > 0).sum()),
        "numbers_found": len(np.unique(found)),
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
