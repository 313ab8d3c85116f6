"""The grey values of a stack: axes, type, range, contrast, polarity."""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from fusionnet.examine.findings import Finding
from fusionnet.volumes.grey_values import GreyWindow, choose_window, to_levels
from fusionnet.volumes.source import VolumeSource, middle

SAMPLES = 8
SIDE = 1024  # of the middle square that is looked at in each sampled slice
LOW_CONTRAST = 12.0  # standard deviation, of 255 levels; ISBI-2012 has 43
SATURATED = 0.02  # share of pixels at one end of the range; 0.1 % on each side is what the grey window saturates
USED_RANGE = 0.35  # share of 0..255 between the 1 % and the 99 % quantile
RIDGE_SIGMA = 2.0  # pixels: membranes are some 5 pixels wide at 4 nm
CLEAR_POLARITY = 0.05  # ISBI-2012 has 0.2, inverted -0.2


def sampled_slices(source: VolumeSource, window: GreyWindow | None) -> Iterator[tuple[int, np.ndarray]]:
    """Return evenly spaced slices' numbers and the middle of each as grey levels 0..255, float32 (Y, X)."""
    depth, height, width = source.shape
    rows, columns = middle(height, SIDE), middle(width, SIDE)
    for z in np.unique(np.linspace(0, depth - 1, SAMPLES).round().astype(int)).tolist():
        yield z, to_levels(source.read(slice(z, z + 1), rows, columns)[0], window)


def examine_volume(source: VolumeSource) -> list[Finding]:
    """Examine a volume's grey values on a sample of its slices.

    Args:
        source: The volume.

    Raises:
        UserError: It holds no grey values, or cannot be read.
    """
    window = choose_window(source)
    levels = np.stack([grey for _, grey in sampled_slices(source, window)])
    findings = [_axes(source), _type(source, window)]
    missing = np.isnan(levels)
    if missing.any():
        advice = "prediction takes them for mid-grey; training wants them replaced"
        findings.append(Finding("mend", f"{missing.mean():.2%} of the pixels are not a number", advice))
        levels[missing] = np.nanmean(levels)
    findings += [_contrast(levels), _saturation(levels), _polarity(levels)]
    return findings


def ridge_polarity(levels: np.ndarray) -> float:
    """Return how much stronger dark thin lines are than bright ones.

    Args:
        levels: Grey levels of a slice, (Y, X).

    Returns:
        -1 (bright lines alone) to 1 (dark lines alone), from the eigenvalues of the Hessian at the scale of a
        membrane: a dark line is curved upwards across and not along.
    """
    image = (levels - levels.mean()) / max(float(levels.std()), 1e-6)
    orders = ((2, 0), (0, 2), (1, 1))
    along_y, along_x, mixed = (ndimage.gaussian_filter(image, RIDGE_SIGMA, order=order) for order in orders)
    mean, spread = (along_y + along_x) / 2, np.hypot((along_y - along_x) / 2, mixed)
    greater, lesser = mean + spread, mean - spread
    dark = float((np.clip(greater - np.abs(lesser), 0, None) ** 2).mean())
    bright = float((np.clip(-lesser - np.abs(greater), 0, None) ** 2).mean())
    return (dark - bright) / max(dark + bright, 1e-12)


def _axes(source: VolumeSource) -> Finding:
    z, y, x = source.shape
    seen = f"{z} slices of {y} x {x} pixels (Z, Y, X), {source.scale}"
    if x < min(y, z) / 2:
        return Finding("look", f"{seen}: the last axis is the shortest", "if slices lie along it, move it to the front")
    if min(y, x) < 64:
        return Finding(
            "look", f"{seen}: slices of few pixels", "check the order of the axes; crops are 64 pixels or more"
        )
    return Finding("ok", seen)


def _type(source: VolumeSource, window: GreyWindow | None) -> Finding:
    if window is None:
        return Finding("ok", "8-bit grey values")
    return Finding(
        "look",
        f"{source.dtype} grey values; {window.low:.6g} would become black and {window.high:.6g} white",
        "if that cuts off tissue, set the window yourself: scripts/predict.py --grey-window=LOW,HIGH",
    )


def _contrast(levels: np.ndarray) -> Finding:
    spread = float(levels.std())
    low, high = np.quantile(levels, [0.01, 0.99])
    seen = f"grey levels {low:.0f} to {high:.0f} of 0 to 255 hold 98 % of the pixels, standard deviation {spread:.0f}"
    if spread < LOW_CONTRAST or high - low < USED_RANGE * 255:
        advice = (
            "stretch the contrast of the whole stack at once (Fiji: Enhance Contrast, Normalize, Use stack histogram)"
        )
        return Finding("mend", f"{seen}: low contrast", advice)
    return Finding("ok", seen)


def _saturation(levels: np.ndarray) -> Finding:
    dark, bright = float((levels <= 0).mean()), float((levels >= 255).mean())
    seen = f"{dark:.1%} of the pixels are black and {bright:.1%} white"
    if max(dark, bright) > SATURATED:
        advice = "grey values were cut off, or the tissue ends inside the image: export with a wider window, or crop"
        return Finding("look", seen, advice)
    return Finding("ok", seen)


def _polarity(levels: np.ndarray) -> Finding:
    index = float(np.median([ridge_polarity(grey) for grey in levels]))
    if index > CLEAR_POLARITY:
        return Finding("ok", f"thin lines are dark, as stained membranes are (index {index:+.2f})")
    if index < -CLEAR_POLARITY:
        advice = "invert it (Fiji: Edit > Invert): networks trained on dark membranes fail on bright ones"
        return Finding("mend", f"thin lines are bright (index {index:+.2f})", advice)
    return Finding("look", f"neither dark nor bright thin lines prevail (index {index:+.2f})", "look at the slices")
