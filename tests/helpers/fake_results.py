"""Results of an experiment that nobody trained: truth made worse in a known way, laid out as the workflow does."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tifffile
from scipy.ndimage import gaussian_filter

from fusionnet.config.experiment import load
from fusionnet.config.reporting import ReportJob
from fusionnet.config.schema import parse
from fusionnet.config.stages import ArmSettings, TrainingJob
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import metrics_of, slice_table
from fusionnet.files import sha256, write_json
from fusionnet.models.build import build
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.volumes.stacks import write_volume

SWITCHES: dict[str, dict[str, Any]] = {
    "unet-matched": {"width": 3},
    "fusionnet-chain2": {"chain": 2},
    "no-residual": {"residual": False},
    "concat-skips": {"skips": "concatenate"},
    "no-augmentation": {"augmentation": False},
}


def arm_settings(arm: str) -> ArmSettings:
    """Return a small network with the switches that the arm's name stands for."""
    budget = re.fullmatch(r".+-(\d+)-slices?", arm)
    settings = {"architecture": "unet" if arm.startswith("unet") else "fusionnet", "width": 2}
    slices = {"training_slices": int(budget[1])} if budget else {}
    return ArmSettings(**settings | SWITCHES.get(arm, {}) | slices)


def cell_labels(slices: int, side: int, generator: np.random.Generator, cells: int = 30) -> np.ndarray:
    """Return Voronoi cells with membranes of some pixels, uint8 (Z, Y, X) of 0 and 1."""
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1)
    labels = np.empty((slices, side, side), np.uint8)
    seeds = generator.uniform(0, side, (cells, 2))
    for z in range(slices):
        seeds = seeds + generator.normal(0, side / 80, seeds.shape)
        nearest = np.sort(np.linalg.norm(grid[:, :, None] - seeds, axis=-1), axis=-1)
        labels[z] = nearest[..., 1] - nearest[..., 0] > 4
    return labels


def raw_of(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return grey values, uint8 (Z, Y, X): dark membranes, noise and dark spots inside cells."""
    spots = gaussian_filter(generator.normal(size=labels.shape), (0, 3, 3))
    grey = 90 + 80 * gaussian_filter(labels.astype(float), (0, 1, 1)) - 60 * (spots > 0.15)
    return np.clip(grey + generator.normal(0, 20, labels.shape), 0, 255).astype(np.uint8)


def degraded(labels: np.ndarray, errors: int, generator: np.random.Generator) -> np.ndarray:
    """Return probabilities, float32 (Z, Y, X): in each slice so many holes in membranes and so many false bars."""
    side = labels.shape[-1]
    probabilities = gaussian_filter(labels.astype(np.float32), (0, 1, 1))
    for z in range(len(labels)):
        membranes = np.argwhere(labels[z] == 0)
        for y, x in membranes[generator.integers(len(membranes), size=errors)]:
            probabilities[z, max(0, y - 5) : y + 6, max(0, x - 5) : x + 6] += 0.8
        for y, x in generator.integers(0, side, (errors, 2)):
            probabilities[z, y, x : x + side // 12] -= 0.7
    noise = gaussian_filter(generator.normal(0, 1, labels.shape), (0, 2, 2)) * 0.3
    return np.clip(probabilities + noise, 0, 1).astype(np.float32)


def history(key: Sequence[int], epochs: int = 12) -> pd.DataFrame:
    generator = np.random.default_rng(key)
    epoch = np.arange(1, epochs + 1)
    loss = 0.15 + 0.5 * np.exp(-epoch / 3) + generator.normal(0, 0.01, epochs)
    v_rand = 0.98 - 0.6 * np.exp(-epoch / 2) + generator.normal(0, 0.003, epochs)
    return pd.DataFrame(
        {"epoch": epoch, "step": 40 * epoch, "learning_rate": 1e-3, "train_loss": loss}
        | {"validation_loss": np.where(epoch % 2, np.nan, loss * 1.1)}
        | {"validation_v_rand": np.where(epoch % 2, np.nan, v_rand)}
    )


def write_results(
    results: Path,
    raw: Path,
    labels: np.ndarray,
    errors: dict[str, int],
    folds: Sequence[str] = ("1-2",),
    seeds: Sequence[int] = (0, 1),
    volume: np.ndarray | None = None,
) -> ReportJob:
    """Write an experiment's results.

    Args:
        results: Folder of the experiment.
        raw: Receives train-volume.tif and train-labels.tif.
        labels: uint8 (Z, Y, X) of 0 and 1.
        errors: For each arm, the errors that are put into a slice.
        folds: Scored slices of the labels.
        seeds: One replicate for each.
        volume: Raw grey values; made up if None.

    Returns:
        What a report of it compares.
    """
    raw.mkdir(parents=True)
    grey = raw_of(labels, np.random.default_rng(0)) if volume is None else volume
    tifffile.imwrite(raw / "train-volume.tif", grey, photometric="minisblack")
    tifffile.imwrite(raw / "train-labels.tif", labels * 255, photometric="minisblack")
    for arm, number in errors.items():
        for fold in folds:
            first, last = map(int, fold.split("-"))
            for seed in seeds:
                key = [seed, first, list(errors).index(arm)]
                probabilities = degraded(labels[first : last + 1], number, np.random.default_rng(key))
                folder = results / arm / fold / f"seed-{seed}"
                _write_replicate(folder, (arm, fold, seed), labels[first : last + 1], probabilities)
    report = {"baseline_sigma_pixels": 2.0, "slices_shown": 2, "submission": False}
    job = {"arms": list(errors), "folds": list(folds), "seeds": list(seeds), "report": report}
    return parse(ReportJob, json.dumps(job))


def _write_replicate(folder: Path, key: tuple[str, str, int], labels: np.ndarray, probabilities: np.ndarray) -> None:
    arm, fold, seed = key
    folder.mkdir(parents=True)
    base = load("phantom")
    network = arm_settings(arm)
    job = TrainingJob(
        arm=arm, fold=fold, seed=seed, network=network, split=base.split, augment=base.augment, train=base.train
    )
    save_checkpoint(folder / "checkpoint.pt", build(network), job, {})
    history([seed, *map(ord, arm)]).to_csv(folder / "history.csv", index=False)
    write_volume(folder / "probabilities.tif", probabilities, {})
    write_volume(folder / "deviation.tif", probabilities * (1 - probabilities), {})
    seconds = (61.5 + seed) * network.chain * network.width / 2
    timing = {"training_seconds": seconds, "device": "a processor, 2 threads", "threads": 2}
    write_json(folder / "training-time.json", timing)
    predicting = {"seconds_per_slice": 0.75, "device": "cpu", "threads": 2, "orientations": 8}
    write_json(folder / "prediction-time.json", predicting)
    scores = score_stack(labels, probabilities)
    made_from = {"probabilities": {"sha256": sha256(folder / "probabilities.tif")}}
    write_json(folder / "metrics.json", metrics_of(scores) | {"provenance": made_from})
    slice_table(scores).to_csv(folder / "slices.csv", index=False)
