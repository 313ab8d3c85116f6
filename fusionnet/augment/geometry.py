"""Where pixels go: the eight orientations of a square, and borders continued by mirroring."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    import torch

ORIENTATIONS = 8

Array = TypeVar("Array", np.ndarray, "torch.Tensor")


def orient(array: Array, orientation: int) -> Array:
    """Bring slices into one of the 8 orientations.

    Args:
        array: (..., H, W), numpy or torch.
        orientation: 0 to 7. 0 changes nothing; 1 to 3 turn by as many quarters; 4 to 7 do the same, then mirror x.

    Returns:
        (..., H, W), or (..., W, H) for an odd number of quarter turns. A view where the library can.
    """
    turned = _turn(array, orientation % 4)
    return _mirror(turned) if orientation >= 4 else turned


def orient_back(array: Array, orientation: int) -> Array:
    """Undo `orient` of the same orientation."""
    plain = _mirror(array) if orientation >= 4 else array
    return _turn(plain, -orientation % 4)


def _turn(array: Array, quarters: int) -> Array:
    if isinstance(array, np.ndarray):
        return np.rot90(array, quarters, axes=(-2, -1))
    return cast("Array", array.rot90(quarters, (-2, -1)))


def _mirror(array: Array) -> Array:
    if isinstance(array, np.ndarray):
        return array[..., ::-1]
    return cast("Array", array.flip(-1))


def around(z: int, neighbours: int, depth: int) -> np.ndarray:
    """Return the numbers of the slices z - neighbours .. z + neighbours of a stack, mirrored at its first and last."""
    return mirrored(z - neighbours, z + neighbours + 1, depth)


def mirrored(start: int, stop: int, size: int) -> np.ndarray:
    """Return the pixel numbers start..stop-1 with those outside 0..size-1 reflected at the first and last pixel."""
    period = max(2 * (size - 1), 1)
    wrapped = np.arange(start, stop) % period
    return np.minimum(wrapped, period - wrapped) if size > 1 else np.zeros(stop - start, dtype=int)
