"""The labels of a stack: their coding, their balance, and whether they fit the grey values; and how to mend them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from fusionnet.examine.contrast import CLEAR_POLARITY, SAMPLES, ridge_polarity, sampled_slices
from fusionnet.examine.findings import Finding, numbered
from fusionnet.volumes.grey_values import choose_window
from fusionnet.volumes.source import VolumeSource

Coding = Literal["membranes", "damaged", "instances", "unclear"]
USUAL_INSIDE = (0.5, 0.95)  # share of pixels inside cells; ISBI-2012 has 0.78
MANY = 32  # distinct values: more are instances, or damage


@dataclass(frozen=True)
class LabelReport:
    """What the labels are.

    Attributes:
        coding: ``membranes``: two values; ``damaged``: two values blurred by a lossy format; ``instances``: a number
            for each cell; ``unclear``: something else.
        inverted: The greater value lies on the membranes.
        findings: In sentences.
    """

    coding: Coding
    inverted: bool
    findings: list[Finding]


def examine_labels(labels: VolumeSource, volume: VolumeSource) -> LabelReport:
    """Examine labels on a sample of slices, together with the grey values.

    Args:
        labels: The label stack.
        volume: Its grey values, membranes dark.
    """
    if labels.shape != volume.shape:
        advice = "crop or pad one of them, or name the stack that belongs to these labels"
        seen = f"labels of shape {labels.shape}, volume of shape {volume.shape}"
        return LabelReport("unclear", False, [Finding("mend", seen, advice)])
    numbers = np.unique(np.linspace(0, labels.shape[0] - 1, SAMPLES).round().astype(int)).tolist()
    whole = slice(0, labels.shape[1]), slice(0, labels.shape[2])
    sample = np.stack([labels.read(slice(z, z + 1), *whole)[0] for z in numbers])
    grey = np.stack([volume.read(slice(z, z + 1), *whole)[0] for z in numbers]).astype(np.float32)
    coding, finding = _coding(sample)
    if coding == "unclear":
        return LabelReport(coding, False, [finding])
    inside = inside_cells(sample, coding)
    constant = [z for z, slice_ in zip(numbers, inside, strict=True) if slice_.all() or not slice_.any()]
    findings = [finding]
    if constant:
        advice = "leave unlabelled slices out of training: they would teach that there is no membrane"
        findings.append(Finding("mend", f"{numbered('slice', constant)}: labels of one value", advice))
    inverted, balance = _balance(inside, grey)
    if inverted:
        inverted, balance = _which_is_inverted(labels, volume)
    return LabelReport(coding, inverted, [*findings, balance])


def inside_cells(labels: np.ndarray, coding: Coding) -> np.ndarray:
    """Return where labels (Z, Y, X) are inside a cell, as booleans; membranes are drawn where instances meet."""
    if coding == "instances":
        return np.stack([(slice_ > 0) & ~_borders(slice_) for slice_ in labels])
    low, high = float(labels.min()), float(labels.max())
    return labels > (low + high) / 2


def mended(labels: np.ndarray, report: LabelReport) -> np.ndarray:
    """Return labels as training wants them: uint8, 0 on membranes and 255 inside cells, (Z, Y, X)."""
    return np.where(inside_cells(labels, report.coding) != report.inverted, np.uint8(255), np.uint8(0))


def _coding(sample: np.ndarray) -> tuple[Coding, Finding]:
    values, counts = np.unique(sample, return_counts=True)
    shown = ", ".join(f"{value:g}" for value in values[:6].tolist()) + (", ..." if len(values) > 6 else "")
    if not np.isfinite(values.astype(float)).all():
        return "unclear", Finding("mend", f"labels of values {shown}", "replace what is not a number")
    if len(values) == 1:
        return "unclear", Finding("mend", f"all labels are {shown}", "is this the label stack?")
    if len(values) == 2:
        usual = set(values.tolist()) in ({0, 1}, {0, 255})
        advice = "" if usual else "recode them to 0 and 255: scripts/examine.py --mended-labels does"
        return "membranes", Finding("ok" if usual else "mend", f"labels of two values: {shown}", advice)
    low, high = float(values[0]), float(values[-1])
    ends = np.abs(values - low) < 0.1 * (high - low), np.abs(values - high) < 0.1 * (high - low)
    near = float(counts[ends[0] | ends[1]].sum() / counts.sum())
    both = min(float(counts[end].sum() / counts.sum()) for end in ends)
    if near > 0.8 and both > 0.02 and high <= 255 and not _regions_of_one_value(sample):
        seen = f"labels of {len(values)} values ({shown}), {near:.0%} near {low:g} or {high:g}: a lossy copy"
        return "damaged", Finding("mend", seen, "get a lossless copy (not JPEG), or threshold it: --mended-labels does")
    if sample.dtype.kind in "ui" and (len(values) > MANY or _regions_of_one_value(sample)):
        seen = f"labels of {len(values)} values ({shown}): a number for each cell"
        advice = "training wants membranes: --mended-labels draws them where cells meet"
        return "instances", Finding("mend", seen, advice)
    advice = "expected 0 on membranes and 1 or 255 inside cells; other classes have no place here"
    return "unclear", Finding("mend", f"labels of {len(values)} values: {shown}", advice)


def _regions_of_one_value(sample: np.ndarray) -> bool:
    """Tell whether each value fills regions, as cells do: most pixels have their four neighbours' value."""
    same = (sample[:, 1:] == sample[:, :-1])[:, :, 1:] & (sample[:, :, 1:] == sample[:, :, :-1])[:, 1:]
    values, counts = np.unique(sample[:, 1:, 1:][same], return_counts=True)
    return float(same.mean()) > 0.7 and len(values) > 2 and float(np.sort(counts)[:-2].sum()) > 0.2 * counts.sum()


