"""The augment stage's output as training reads it, and what of it may be used."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError
from fusionnet.folds import Fold, make_fold
from fusionnet.jobs import TrainingJob
from fusionnet.volumes import read_labels, read_volume, require_same_shape

BUDGET = 0xB0D6E7  # keeps these draws apart from those of samples, which are keyed by seed, step and sample


@dataclass(frozen=True)
class Stacks:
    """Grey values and labels, ((copies + 1) * Z, Y, X), copy-major: slice z of copy c is at c * Z + z, copy 0 plain."""

    volume: np.ndarray  # uint8
    labels: np.ndarray  # uint8, 1 inside a cell
    fold: Fold


def read_stacks(volume_path: Path, labels_path: Path, job: TrainingJob) -> Stacks:
    """Read the augmented stacks of a job.

    Args:
        volume_path: The grey values.
        labels_path: The labels.
        job: Tells the number of copies and the fold.

    Raises:
        UserError: A file is no such stack, the two do not fit each other, or they do not fit the job.
    """
    volume, labels = read_volume(volume_path), read_labels(labels_path)
    require_same_shape((volume_path, volume), (labels_path, labels))
    if volume.dtype != np.uint8:
        raise UserError(f"{volume_path}: got {volume.dtype}, expected uint8; make it with the augment stage")
    copies = job.augment.elastic_copies + 1
    if len(volume) % copies:
        raise UserError(
            f"{volume_path}: {len(volume)} slices, expected a multiple of {copies} (augment.elastic_copies "
            f"{job.augment.elastic_copies} and the original); run the augment stage with this configuration"
        )
    depth = len(volume) // copies
    fold = make_fold(job.fold, depth, job.split)
    if job.network.training_slices:
        fold = fewer_slices(fold, job.network.training_slices, job.seed)
    if not job.network.augmentation:
        volume, labels = volume[:depth], labels[:depth]
    return Stacks(volume, labels, fold)


def fewer_slices(fold: Fold, count: int, seed: int) -> Fold:
    """Return the fold with so many training slices, drawn at random; fewer of them are a part of more of them.

    Args:
        fold: With all training slices.
        count: How many are kept.
        seed: Decides which.

    Raises:
        UserError: The fold has not so many.
    """
    if count > len(fold.train):
        raise UserError(
            f"training_slices: got {count}, but the fold has {len(fold.train)} training slices; ask for at most that"
        )
    order = np.random.default_rng([seed, BUDGET]).permutation(fold.train)
    return replace(fold, train=sorted(order[:count].tolist()))
