"""The augment stage's output as training reads it, and what of it may be used."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusionnet.config import TrainingJob
from fusionnet.errors import UserError
from fusionnet.folds import Fold, make_fold
from fusionnet.volumes import read_labels, read_volume, require_same_shape


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
    return Stacks(volume, labels, make_fold(job.fold, len(volume) // copies, job.split))
