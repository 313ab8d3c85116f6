"""Reflection at the first and last pixel, which are not repeated (*stated*: the paper pads by mirroring)."""

import numpy as np


def mirrored(start: int, stop: int, size: int) -> np.ndarray:
    """Return the pixel numbers start..stop-1 with those outside 0..size-1 reflected at the first and last pixel."""
    period = max(2 * (size - 1), 1)
    wrapped = np.arange(start, stop) % period
    return np.minimum(wrapped, period - wrapped) if size > 1 else np.zeros(stop - start, dtype=int)
