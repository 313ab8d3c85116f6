"""Train for several lengths, folds and seeds, and draw the score of held-out slices against steps and minutes.

Usage: python -m benchmarks.accuracy --volume data/augmented/isbi2012/volume.tif
    --labels data/augmented/isbi2012/labels.tif --table accuracy.csv --figure accuracy.png

Each point is a training of its own, whose schedule ends there; the trainings that an experiment has reported are points
too (--trained results/isbi2012/report/comparison.csv). With --edges each training gives two points, by threshold and by
learned edges, whose minutes count predicting the training slices, learning and cutting too. The table is added to, so
that a benchmark that was stopped goes on, and several configurations can be compared: --set train.loss=bce --name bce.
"""

import argparse
import csv
import itertools
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.accuracy_figure import EDGES, PLAIN, draw
from fusionnet.config.experiment import Config, load
from fusionnet.config.reading import merge, read_value
from fusionnet.config.stages import TrainingJob
from fusionnet.devices import Machine, set_up
from fusionnet.errors import UserError, run
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import metrics_of
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.predict.predictor import Predictor
from fusionnet.report.results import read_table
from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.ladder import BESIDE, LEARNED, segmentation_map
from fusionnet.segment.training_slices import cells_of, predicted, training_slices, with_neighbours
from fusionnet.train.folds import Stacks, read_stacks
from fusionnet.train.loop import Training, train
from fusionnet.train.progress import HEARTBEAT, Progress
from fusionnet.train.states import StateFolder
from fusionnet.volumes.stacks import read_pair
from fusionnet.volumes.volume import read_volume

COLUMNS = (
    *("name", "arm", "width", "fold", "seed", "steps", "device", "minutes"),
    *("v_rand", "v_info", "threshold", "pixel_error"),
)
KEY = ("name", "arm", "fold", "seed", "steps")
REPORTED = (
    *("arm", "fold", "seed", "training_seconds", "training_device"),
    *("v_rand", "v_rand_threshold", "v_info", "pixel_error"),
)
Scored = tuple[np.ndarray, np.ndarray, list[int]]  # grey values and labels, (Z, Y, X), and which slices


def main() -> None:
    arguments = parse_arguments()
    if arguments.set and arguments.name == PLAIN:
        raise UserError("--set: expected --name too, since the table tells configurations apart by their names")
    config = load(arguments.experiment, overrides(arguments.set))
    machine = set_up(config.train.device, config.train.precision, config.train.arithmetic, config.train.threads)
    if arguments.edges and "test" in arguments.folds:
        raise UserError("--edges: of slices of the labelled stack; leave --folds test out")
    if "test" in arguments.folds and not arguments.test:
        raise UserError("--folds test: write --test VOLUME LABELS too, the stack that is scored")
    test = test_stack(*arguments.test) if arguments.test else None
    done = read_done(arguments.table)
    cases = itertools.product(arguments.steps, arguments.folds, arguments.seeds, arguments.arms)
    for steps, fold, seed, arm in cases:
        names = [arguments.name, *([arguments.name + EDGES] if arguments.edges else [])]
        if not all((name, arm, fold, str(seed), str(steps)) in done for name in names):
            job = job_of(config, arm, fold, seed, steps)
            stacks = read_stacks(arguments.volume, arguments.labels, job)
            scored = test or (stacks.volume[: stacks.depth], stacks.labels, stacks.fold.scored)
            for row in measure(names, job, stacks, scored, config, machine):
                if tuple(str(row[key]) for key in KEY) not in done:
                    append(arguments.table, row)
    for row in reported_rows(arguments) if arguments.trained else []:
        if tuple(str(row[key]) for key in KEY) not in done:
            append(arguments.table, row)
    if arguments.figure:
        draw(pd.read_csv(arguments.table), arguments.figure)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--experiment", default="isbi2012", help="a name in config/experiments")
    parser.add_argument("--volume", required=True, type=Path, help="the augment stage's grey values")
    parser.add_argument("--labels", required=True, type=Path, help="the augment stage's labels")
    parser.add_argument("--table", required=True, type=Path, help="receives a row for each training (CSV)")
    parser.add_argument("--figure", type=Path, help="receives the curves (PNG)")
    parser.add_argument("--name", default=PLAIN, help="of the configuration, in the table")
    parser.add_argument("--arms", nargs="+", default=["fusionnet", "unet"])
    parser.add_argument("--steps", nargs="*", type=int, default=[250, 500, 1000, 2000], help="lengths")
    parser.add_argument("--folds", nargs="+", default=["25-29"], help="the scored slices")
    parser.add_argument(
        "--test", nargs=2, type=Path, metavar=("VOLUME", "LABELS"), help="what fold 'test' is scored on"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--trained", type=Path, help="the experiment's comparison.csv, whose trainings are points too")
    parser.add_argument("--edges", action="store_true", help="segment by learned edges too")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="as train.loss=bce")
    return parser.parse_args()


