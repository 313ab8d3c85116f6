"""The labelled slices that a network was trained on, predicted by it, for the classifier of edges to learn from."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from fusionnet.config.schema import slice_range
from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError
from fusionnet.evaluate.thinning import components
from fusionnet.predict.predictor import Predictor
from fusionnet.train.folds import fewer_slices, make_fold


def training_slices(job: TrainingJob, depth: int) -> list[int]:
    """Return the slices of a labelled stack that a network was trained on; no others teach the classifier of edges.

    Args:
        job: Of the training.
        depth: Slices of the stack.

    Raises:
        UserError: The fold does not fit the stack.
    """
    fold = make_fold(job.fold, depth, job.split)
    if job.network.training_slices:
        fold = fewer_slices(fold, job.network.training_slices, job.seed)
    return fold.train


def slices_of(text: str, depth: int, where: str) -> list[int]:
    """Return the slices of ``"A-B"`` or ``"A-B,C,D-E"``, ascending, each in 0 to ``depth - 1``.

    Raises:
        UserError: Not so, or not in the stack; ``where`` is named.
    """
    found = sorted({number for part in text.split(",") for number in slice_range(part.strip(), where)})
    if found[-1] >= depth:
        raise UserError(f"{where}: got {text!r}, but the stack has slices 0-{depth - 1}; choose slices in it")
    return found


def with_neighbours(numbers: Iterable[int], depth: int) -> list[int]:
    """Return slices and those above and below them that are in the stack, ascending."""
    return sorted({near for z in numbers for near in (z - 1, z, z + 1) if 0 <= near < depth})


def cells_of(labels: np.ndarray, numbers: Collection[int]) -> dict[int, np.ndarray]:
    """Return the cells of labelled slices, int32 (Y, X), 0 on membranes; other slices are not looked at.

    Args:
        labels: Membranes, 0 on them, (Z, Y, X).
        numbers: The slices that may be learned from.

    Raises:
        UserError: None of them has a cell.
    """
    cells = {z: components((labels[z] > 0).astype(np.uint8)) for z in numbers}
    if not any(plane.any() for plane in cells.values()):
        raise UserError("the labels of the training slices have no pixel above 0, so no cell; check the file")
    return cells


def predicted(
    predictor: Predictor, volume: np.ndarray, numbers: Iterable[int], known: Mapping[int, np.ndarray]
) -> np.ndarray:
    """Return probabilities of a stack: those that are known, and predicted ones where they are needed.

    Args:
        predictor: Of the trained network.
        volume: Grey values, 8 bits, (Z, Y, X).
        numbers: Slices that are needed.
        known: Probabilities of slices that were predicted before.

    Returns:
        float32 (Z, Y, X); NaN where a slice is neither known nor needed.
    """
    probabilities = np.full(volume.shape, np.nan, np.float32)
    if unknown := [z for z in numbers if z not in known]:
        probabilities[unknown] = predictor.predict_stack(volume, unknown)
    for z, plane in known.items():
        probabilities[z] = plane
    return probabilities
