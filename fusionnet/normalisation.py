"""How grey values become network input: by constants, the same in training and in prediction.

Nothing is measured on the image: a tile, a slice and a whole volume give the same input for the same pixel, and a
dark section stays dark.
"""

import numpy as np

from fusionnet.errors import UserError

MEAN = 0.5  # of the grey range 0..1 [ours]
DEVIATION = 0.25  # [ours]: of EM stacks that use their grey range well


def unit_range(grey: np.ndarray) -> np.ndarray:
    """Return grey values as fractions of their dtype's range.

    Args:
        grey: uint8 (0..255), uint16 (0..65535) or floating point (0..1), any shape.

    Returns:
        float32 in 0..1, the same shape; NaN stays NaN.

    Raises:
        UserError: Another dtype, or floating-point values outside 0..1.
    """
    if grey.dtype.kind == "f":
        low, high = (float(np.nanmin(grey)), float(np.nanmax(grey))) if np.isfinite(grey).any() else (0.0, 0.0)
        if low < -1e-3 or high > 1.001:
            raise UserError(
                f"grey values: got {grey.dtype} from {low:.4g} to {high:.4g}, expected 0..1; "
                "rescale the volume, or save it as 8-bit"
            )
        return grey.astype(np.float32)
    if grey.dtype.type not in (np.uint8, np.uint16):
        raise UserError(f"grey values: got {grey.dtype}, expected uint8, uint16 or floating point in 0..1; convert it")
    return grey.astype(np.float32) / np.float32(np.iinfo(grey.dtype).max)


def normalise(fraction: np.ndarray) -> np.ndarray:
    """Return network input for grey values in 0..1 (see `unit_range`): shifted by `MEAN`, scaled by `DEVIATION`."""
    return ((fraction - np.float32(MEAN)) / np.float32(DEVIATION)).astype(np.float32)
