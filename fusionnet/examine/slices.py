"""The sections of a stack one after another: missing, dark, blurred, duplicated, shifted."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fusionnet.examine.findings import Finding, Level, numbered
from fusionnet.volumes.grey_values import GreyWindow, to_levels
from fusionnet.volumes.source import VolumeSource, middle

SIDE = 512  # of the middle square that is measured
NEIGHBOURS = 4  # sections before and after that a section is compared with
EMPTY_SHARE = 0.15  # of the typical contrast: below, a section has no tissue
LEVELS_APART = 30.0  # of 255: a jump of mean grey; sections of ISBI-2012 differ by up to 20
BLURRED_SHARE = 0.7  # of its neighbours' sharpness
SAME = 0.95  # correlation: real neighbours have 0.2 to 0.5 at this scale
SHIFT_PIXELS = 40.0  # a jump that no neurite makes; ISBI-2012, which is registered, has up to 27
CLEAR_GAIN = 0.1  # of likeness by undoing a displacement: below, the displacement is a guess


@dataclass(frozen=True)
class SectionMeasures:
    """One number for each section, shape (Z,).

    Attributes:
        mean: Grey level, 0..255; NaN for a section without numbers.
        contrast: Standard deviation of the grey levels.
        sharpness: Strength of detail (Laplacian at 1 pixel) relative to contrast.
        likeness: Correlation with the section before at their best alignment; NaN for the first.
        shift: Pixels by which it is displaced from the section before; NaN for the first.
        gain: Likeness gained by that alignment; NaN for the first.
    """

    mean: np.ndarray
    contrast: np.ndarray
    sharpness: np.ndarray
    likeness: np.ndarray
    shift: np.ndarray
    gain: np.ndarray


def measure_sections(source: VolumeSource, window: GreyWindow | None) -> SectionMeasures:
    """Measure the middle of every section, one after another."""
    depth, height, width = source.shape
    rows, columns = middle(height, SIDE), middle(width, SIDE)
    measures = np.full((depth, 6), np.nan)
    before = None
    for z in range(depth):
        grey = to_levels(source.read(slice(z, z + 1), rows, columns)[0], window)
        if np.isnan(grey).all():
            before = None
            continue
        grey = np.where(np.isnan(grey), np.nanmean(grey), grey)
        contrast = float(grey.std())
        detail = float(ndimage.laplace(ndimage.gaussian_filter(grey, 1.0)).std())
        measures[z, :3] = grey.mean(), contrast, detail / max(contrast, 1e-3)
        # Membranes alone: noise differs in every section, and shading is the same in all.
        structure = ndimage.gaussian_filter(grey, 2.0) - ndimage.gaussian_filter(grey, 12.0)
        if before is not None:
            measures[z, 3:] = _compare(before, structure)
        before = structure
    return SectionMeasures(*measures.T)


def examine_sections(measures: SectionMeasures) -> list[Finding]:
    """Return a finding for each kind of bad section that there is."""
    typical = np.nanmedian(measures.contrast)
    missing = ~(measures.contrast >= EMPTY_SHARE * typical)
    there = ~missing
    mean = np.where(there, measures.mean, np.nan)
    dark = there & (np.abs(mean - _of_neighbours(mean)) > LEVELS_APART)
    sharpness = np.where(there, measures.sharpness, np.nan)
    blurred = there & (sharpness < BLURRED_SHARE * _of_neighbours(sharpness))
    comparable = there & np.roll(there, 1)
    same = comparable & (measures.likeness > SAME) & (measures.shift < 1)
    shifted = comparable & ~same & (measures.shift > SHIFT_PIXELS) & (measures.gain > CLEAR_GAIN)
    kinds: list[tuple[np.ndarray, Level, str, str]] = [
        (missing, "mend", "empty or missing", "leave them out of training; replace them by a neighbour for prediction"),
        (
            dark,
            "look",
            "darker or brighter than their neighbours",
            "match their histograms, or leave them out of training",
        ),
        (blurred, "look", "less sharp than their neighbours", "leave them out of training, and proofread them after"),
        (same, "mend", "the same as the one before", "remove the copies: they would also be on both sides of a split"),
        (
            shifted,
            "mend",
            "displaced against the one before",
            "register the stack (Fiji: Register Virtual Stack Slices)",
        ),
    ]
    found = [
        Finding(level, f"{numbered('section', np.flatnonzero(bad).tolist())}: {what}", advice)
        for bad, level, what, advice in kinds
        if bad.any()
    ]
    return found or [Finding("ok", f"no section of {len(mean)} is missing, dark, blurred, duplicated or displaced")]


def _of_neighbours(values: np.ndarray) -> np.ndarray:
    """Return the median of each section's neighbours on both sides, itself left out."""
    padded = np.pad(values, NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1).copy()
    windows[:, NEIGHBOURS] = np.nan
    windows[np.isnan(windows).all(axis=1)] = np.nan_to_num(np.nanmedian(values))
    return np.nanmedian(windows, axis=1)


def _compare(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """Return likeness, displacement and gain by the cross-correlation of the whole images."""
    before, after = before - before.mean(), after - after.mean()
    product = np.fft.irfft2(np.fft.rfft2(before) * np.conj(np.fft.rfft2(after)), before.shape)
    place = np.unravel_index(int(product.argmax()), product.shape)
    steps = [min(int(step), size - int(step)) for step, size in zip(place, product.shape, strict=True)]
    norm = max(float(np.linalg.norm(before) * np.linalg.norm(after)), 1e-9)
    best, unmoved = float(product.max()) / norm, float(product[0, 0]) / norm
    return best, float(np.hypot(*steps)), best - unmoved
