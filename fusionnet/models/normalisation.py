"""The grey values that the networks see, the same in training and inference."""

import numpy as np

# Ours: near the mean and spread of the ISBI-2012 training volume (0.49, 0.17 of the grey range). Fixed numbers, so
# that a slice's own content does not shift its grey values, and nothing must be kept beside the weights.
GREY_MEAN = 0.5
GREY_SPREAD = 0.2


def normalise(values: np.ndarray) -> np.ndarray:
    """Bring 8-bit grey values to about zero mean and unit spread.

    Args:
        values: Grey values 0 to 255, any shape.

    Returns:
        float32 of the same shape, -2.5 for black and 2.5 for white.
    """
    return (values.astype(np.float32) / np.float32(255) - np.float32(GREY_MEAN)) / np.float32(GREY_SPREAD)
