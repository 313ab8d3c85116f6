"""Score networks on tissue that they were not trained on: what it costs to leave home.

Usage: python benchmarks/across.py --on vnc --volume data/raw/vnc/train-volume.tif
    --labels data/raw/vnc/train-labels.tif --table across.csv
    fusionnet-isbi2012 results/isbi2012/replicates/*/*/*/checkpoint.pt

Each network predicts the slices (--slices; all of them by default) in 8 orientations, and is scored by the best of
eleven thresholds and, with --edges, by learned edges. The table is added to, so that a benchmark that was stopped goes
on; its means are printed as Markdown. There the tissue bears the slices in its name, where only some are scored.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.config.experiment import load
from fusionnet.devices import set_up
from fusionnet.errors import UserError, run
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import headlines, metrics_of
from fusionnet.models.pretrained import find, load_trained
from fusionnet.predict.predictor import Predictor
from fusionnet.report.text import markdown_table
from fusionnet.segment.cutting import CutStack
from fusionnet.segment.forest import find_learned, load_forest
from fusionnet.segment.ladder import segmentation_map
from fusionnet.segment.training_slices import slices_of, with_neighbours
from fusionnet.style import display_names
from fusionnet.volumes.stacks import read_pair

KEY = ["network", "arm", "fold", "seed", "on", "edges"]


def main() -> None:
    arguments = parse_arguments()
    volume, labels = read_pair(arguments.volume, arguments.labels)
    slices = slices_of(arguments.slices, len(volume), "--slices") if arguments.slices else list(range(len(volume)))
    machine = set_up("auto", "auto", "native")
    tissue = f"{arguments.on} {arguments.slices}" if arguments.slices else arguments.on
    settings = load("isbi2012").predict.model_copy(update={"precision": "auto", "arithmetic": "native"})
    for checkpoint in arguments.checkpoints:
        network, job, _ = load_trained(find(checkpoint))
        name = checkpoint if "/" not in checkpoint else "of " + Path(checkpoint).parts[-6]
        key = dict(zip(KEY, (name, job.arm, job.fold, job.seed, tissue, arguments.edges or "none"), strict=True))
        if is_done(arguments.table, key):
            continue
        predictor = Predictor(network, settings, machine)
        row = key | measure(predictor, volume, labels, slices, arguments.edges)
        table = pd.DataFrame([row])
        table.to_csv(arguments.table, mode="a", header=not arguments.table.exists(), index=False, float_format="%.6f")
    print("\n".join(means(pd.read_csv(arguments.table))))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoints", nargs="*", help="results/EXPERIMENT/replicates/.../checkpoint.pt, or a name")
    parser.add_argument("--on", required=True, help="name of the tissue, in the table")
    parser.add_argument("--volume", required=True, type=Path, help="its grey values")
    parser.add_argument("--labels", required=True, type=Path, help="its labels, 0 on membranes")
    parser.add_argument("--slices", help="score these alone, such as 0-3")
    parser.add_argument("--edges", help="learned edges too: a file of segment.py, or fusionnet-isbi2012")
    parser.add_argument("--table", required=True, type=Path, help="receives a row for each network (CSV)")
    return parser.parse_args()


def is_done(path: Path, key: dict[str, Any]) -> bool:
    """Tell whether a table has a row with these values: all that a measurement depends on, or another is taken for it.

    Raises:
        UserError: The table has no such columns.
    """
    if not path.exists():
        return False
    table = pd.read_csv(path)
    if lacking := sorted(set(key) - set(table.columns)):
        raise UserError(f"--table {path}: lacks {', '.join(lacking)}, of an older version; name a new table")
    rows = table[list(key)].astype(str)
    return bool((rows == pd.Series({name: str(value) for name, value in key.items()})).all(axis=1).any())


def measure(
    predictor: Predictor, volume: np.ndarray, labels: np.ndarray, slices: list[int], edges: str | None
) -> dict[str, Any]:
    """Return the scores of a network on some slices; those by learned edges have names that end in ``_edges``."""
    needed = with_neighbours(slices, len(volume)) if edges else slices
    probabilities = np.full(volume.shape, np.nan, np.float32)
    probabilities[needed] = predictor.predict_stack(volume, needed)
    found = metrics_of(score_stack(labels[slices], probabilities[slices]))
    row = {name: found[name] for name in (*headlines(), "v_rand_threshold", "pixel_error")} | {"slices": len(slices)}
    row |= {f"{name}_edges": math.nan for name in headlines()}  # the same columns in every row
    if edges:
        stack, forest = CutStack(probabilities, volume), load_forest(find_learned(edges))
        cut = metrics_of(score_stack(labels[slices], np.stack([segmentation_map(stack, z, forest) for z in slices])))
        row |= {f"{name}_edges": cut[name] for name in headlines()}
    return row


def means(table: pd.DataFrame) -> list[str]:
    """Return the mean of each kind of network on each tissue as Markdown."""
    names = display_names(sorted(set(table["arm"])))
    rows = []
    for (network, arm, tissue), found in table.groupby(["network", "arm", "on"], sort=False):
        scores = [
            f"{found[name].mean():.4f} ({found[name].min():.4f} to {found[name].max():.4f})" for name in headlines()
        ]
        rows.append([names[arm], network, tissue, str(len(found)), *scores, f"{found['pixel_error'].mean():.4f}"])
    return markdown_table(["network", "trained", "scored on", "trainings", *headlines().values(), "pixel error"], rows)


if __name__ == "__main__":
    run(main)
