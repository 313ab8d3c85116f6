"""Segments of neighbouring slices that are the same cell bear the same number, and so the same colour in a page."""

import numpy as np


def follow(stack: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """Number segments so that what overlaps most from slice to slice keeps its number.

    Of two segments that would take one number that with the greater overlap gets it. A segment that goes on from none
    takes the number of the reference's segment that it overlaps most, if that is free in the slice, else a new one. So
    a cell has the same colour in the truth and in each arm as far as it was found.

    Args:
        stack: Segments numbered slice by slice, (Z, Y, X); 0 between them.
        reference: The result of this function for another stack of the same shape, such as the truth's.

    Returns:
        int32 (Z, Y, X), 0 where the stack is 0.
    """
    followed = np.zeros(stack.shape, np.int32)
    last = 0 if reference is None else int(reference.max())
    for z, plane in enumerate(stack):
        numbers = np.zeros(int(plane.max()) + 1, np.int32)
        if z:
            _take_over(numbers, plane, followed[z - 1])
        if reference is not None:
            _take_over(numbers, plane, reference[z])
        new = np.flatnonzero(numbers == 0)[1:]  # 0 is no segment
        new = new[np.isin(new, plane)]
        numbers[new] = last + 1 + np.arange(len(new))
        last += len(new)
        followed[z] = numbers[plane]
    return followed


def _take_over(numbers: np.ndarray, plane: np.ndarray, other: np.ndarray) -> None:
    """Give segments without a number that of the other slice's segment they overlap most, each number once."""
    counted = (plane > 0) & (other > 0)
    span = int(other.max()) + 1
    pairs, sizes = np.unique(plane[counted].astype(np.int64) * span + other[counted], return_counts=True)
    taken = set(numbers.tolist())
    for pair in pairs[np.argsort(-sizes, kind="stable")].tolist():
        segment, number = divmod(pair, span)
        if numbers[segment] == 0 and number not in taken:
            numbers[segment] = number
            taken.add(number)
