"""The augmented stack, and which of its slices a fold trains on, validates on and scores."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusionnet.config.schema import slice_range
from fusionnet.config.stages import SplitSection, TrainingJob
from fusionnet.errors import UserError
from fusionnet.volumes.stacks import read_pair


@dataclass(frozen=True)
class Fold:
    """Slice numbers of the labelled stack; `scored` is empty where a stack of its own is scored."""

    train: list[int]
    validation: list[int]
    scored: list[int]


def make_fold(name: str, slices: int, split: SplitSection) -> Fold:
    """Divide a labelled stack.

    Args:
        name: ``"FIRST-LAST"``, the scored slices, or ``"test"``: a stack of its own is scored.
        slices: Number of slices of the labelled stack.
        split: Sizes of the validation block and of the gaps.

    Returns:
        The fold. The validation block lies before the scored block, or after it where there is no room
        before; for ``"test"`` it is the stack's end. Gaps on both sides of each block belong to nobody.

    Raises:
        UserError: The scored slices are not in the stack, or no slice is left to validate or train on.
    """
    scored = list(slice_range(name)) if name != "test" else []
    if scored and scored[-1] >= slices:
        raise UserError(f"fold {name}: the labelled stack has slices 0-{slices - 1}; choose scored slices in it")
    gap, size = split.gap_slices, split.validation_slices
    end = scored[0] - gap if scored else slices
    start = end - size if end >= size else scored[-1] + 1 + gap if scored else 0
    validation = list(range(start, start + size))
    kept_out = {
        near for block in (scored, validation) for number in block for near in range(number - gap, number + gap + 1)
    }
    train = [number for number in range(slices) if number not in kept_out]
    if (validation and validation[-1] >= slices) or not train:
        raise UserError(
            f"fold {name}: {slices} slices, of them {len(scored)} scored, {size} for validation and gaps of {gap}, "
            "leave no training slice; make split.validation_slices or the fold smaller"
        )
    return Fold(train, validation, scored)


BUDGET = 0xB0D6E7  # keeps these draws apart from those of samples, which are keyed by seed, step and sample


@dataclass(frozen=True)
class Stacks:
    """Grey values and labels, ((copies + 1) * Z, Y, X), copy-major: slice z of copy c is at c * Z + z, copy 0 plain."""

    volume: np.ndarray  # uint8
    labels: np.ndarray  # uint8, 1 inside a cell
    fold: Fold
    depth: int  # Z


def read_stacks(volume_path: Path, labels_path: Path, job: TrainingJob) -> Stacks:
    """Read the augmented stacks of a job.

    Args:
        volume_path: The grey values.
        labels_path: The labels.
        job: Tells the number of copies and the fold.

    Raises:
        UserError: A file is no such stack, the two do not fit each other, or they do not fit the job.
    """
    volume, labels = read_pair(volume_path, labels_path)
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
    if fold.scored and not labels[fold.scored].any():
        raise UserError(f"{labels_path}: fold {job.fold}: no pixel is above 0: no cell to score; choose another")
    if job.network.training_slices:
        fold = fewer_slices(fold, job.network.training_slices, job.seed)
    if not job.network.augmentation:
        volume, labels = volume[:depth], labels[:depth]
    return Stacks(volume, labels, fold, depth)


def fewer_slices(fold: Fold, count: int, seed: int) -> Fold:
    """Return the fold with fewer training slices, drawn at random; fewer of them are a part of more of them.

    Args:
        fold: With all training slices.
        count: How many are kept.
        seed: Decides which.

    Raises:
        UserError: The fold has fewer than that.
    """
    if count > len(fold.train):
        raise UserError(
            f"training_slices: got {count}, but the fold has {len(fold.train)} training slices; ask for at most that"
        )
    order = np.random.default_rng([seed, BUDGET]).permutation(fold.train)
    return replace(fold, train=sorted(order[:count].tolist()))
