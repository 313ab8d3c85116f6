"""Border thinning as the ISBI-2012 challenge did it: components of a slice, grown until one-pixel dams part them.

`fusionnet.evaluate.kernels` has the loops and their order; here are slices, framed for them and back.
"""

import numpy as np

from fusionnet.evaluate.kernels import LARGEST_SEGMENT, flood, framed, number_components


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
