"""Score each step from probabilities to cells for trained networks of ISBI-2012, and say what each step gains.

Usage: python benchmarks/segmentation.py --raw data/raw/isbi2012 --table segmentation.csv --text segmentation.md
    fusionnet-isbi2012 results/isbi2012/replicates/*/*/*/checkpoint.pt weights/NAME-ARM-FOLD-SEED.pt

A network is a checkpoint, a name of the package's, or weights alone whose name says arm, fold and seed of the
experiment isbi2012; several of one fold, joined by commas, stand for the mean of their probabilities. The table is
added to, so that a benchmark that was stopped goes on. The labels of scored, gap and validation slices teach nothing.
"""

import argparse
import os
import platform
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from fusionnet.arithmetic import capability
from fusionnet.config.experiment import load
from fusionnet.config.stages import TrainingJob
from fusionnet.devices import set_up
from fusionnet.errors import UserError, run
from fusionnet.files import write_text
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.models.pretrained import find, load_trained
from fusionnet.predict.predictor import Predictor
from fusionnet.report.cells import Ladder, segmentation_markdown
from fusionnet.report.text import markdown_table
from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.ladder import LEARNED, LINKAGE, RUNGS, THRESHOLD, score_ladder, segmentation_map
from fusionnet.segment.training_slices import cells_of, predicted, training_slices, with_neighbours
from fusionnet.train.folds import make_fold
from fusionnet.volumes.stacks import read_pair

WEIGHTS = re.compile(r"(?P<name>.+)-(?P<arm>fusionnet|unet|unet-matched)-(?P<fold>\d+-\d+)-(?P<seed>\d+)")
KEY = ["name", "arm", "fold", "seed"]


def main() -> None:
    arguments = parse_arguments()
    volume, labels = read_pair(arguments.raw / "train-volume.tif", arguments.raw / "train-labels.tif")
    machine = set_up("auto", "auto", "native")
    for networks in arguments.networks:
        name, job, trained = open_networks(networks.split(","))
        done = pd.read_csv(arguments.table)[KEY].astype(str).agg("/".join, axis=1) if arguments.table.exists() else ()
        if "/".join(name) in set(done):
            continue
        rows = measure(trained, job, volume, labels, machine)
        for key, value in zip(KEY, name, strict=True):
            rows.insert(KEY.index(key), key, value)
        rows.to_csv(arguments.table, mode="a", header=not arguments.table.exists(), index=False, float_format="%.6f")
    if arguments.text:
        write_text(arguments.text, page(pd.read_csv(arguments.table)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("networks", nargs="*", help="checkpoints, names, or weights NAME-ARM-FOLD-SEED.pt; A,B: a mean")
    parser.add_argument("--raw", required=True, type=Path, help="holds train-volume.tif and train-labels.tif")
    parser.add_argument("--table", required=True, type=Path, help="receives rows for each network (CSV)")
    parser.add_argument("--text", type=Path, help="receives the page (Markdown)")
    return parser.parse_args()


def open_networks(paths: list[str]) -> tuple[tuple[str, ...], TrainingJob, list[SegmentationNetwork]]:
    """Return name, arm, fold and seed, what is alike in the trainings, and the networks."""
    names, networks, jobs = zip(*map(open_network, paths), strict=True)
    if len({(job.fold, job.split) for job in jobs}) > 1:
        raise UserError(f"{', '.join(paths)}: a mean is of networks of one fold, these are of different ones")
    name = "mean" if len(paths) > 1 else names[0]
    arms, seeds = ("+".join(dict.fromkeys(str(getattr(job, key)) for job in jobs)) for key in ("arm", "seed"))
    return (name, arms, jobs[0].fold, seeds), jobs[0], list(networks)


def open_network(path: str) -> tuple[str, SegmentationNetwork, TrainingJob]:
    """Return a name, the network, and the job that trained it."""
    found = WEIGHTS.fullmatch(Path(path).stem)
    if not found:
        network, job, _ = load_trained(find(path))
        return Path(path).stem, network, job
    config = load("isbi2012")
    job = config.training_job(found["arm"], found["fold"], int(found["seed"]))
    network = build(job.network)
    network.load_state_dict(torch.load(path, weights_only=True))
    return found["name"], network.eval(), job


def measure(
    networks: list[SegmentationNetwork], job: TrainingJob, volume: np.ndarray, labels: np.ndarray, machine: Any
) -> pd.DataFrame:
    """Return the ladder of the scored slices, with processor seconds of fitting and of a slice of the last step."""
    fold = make_fold(job.fold, len(volume), job.split)
    if not fold.scored:
        raise UserError(f"fold {job.fold}: expected scored slices of the labelled stack")
    settings = load("isbi2012").predict.model_copy(update={"precision": "auto", "arithmetic": "native"})
    one = settings.model_copy(update={"orientation_average": False})
    whole = [Predictor(network, settings, machine).predict_stack(volume, fold.scored) for network in networks]
    scored = dict(zip(fold.scored, np.mean(whole, axis=0), strict=True))
    chosen = training_slices(job, len(volume))
    needed = with_neighbours([*chosen, *fold.scored], len(volume))
    quick = [predicted(Predictor(network, one, machine), volume, needed, scored) for network in networks]
    stack = CutStack(np.mean(quick, axis=0), volume)
    cells = cells_of(labels, chosen)
    maps = {THRESHOLD: np.stack(list(scored.values()))}
    maps[LINKAGE] = np.stack([segmentation_map(stack, z, None) for z in fold.scored])
    start = time.process_time()
    generators = [np.random.default_rng([job.seed, looks]) for looks in LEARNED.values()]
    forests = learn(stack, cells, list(LEARNED.values()), generators, {})
    fitted = time.process_time()
    for rung, forest in zip(LEARNED, forests, strict=True):
        begun = time.process_time()
        maps[rung] = np.stack([segmentation_map(stack, z, forest) for z in fold.scored])
    seconds = {"fit_seconds": fitted - start, "slice_seconds": (time.process_time() - begun) / len(fold.scored)}
    return score_ladder(labels[fold.scored], maps).assign(**{key: round(value, 3) for key, value in seconds.items()})


def page(table: pd.DataFrame) -> str:
    """Return the table as a page: all networks together, as if they were one arm, and each of them."""
    cores = os.cpu_count()
    seconds = table.groupby(KEY)[["fit_seconds", "slice_seconds"]].first().median()
    lines = [
        f"<!-- benchmarks/segmentation.py, {date.today()}: {platform.machine()}, {cores} cores, {capability()} -->",
        "",
        f"Processor time, medians over networks: {seconds['fit_seconds']:.1f} s to describe the edges of the training "
        f"slices and fit both classifiers, {seconds['slice_seconds']:.2f} s for a slice of 512 x 512 pixels.",
        "",
    ]
    networks = list(table.groupby(KEY, sort=False))
    # Several networks of one fold are replicates of it: a number takes the place of the seed.
    ladders = [Ladder("networks", key[2], number, Path(), rows) for number, (key, rows) in enumerate(networks)]
    rows = []
    for key, of_network in networks:
        means = of_network.groupby("rung")[["v_rand", "v_info"]].mean()
        cells = [f"{v_rand:.4f} / {v_info:.4f}" for v_rand, v_info in means.loc[list(RUNGS)].to_numpy()]
        rows.append([*map(str, key), *cells])
    each = markdown_table([*KEY, *RUNGS.values()], rows)
    whole = segmentation_markdown(ladders, {"networks": f"{len(networks)} networks"})
    return "\n".join([*lines, whole, "## Each network: V_rand / V_info", "", *each]) + "\n"


if __name__ == "__main__":
    run(main)