def overrides(settings: list[str]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for setting in settings:
        path, _, text = setting.partition("=")
        value = read_value(text, f"--set {path}")
        for key in reversed(path.split(".")):
            value = {key: value}
        merged = merge(merged, value)
    return merged


def job_of(config: Config, arm: str, fold: str, seed: int, steps: int) -> TrainingJob:
    job = config.training_job(arm, fold, seed)
    # One epoch: validation has no part in the time.
    length = {"epochs": 1, "steps_per_epoch": steps}
    return job.model_copy(update={"train": job.train.model_copy(update=length)})


def test_stack(volume: Path, labels: Path) -> Scored:
    stacks = read_pair(volume, labels, read_volume)
    return *stacks, list(range(len(stacks[0])))


def reported_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    config = load(arguments.experiment)  # without --set, which these trainings knew nothing of
    table = read_table(arguments.trained, REPORTED)
    trained = table[table["arm"].isin(arguments.arms) & table["seed"].notna()]
    return [
        row_of(
            arguments.name,
            config.training_job(row["arm"], row["fold"], int(row["seed"])),
            row["training_device"],
            row["training_seconds"],
            row,
        )
        for row in trained.to_dict("records")
    ]


def measure(
    names: list[str], job: TrainingJob, stacks: Stacks, scored: Scored, config: Config, machine: Machine
) -> Iterator[dict[str, Any]]:
    """Yield a row by threshold and, where it has a name too, one by learned edges."""
    network, trained_seconds = trained(job, stacks, machine)
    predictor = Predictor(network, config.predict, machine)
    volume, labels, slices = scored
    probabilities = predictor.predict_stack(volume, slices)
    by_threshold = metrics_of(score_stack(labels[slices], probabilities))
    yield row_of(names[0], job, machine.name, trained_seconds, by_threshold)
    if len(names) > 1:
        start = time.perf_counter()
        known = dict(zip(slices, probabilities, strict=True))
        cut = cut_by_edges(network, job, stacks, known, config, machine)
        seconds = trained_seconds + time.perf_counter() - start
        by_edges = metrics_of(score_stack(labels[slices], cut))
        yield row_of(names[1], job, machine.name, seconds, by_edges)


def trained(job: TrainingJob, stacks: Stacks, machine: Machine) -> tuple[SegmentationNetwork, float]:
    """Return a network and the seconds that its training took."""
    with tempfile.TemporaryDirectory() as folder:
        progress = Progress((job.arm, job.fold, job.seed), job.train.steps, Path(folder) / HEARTBEAT)
        with progress.until_the_end():
            training = Training.begin(job, machine)
            train(training, stacks, StateFolder(Path(folder), "benchmark"), progress, save_every_seconds=1e9)
    return training.average.network, training.seconds


def cut_by_edges(
    network: SegmentationNetwork,
    job: TrainingJob,
    stacks: Stacks,
    scored: Mapping[int, np.ndarray],
    config: Config,
    machine: Machine,
) -> np.ndarray:
    """Return the scored slices as the stage ``segment`` cuts them: their maps, (Z, Y, X)."""
    volume, labels = stacks.volume[: stacks.depth], stacks.labels[: stacks.depth]
    quick = Predictor(network, config.predict.model_copy(update={"orientation_average": False}), machine)
    chosen = training_slices(job, stacks.depth)
    stack = CutStack(predicted(quick, volume, with_neighbours([*chosen, *scored], stacks.depth), scored), volume)
    return np.stack(maps_by_edges(stack, stack, labels, job, chosen, list(scored)))


def maps_by_edges(
    taught: CutStack, shown: CutStack, labels: np.ndarray, job: TrainingJob, lesson: list[int], slices: list[int]
) -> list[np.ndarray]:
    """Return the maps of slices of ``shown``, by edges that the lesson's slices of ``taught`` teach."""
    generator = np.random.default_rng([job.seed, LEARNED[BESIDE]])
    (forest,) = learn(taught, cells_of(labels, lesson), [LEARNED[BESIDE]], [generator], {})
    return [segmentation_map(shown, z, forest) for z in slices]


def row_of(name: str, job: TrainingJob, device: str, seconds: float, metrics: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "arm": job.arm,
        "width": job.network.width,
        "fold": job.fold,
        "seed": job.seed,
        "steps": job.train.steps,
        "device": device,
        "minutes": round(seconds / 60, 2),
        "v_rand": round(metrics["v_rand"], 4),
        "v_info": round(metrics["v_info"], 4),
        "threshold": round(metrics["v_rand_threshold"], 1),
        "pixel_error": round(metrics["pixel_error"], 4),
    }


def read_done(path: Path) -> set[tuple[str, ...]]:
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {tuple(row[key] for key in KEY) for row in csv.DictReader(file)}


def append(path: Path, row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    run(main)
