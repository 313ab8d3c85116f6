"""Any volume's grey values brought to the 8-bit levels that networks are trained on."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource, middle

LOG = logging.getLogger(__name__)
SATURATED_SHARE = 0.001  # of the darkest and of the brightest voxels
SAMPLED_SLICES = 16
SAMPLED_PIXELS = 1024  # side of the square that is sampled from each of them
MOST_VOXELS = 0.98  # should use the window, of which bright debris of 1 % takes most
LEAST_USED = 1 / 3


@dataclass(frozen=True)
class GreyWindow:
    """The grey values that become black (0) and white (255)."""

    low: float
    high: float


def parse_window(text: str) -> GreyWindow:
    """Return the window of ``"LOW,HIGH"``."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(f"grey window: got {text!r}, expected LOW,HIGH, such as 210,3870") from error
    if not low < high:
        raise UserError(f"grey window: got {text!r}, expected LOW smaller than HIGH")
    return GreyWindow(low, high)


def trained_window(origin: Mapping[str, Any]) -> GreyWindow | None:
    """Return the window that a network's training volume had, of what its checkpoint says; None for 8 bits."""
    limits = origin.get("grey_window")
    return GreyWindow(*limits) if limits else None


def choose_window(source: VolumeSource, trained: GreyWindow | None = None) -> GreyWindow | None:
    """Return the window of a volume: None for 8 bits, else quantiles of a sample that depends on the volume alone.

    Args:
        source: Of any integer or floating-point type.
        trained: The window that the network's training volume had, to be named where this one looks wrong.

    Raises:
        UserError: Values that are no grey values, or a sample without a finite one.
    """
    if source.dtype == np.uint8:
        return None
    if source.dtype.kind not in "uif":
        raise UserError(f"{source.name}: values of type {source.dtype}, expected integer or floating-point grey values")
    finite = finite_sample(source)
    if not finite.size:
        raise UserError(f"{source.name}: no finite grey value in a sample of its voxels; is the volume empty?")
    window = window_of(finite)
    warn_of_unused(source.name, finite, window, trained)
    return window


def finite_sample(source: VolumeSource) -> np.ndarray:
    """Return the finite grey values of a sample of voxels, (N,); see `choose_window`."""
    slices, height, width = source.shape
    numbers = np.unique(np.linspace(0, slices - 1, SAMPLED_SLICES).round().astype(int))
    rows, columns = middle(height, SAMPLED_PIXELS), middle(width, SAMPLED_PIXELS)
    sample = np.concatenate([source.read(slice(z, z + 1), rows, columns).ravel() for z in numbers.tolist()])
    return sample[np.isfinite(sample)]


def window_of(grey: np.ndarray) -> GreyWindow:
    """Return the window of finite grey values of any shape, by their quantiles."""
    low, high = np.quantile(grey, [SATURATED_SHARE, 1 - SATURATED_SHARE])
    return GreyWindow(float(low), float(high))


def warn_of_unused(name: str, grey: np.ndarray, window: GreyWindow, trained: GreyWindow | None = None) -> None:
    """Warn where nearly all voxels use a small part of the window, so that tissue becomes nearly one grey.

    Args:
        name: Of the volume.
        grey: Its finite grey values, or a sample of them, of any shape.
        window: What it was given.
        trained: As in `choose_window`.
    """
    values = np.sort(grey.ravel()[:: 1 + grey.size // (SAMPLED_SLICES * SAMPLED_PIXELS**2)], kind="stable")
    held = int(np.ceil(MOST_VOXELS * len(values)))
    widths = values[held - 1 :] - values[: len(values) - held + 1]
    first = int(widths.argmin())
    low, high = float(values[first]), float(values[first + held - 1])
    if high - low >= LEAST_USED * (window.high - window.low):
        return
    LOG.warning(
        f"WARNING: {name}: {MOST_VOXELS:.0%} of the voxels lie between {low:.6g} and {high:.6g}, a small part of the "
        f"grey window {window.low:.6g} to {window.high:.6g}: is there bright or dark debris? Tissue becomes nearly one "
        f"grey; clip the values first, or predict with --grey-window={low:.6g},{high:.6g}"
        + (f" or with that of the training, {trained.low:.6g},{trained.high:.6g}" if trained else "")
    )


def to_levels(grey: np.ndarray, window: GreyWindow | None) -> np.ndarray:
    """Return grey values as float32 levels 0, 1, ..., 255, the same shape; what is not finite becomes NaN.

    Args:
        grey: uint8 where there is no window.
        window: See `choose_window`.
    """
    levels = grey.astype(np.float32)
    if window is None:
        return levels
    scaled = (levels - np.float32(window.low)) * np.float32(255 / max(window.high - window.low, 1e-12))
    return np.where(np.isfinite(levels), np.rint(np.clip(scaled, 0, 255)), np.float32(np.nan))