def _borders(slice_: np.ndarray) -> np.ndarray:
    """Return where a pixel's 3 x 3 neighbourhood holds two cells or the background."""
    return ndimage.maximum_filter(slice_, 3) != ndimage.minimum_filter(slice_, 3)


def _balance(inside: np.ndarray, grey: np.ndarray) -> tuple[bool, Finding]:
    share = float(inside.mean())
    if not inside.any() or inside.all():
        return False, Finding("mend", f"{share:.0%} of the pixels are inside cells", "is this the label stack?")
    inner, outer = float(np.nanmean(grey[inside])), float(np.nanmean(grey[~inside]))
    spread = max(float(np.nanstd(grey)), 1e-6)
    seen = (
        f"{share:.0%} of the pixels are labelled as inside cells, of mean grey {inner:.4g}; "
        f"the others, the membranes, of {outer:.4g}"
    )
    if inner < outer - 0.1 * spread:
        return True, Finding("mend", seen)
    if inner < outer + 0.1 * spread:
        advice = "check that the labels belong to this stack, and that slices are in the same order"
        return False, Finding("mend", f"{seen}: no difference", advice)
    if not USUAL_INSIDE[0] <= share <= USUAL_INSIDE[1]:
        return False, Finding("look", seen, "unusual for neural tissue; are all membranes drawn, and not too thick?")
    return False, Finding("ok", seen)


def _which_is_inverted(labels: VolumeSource, volume: VolumeSource) -> tuple[bool, Finding]:
    """Return whether it is the labels, where the greater value is on the darker pixels: thin lines are membranes."""
    slices = [grey for _, grey in sampled_slices(volume, choose_window(volume))]
    polarities = [ridge_polarity(np.nan_to_num(grey, nan=float(np.nanmean(grey)))) for grey in slices]
    if float(np.median(polarities)) < -CLEAR_POLARITY:
        advice = "invert the volume (Fiji: Edit > Invert) and leave the labels"
        return False, Finding("mend", "labels fit, but membranes are bright: the volume is inverted", advice)
    seen = "labels are inverted: the greater value is on the dark membranes, and must be inside cells"
    command = f"--volume {volume.name} --labels {labels.name} --mended-labels mended.tif"
    return True, Finding("mend", seen, f"run: python scripts/examine.py {command}")
