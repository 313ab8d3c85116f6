"""Teach edges from slices that the network was trained on, or from inner folds that it was not, and score both.

Usage: python -m benchmarks.inner_folds --volume data/augmented/isbi2012/volume.tif
    --labels data/augmented/isbi2012/labels.tif --folds 0-4 10-14 20-24 --table docs/figures/inner-folds.csv

A network is surer of its training slices than of new ones, so the edges that it teaches may trust it too much. Inner
folds mend that, at the price of a training for each: the training slices are divided into blocks, and each is predicted
by a network that saw neither it nor the slices beside it. The scored slices are predicted by one and the same network.
No labels but those of the fold's training slices are used. The table is added to, so that a stopped run goes on.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.accuracy import job_of, maps_by_edges, trained
from benchmarks.across import is_done
from fusionnet.config.experiment import load
from fusionnet.config.reading import merge
from fusionnet.config.stages import PredictSection, TrainingJob
from fusionnet.devices import Machine, set_up
from fusionnet.errors import UserError, run
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import metrics_of
from fusionnet.predict.predictor import Predictor
from fusionnet.segment.cutting import CutStack
from fusionnet.segment.training_slices import predicted, with_neighbours
from fusionnet.train.folds import Stacks, read_stacks


def main() -> None:
    arguments = parse_arguments()
    if arguments.inner < 2:
        raise UserError(f"--inner {arguments.inner}: expected 2 or more; with one block no slice is left to train on")
    native = {"train": {"arithmetic": "native"}, "predict": {"arithmetic": "native"}}
    settings = json.loads(arguments.set)
    config = load("isbi2012", merge(native, settings))
    machine = set_up(config.train.device, config.train.precision, "native", config.train.threads)
    for fold in arguments.folds:
        job = job_of(config, arguments.arm, fold, arguments.seed, arguments.steps)
        key = {"arm": job.arm, "fold": fold, "seed": job.seed, "steps": arguments.steps}
        key |= {"inner": arguments.inner, "settings": json.dumps(settings, sort_keys=True)}
        if is_done(arguments.table, key):
            continue
        stacks = read_stacks(arguments.volume, arguments.labels, job)
        rows = pd.DataFrame([key | row for row in measure(job, stacks, arguments.inner, config.predict, machine)])
        print(rows.to_string(index=False), flush=True)
        rows.to_csv(arguments.table, mode="a", header=not arguments.table.exists(), index=False, float_format="%.4f")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--volume", required=True, type=Path, help="the augment stage's grey values")
    parser.add_argument("--labels", required=True, type=Path, help="the augment stage's labels")
    parser.add_argument("--table", required=True, type=Path, help="receives rows for each fold (CSV)")
    parser.add_argument("--arm", default="unet", help="of isbi2012")
    parser.add_argument("--folds", nargs="+", default=["0-4", "10-14", "20-24"], help="the scored slices")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=800, help="of each training")
    parser.add_argument("--set", default="{}", help="other settings than the experiment's, as JSON")
    parser.add_argument("--inner", type=int, default=3, help="blocks of the training slices")
    return parser.parse_args()


def measure(
    job: TrainingJob, stacks: Stacks, inner: int, settings: PredictSection, machine: Machine
) -> Iterator[dict[str, Any]]:
    """Yield the scores by threshold, by edges learned from slices that were seen, and by those of inner folds."""
    volume, labels = stacks.volume[: stacks.depth], stacks.labels[: stacks.depth]
    fold, once = stacks.fold, settings.model_copy(update={"orientation_average": False})
    network, seconds = trained(job, stacks, machine)
    scored = dict(
        zip(fold.scored, Predictor(network, settings, machine).predict_stack(volume, fold.scored), strict=True)
    )
    needed = with_neighbours([*fold.train, *fold.scored], stacks.depth)
    seen = predicted(Predictor(network, once, machine), volume, needed, scored)
    errors = {
        "error_new": pixel_error(seen, labels, fold.scored),
        "error_taught": pixel_error(seen, labels, fold.train),
    }
    yield scores("threshold", labels, fold.scored, list(scored.values())) | errors | {"minutes": seconds / 60}
    shown = CutStack(seen, volume)
    seen_maps = maps_by_edges(shown, shown, labels, job, fold.train, fold.scored)
    yield scores("seen", labels, fold.scored, seen_maps) | errors | {"minutes": 0.0}
    start = time.perf_counter()
    unseen = seen.copy()
    blocks = [block.tolist() for block in np.array_split(fold.train, inner)]
    for block in blocks:
        near = with_neighbours(block, stacks.depth)
        apart = replace(fold, train=[z for z in fold.train if z not in near])
        other, _ = trained(job, replace(stacks, fold=apart), machine)
        asked = [z for z in near if z not in scored and (z in block or z not in fold.train)]
        unseen[asked] = Predictor(other, settings, machine).predict_stack(volume, asked)
    errors["error_taught"] = pixel_error(unseen, labels, fold.train)
    unseen_maps = maps_by_edges(CutStack(unseen, volume), shown, labels, job, fold.train, fold.scored)
    minutes = (time.perf_counter() - start) / 60
    yield scores("inner folds", labels, fold.scored, unseen_maps) | errors | {"minutes": minutes}


def scores(way: str, labels: np.ndarray, slices: list[int], maps: list[np.ndarray]) -> dict[str, Any]:
    metrics = metrics_of(score_stack(labels[slices], np.stack(maps)))
    return {"taught_by": way} | {name: metrics[name] for name in ("v_rand", "v_info")}


def pixel_error(probabilities: np.ndarray, labels: np.ndarray, slices: list[int]) -> float:
    """Return the share of pixels on the wrong side of 0.5."""
    return float(((probabilities[slices] > 0.5) != (labels[slices] > 0)).mean())


if __name__ == "__main__":
    run(main)
