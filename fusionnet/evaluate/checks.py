"""Checks at the boundary of the scores: a stack that is not what it seems must not get a number."""

import warnings

import numpy as np

from fusionnet.errors import UserError

ROUNDING = 1e-5  # beyond 0 or 1, as some libraries' sigmoid gives it
CLEAR_DIFFERENCE = 0.05  # of mean probabilities; chance alone stays below it


class ScoreWarning(UserWarning):
    """The score is computed, but the input is probably not what its owner thinks."""


def as_labels(labels: np.ndarray, name: str = "labels") -> np.ndarray:
    """Return a label stack as integers (Z, Y, X), 0 on membranes or where there is no truth.

    Args:
        labels: Booleans or integers, shape (Z, Y, X) or (Y, X); whole numbers stored as floats pass too.
        name: What to call the stack in errors.

    Raises:
        UserError: Wrong number of dimensions, fractions, NaN, negative numbers, or no pixel above 0.
    """
    stack = _stack(labels, name)
    if stack.dtype.kind == "f":
        if not np.isfinite(stack).all():
            raise UserError(f"{name}: holds NaN or infinity, expected whole numbers")
        if (stack != np.floor(stack)).any():
            raise UserError(f"{name}: holds fractions, expected whole numbers; is this the probability stack?")
        stack = stack.astype(np.int64)
    elif stack.dtype.kind == "b":
        stack = stack.astype(np.uint8)
    if stack.min() < 0:
        raise UserError(f"{name}: holds {stack.min()}, expected numbers from 0; set unlabelled pixels to 0")
    if not stack.any():
        raise UserError(
            f"{name}: no pixel is above 0, so there is no cell to score against; expected > 0 inside cells "
            "and 0 on membranes: check that the file is the label stack, and its slice range"
        )
    return stack


def as_probabilities(probabilities: np.ndarray, name: str = "probabilities") -> np.ndarray:
    """Return a probability stack as float32 in 0..1, (Z, Y, X), 1 = inside a cell.

    Args:
        probabilities: Floats in 0..1 but for rounding, booleans, or uint8 (scaled to v / 255 in double, then rounded
            to float32, as the challenge did); shape (Z, Y, X) or (Y, X).
        name: What to call the stack in errors.

    Raises:
        UserError: Wrong number of dimensions, integers of another width, NaN, or values outside 0..1.
    """
    stack = _stack(probabilities, name)
    if stack.dtype == np.uint8:
        if stack.max() == 1:
            warnings.warn(
                f"{name}: 8-bit with values 0 and 1 only, so 1 means 1/255 and all thresholds but 0 see an empty "
                "stack; for a mask, store 255 inside cells",
                ScoreWarning,
                stacklevel=3,
            )
        return (stack / 255).astype(np.float32)
    if stack.dtype.kind == "b":
        return stack.astype(np.float32)
    if stack.dtype.kind != "f":
        raise UserError(
            f"{name}: {stack.dtype} with values {stack.min()}..{stack.max()}, expected 32-bit floats in 0..1 or "
            "8 bits; divide by the largest possible value and save as 32-bit"
        )
    low, high = stack.min(), stack.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = np.argwhere(~np.isfinite(stack))
        z, y, x = bad[0]
        raise UserError(
            f"{name}: {len(bad)} pixels are NaN or infinite, the first at z={z} y={y} x={x}; expected 0..1: "
            "look for a division by zero or a diverged network"
        )
    if low < -ROUNDING or high > 1 + ROUNDING:
        cause = "raw network outputs (logits)? apply the sigmoid" if low < 0 else "a stretched stack? divide it"
        if low >= 0 and 2 < high <= 255:
            cause = "0..255 stored as floats? divide by 255"
        raise UserError(f"{name}: values {low:.8g}..{high:.8g}, expected probabilities in 0..1; {cause}")
    stack = stack.astype(np.float32, copy=False)
    return stack if low >= 0 and high <= 1 else stack.clip(0, 1)


def warn_of_swapped_polarity(inside: np.ndarray, probabilities: np.ndarray) -> None:
    """Warn when probabilities are lower inside the truth's cells than on its membranes.

    Args:
        inside: bool, shape (Z, Y, X), true inside the truth's cells.
        probabilities: float32, same shape.
    """
    if inside.all():
        return
    inner, outer = probabilities[inside].mean(dtype=float), probabilities[~inside].mean(dtype=float)
    if outer - inner < CLEAR_DIFFERENCE:
        return
    share = inside.mean()
    likely = (
        f"the labels are inverted (only {share:.0%} of their pixels are > 0; cells usually fill most of a slice)"
        if share < 0.5
        else "the stack holds membrane probabilities; score 1 - p"
    )
    warnings.warn(
        f"polarity looks swapped: the mean probability is {inner:.3f} inside the truth's cells and {outer:.3f} on "
        f"its membranes, but 1 must mean inside a cell, so the scores collapse. Most likely {likely}",
        ScoreWarning,
        stacklevel=3,
    )


def warn_of_empty_slices(inside: np.ndarray) -> None:
    """Warn of slices in which the truth has no cell: they score 0 and lower the mean.

    Args:
        inside: bool, shape (Z, Y, X), true inside the truth's cells.
    """
    empty = np.flatnonzero(~inside.any(axis=(1, 2)))
    if len(empty):
        named = ", ".join(map(str, empty[:10].tolist())) + (", ..." if len(empty) > 10 else "")
        warnings.warn(
            f"slice {named} of the labels has no cell: it scores 0, as in the challenge, and lowers the mean",
            ScoreWarning,
            stacklevel=3,
        )


def _stack(array: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[np.newaxis]
    if array.ndim != 3 or not array.size:
        raise UserError(f"{name}: got an array of shape {array.shape}, expected (Z, Y, X) with at least one pixel")
    if array.dtype.kind not in "buif":
        raise UserError(f"{name}: got an array of {array.dtype}, expected numbers")
    return array
