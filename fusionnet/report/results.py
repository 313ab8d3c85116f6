"""The results of an experiment, found by their fixed layout: one folder for each arm, fold and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from fusionnet.config.reading import read_json
from fusionnet.config.reporting import ReportJob
from fusionnet.config.schema import slice_range
from fusionnet.config.stages import ArmSettings
from fusionnet.errors import UserError
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import headlines, metrics_of, shown_metrics
from fusionnet.files import sha256
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.report.statistics import SliceScores
from fusionnet.volumes.stacks import read_pair
from fusionnet.volumes.volume import read_volume

FILES = (
    "checkpoint.pt",
    "history.csv",
    "training-time.json",
    "probabilities.tif",
    "deviation.tif",
    "prediction-time.json",
    "metrics.json",
    "slices.csv",
)
HISTORY_COLUMNS = ("epoch", "train_loss", "validation_loss", "validation_v_rand")
TRAINING_KEYS = ("training_seconds", "device")
PREDICTION_KEYS = ("seconds_per_slice", "device", "orientations")


@dataclass(frozen=True)
class Replicate:
    """One arm on one fold from one seed."""

    arm: str
    fold: str
    seed: int
    folder: Path
    metrics: Mapping[str, Any]
    slices: pd.DataFrame
    history: pd.DataFrame
    training: Mapping[str, Any]
    prediction: Mapping[str, Any]

    def slice_scores(self, score: str) -> np.ndarray:
        """Return a score of each slice, shape (Z,), at the threshold of the headline score, whose mean they have."""
        at_threshold = np.isclose(self.slices["threshold"], self.metrics[f"{score}_threshold"], rtol=0, atol=1e-9)
        return self.slices[at_threshold].sort_values("slice")[score].to_numpy(float)

    def probabilities(self) -> np.ndarray:
        """Read the probability stack, shape (Z, Y, X), 1 inside a cell."""
        return read_volume(self.folder / "probabilities.tif")

    def deviations(self) -> np.ndarray | None:
        """Read the standard deviation over the orientations, shape (Z, Y, X); None where one alone was predicted."""
        return read_volume(self.folder / "deviation.tif") if self.prediction["orientations"] > 1 else None


@dataclass(frozen=True)
class ScoredSlices:
    """Raw grey values and truth of the slices that a fold scores, both (Z, Y, X)."""

    raw: np.ndarray
    labels: np.ndarray
    numbers: list[int]
    """Their numbers in the stack that they are part of."""


def read_replicates(job: ReportJob, results: Path) -> list[Replicate]:
    """Read the small files of all replicates, in the order of the job's arms, folds and seeds.

    Args:
        job: What is compared.
        results: Folder of the experiment: ``{arm}/{fold}/seed-{seed}/`` and in it `FILES`.

    Raises:
        UserError: Files are missing, or lack what they should hold, or the metrics are of other probabilities.
    """
    places = {
        (arm, fold, seed): results / arm / fold / f"seed-{seed}"
        for arm in job.arms
        for fold in job.folds
        for seed in job.seeds
    }
    missing = [folder / name for folder in places.values() for name in FILES if not (folder / name).is_file()]
    if missing:
        others = f" and {len(missing) - 1} more files" if len(missing) > 1 else ""
        raise UserError(
            f"{missing[0]}{others}: missing; the report compares arms {job.arms}, folds {job.folds} and seeds "
            f"{job.seeds}: run snakemake for this experiment to make them"
        )
    return [_read_replicate(*key, folder) for key, folder in places.items()]


def read_scored_slices(fold: str, raw: Path) -> ScoredSlices:
    """Read the raw values and the truth of a fold's scored slices.

    Args:
        fold: ``"FIRST-LAST"`` of the labelled stack, or ``"test"``.
        raw: Folder with ``{train,test}-{volume,labels}.tif``.
    """
    volume_path, labels_path = raw_files([fold], raw)
    volume, labels = read_pair(volume_path, labels_path, read_volume)
    numbers = list(range(len(labels)) if fold == "test" else slice_range(fold))
    if numbers[-1] >= len(labels):
        raise UserError(f"fold {fold}: {labels_path} has slices 0-{len(labels) - 1}; choose scored slices in it")
    return ScoredSlices(volume[numbers], labels[numbers], numbers)


def raw_files(folds: Sequence[str], raw: Path) -> list[Path]:
    """Return the files of the stacks whose slices some folds score: volume and labels of each."""
    stacks = dict.fromkeys("test" if fold == "test" else "train" for fold in folds)
    return [raw / f"{stack}-{kind}.tif" for stack in stacks for kind in ("volume", "labels")]


def read_networks(job: ReportJob, results: Path) -> dict[str, ArmSettings]:
    """Return the network of each arm, as the checkpoint of its first fold and seed has it.

    Args:
        job: What is compared.
        results: As for `read_replicates`.

    Raises:
        UserError: A checkpoint is missing or damaged, or is of another arm, fold or seed than its folder says.
    """
    networks = {}
    for arm in job.arms:
        expected = arm, job.folds[0], job.seeds[0]
        path = results / arm / expected[1] / f"seed-{expected[2]}" / "checkpoint.pt"
        _, trained, _ = load_checkpoint(path)
        found = trained.arm, trained.fold, trained.seed
        if found != expected:
            raise UserError(f"{path}: holds arm, fold and seed {found}, expected {expected}; train again")
        networks[arm] = trained.network
    return networks


def by_arm(replicates: Sequence[Replicate]) -> dict[str, list[Replicate]]:
    """Return the replicates of each arm, arms in the order in which they come."""
    groups: dict[str, list[Replicate]] = {}
    for replicate in replicates:
        groups.setdefault(replicate.arm, []).append(replicate)
    return groups


def one_of_each(replicates: Sequence[Replicate]) -> list[Replicate]:
    """Return a replicate of each arm: those of the first fold and seed."""
    first = replicates[0].fold, replicates[0].seed
    return [replicate for replicate in replicates if (replicate.fold, replicate.seed) == first]


def scores_by_replicate(replicates: list[Replicate], score: str) -> dict[str, SliceScores]:
    """Return, for each arm and (fold, seed), the score of each slice."""
    scores: dict[str, dict[tuple[str, int], np.ndarray]] = {}
    for replicate in replicates:
        scores.setdefault(replicate.arm, {})[replicate.fold, replicate.seed] = replicate.slice_scores(score)
    return dict(scores)


def baseline_metrics(scored: ScoredSlices, sigma_pixels: float) -> dict[str, Any]:
    """Score the classical baseline: smoothed grey values as the probability of "inside a cell".

    Args:
        scored: The slices; membranes are dark.
        sigma_pixels: Standard deviation of the Gaussian, within a slice; 0 for none.

    Returns:
        As `fusionnet.evaluate.metrics.metrics_of`. The stack's smoothed values are stretched to 0..1, so that the
        score's own search over thresholds serves the baseline as well as it serves a network.
    """
    smooth = gaussian_filter(scored.raw.astype(np.float32), (0, sigma_pixels, sigma_pixels))
    low, high = smooth.min(), smooth.max()
    return metrics_of(score_stack(scored.labels, (smooth - low) / max(high - low, np.float32(1e-6))))


def metric_keys() -> list[str]:
    """Return what the report needs of ``metrics.json``."""
    keys = []
    for name, metric in shown_metrics("headline", "text", "table").items():
        at_threshold = [f"{name}_threshold", f"{name}_by_threshold"] if metric.shown == "headline" else []
        keys += [name, *at_threshold, *metric.parts_of(name)]
    return [*keys, "thresholds"]


def _read_replicate(arm: str, fold: str, seed: int, folder: Path) -> Replicate:
    metrics = read_json(folder / "metrics.json", metric_keys())
    scored = metrics.get("provenance", {}).get("probabilities", {}).get("sha256")
    if scored is not None and scored != sha256(folder / "probabilities.tif"):
        raise UserError(f"{folder / 'metrics.json'}: scores other probabilities than those beside it; evaluate again")
    return Replicate(
        *(arm, fold, seed, folder, metrics),
        slices=read_table(folder / "slices.csv", ["slice", "threshold", *headlines()]),
        history=read_table(folder / "history.csv", HISTORY_COLUMNS),
        training=read_json(folder / "training-time.json", TRAINING_KEYS),
        prediction=read_json(folder / "prediction-time.json", PREDICTION_KEYS),
    )


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV table that has at least these columns.

    Raises:
        UserError: It is missing or damaged, or lacks a column.
    """
    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run the experiment first") from error
    except ValueError as error:
        raise UserError(f"{path}: not a CSV table ({error}); make it again") from error
    lacking = [column for column in columns if column not in table.columns]
    if lacking or table.empty:
        raise UserError(f"{path}: {'lacks ' + ', '.join(lacking) if lacking else 'has no row'}; make it again")
    return table
