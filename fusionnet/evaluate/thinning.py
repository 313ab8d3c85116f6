"""Border thinning as the ISBI-2012 challenge did it: components of a slice, grown until one-pixel dams part them.

The flood is two-level, first in first out and 4-connected. Its result depends on the order in which pixels
are visited, so no general watershed reproduces it; this module states that order and keeps it. Every kernel
works on one slice, transposed to (X, Y) and framed by one pixel, as a flat array: memory order is then the
challenge's column-major order, and a neighbour is a fixed distance away without a test for the border.
"""

import numpy as np
from numba import njit

DAM = 0
LARGEST_SEGMENT = 65535  # the challenge kept segments in 16 bits and clamped greater numbers
_FREE, _QUEUED, _OUTSIDE = -1, -2, -3


@njit(cache=True, nogil=True, error_model="numpy")
def number_components(values: np.ndarray, column: int, segments: np.ndarray, queue: np.ndarray) -> int:
    """Number the 4-connected components of equal non-zero values in memory order.

    Args:
        values: Framed flat slice, integers; 0 is background. The frame must be 0.
        column: Length of one framed column, Y + 2.
        segments: int32, framed like ``values``; receives 1, 2, ... in components and 0 elsewhere.
        queue: int32 work space, at least as long as there are pixels.

    Returns:
        The number of components.
    """
    segments[:] = 0
    count = 0
    for seed in range(values.size):
        if values[seed] == 0 or segments[seed] != 0:
            continue
        count += 1
        segments[seed] = count
        queue[0] = seed
        waiting = 1
        while waiting:
            waiting -= 1
            pixel = queue[waiting]
            for step in (-column, -1, column, 1):
                neighbour = pixel + step
                if values[neighbour] == values[seed] and segments[neighbour] == 0:
                    segments[neighbour] = count
                    queue[waiting] = neighbour
                    waiting += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def flood(segments: np.ndarray, column: int, queue: np.ndarray) -> None:
    """Grow numbered components over the background, in place, until only dams remain between them.

    The queue starts with every background pixel that touches a component, in column-major order. A popped
    pixel looks left, up, right and down: background pixels not yet queued join the queue, and if exactly one
    segment is met the pixel takes it; otherwise it becomes a dam. Dams pass the flood on.

    Args:
        segments: int32 framed flat slice, as `number_components` leaves it, with at least one component.
        column: Length of one framed column, Y + 2.
        queue: int32 work space, at least as long as there are pixels.
    """
    size = segments.size
    for pixel in range(size):
        outside = pixel < column or pixel >= size - column or pixel % column == 0 or pixel % column == column - 1
        if outside:
            segments[pixel] = _OUTSIDE
        elif segments[pixel] == 0:
            segments[pixel] = _FREE
    last = 0
    for pixel in range(column, size - column):
        if segments[pixel] == _FREE and (
            segments[pixel - column] > 0
            or segments[pixel - 1] > 0
            or segments[pixel + column] > 0
            or segments[pixel + 1] > 0
        ):
            segments[pixel] = _QUEUED
            queue[last] = pixel
            last += 1
    first = 0
    while first < last:
        pixel = queue[first]
        first += 1
        met = DAM
        several = False
        for step in (-column, -1, column, 1):
            state = segments[pixel + step]
            if state > 0:
                several = several or (met != DAM and met != state)
                met = state
            elif state == _FREE:
                segments[pixel + step] = _QUEUED
                queue[last] = pixel + step
                last += 1
        segments[pixel] = DAM if several else met


@njit(cache=True, nogil=True, error_model="numpy")
def wrap_to_16_bits(segments: np.ndarray, column: int, count: int) -> np.ndarray:
    """Renumber components in row-major order modulo 65536, as the challenge's unthinned form did.

    It kept components in 16 bits without a check, so component 65536 becomes background and 65537 joins the
    first. Up to 65535 components the partition does not change.

    Args:
        segments: int32 framed flat slice, numbered 0..count.
        column: Length of one framed column, Y + 2.
        count: The number of components.

    Returns:
        int32, framed like ``segments``.
    """
    numbers = np.full(count + 1, -1, np.int32)
    numbers[0] = 0
    wrapped = np.empty_like(segments)
    found = 0
    for row in range(column):
        for pixel in range(row, segments.size, column):
            segment = segments[pixel]
            if numbers[segment] < 0:
                found += 1
                numbers[segment] = found & 0xFFFF
            wrapped[pixel] = numbers[segment]
    return wrapped


def framed(plane: np.ndarray) -> np.ndarray:
    """Return a slice (Y, X) transposed, framed by one pixel of 0 and flat: length (X + 2) * (Y + 2)."""
    return np.pad(plane.T, 1).ravel()


def unframed(flat: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Undo `framed`: return the slice of the given shape (Y, X)."""
    height, width = shape
    return np.ascontiguousarray(flat.reshape(width + 2, height + 2)[1:-1, 1:-1].T)


def components(values: np.ndarray) -> np.ndarray:
    """Number the 4-connected components of equal non-zero values of a slice.

    Args:
        values: Integers or booleans, shape (Y, X): a mask, or instance numbers. 0 is background.

    Returns:
        int32 array of shape (Y, X): 0 on background, components numbered from 1 in column-major order.
    """
    flat = framed(values)
    segments, queue = np.empty(flat.size, np.int32), np.empty(flat.size, np.int32)
    number_components(flat, values.shape[0] + 2, segments, queue)
    return unframed(segments, values.shape)


def thinned_components(mask: np.ndarray) -> np.ndarray:
    """Segment a binary slice as the challenge did: 4-connected components, borders thinned to dams.

    Args:
        mask: bool, shape (Y, X); true inside a cell.

    Returns:
        int32 array of shape (Y, X): 0 on dams, segments numbered from 1 in column-major order and clamped to
        65535. A slice with nothing inside a cell is one segment.
    """
    flat = framed(mask.astype(np.uint8))
    column = mask.shape[0] + 2
    segments, queue = np.empty(flat.size, np.int32), np.empty(flat.size, np.int32)
    if not number_components(flat, column, segments, queue):
        return np.ones(mask.shape, np.int32)
    flood(segments, column, queue)
    return np.minimum(unframed(segments, mask.shape), LARGEST_SEGMENT)
