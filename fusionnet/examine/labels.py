"""The labels of a stack: their coding, their balance, and whether they fit the grey values; and how to mend them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import ndimage

from fusionnet.examine.contrast import CLEAR_POLARITY, ridge_polarity, sampled_slices
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
        low: The least value.
        high: The greatest.
        unlabelled: Numbers of the slices whose labels are of one value.
    """

    coding: Coding
    inverted: bool
    findings: list[Finding]
    low: float = 0.0
    high: float = 0.0
    unlabelled: Sequence[int] = ()

    def inside(self, labels: np.ndarray) -> np.ndarray:
        """Return where slices of the labels, (Z, Y, X), are of the greater value or in an instance, as booleans.

        Membranes are drawn where instances meet.
        """
        if self.coding == "instances":
            return np.stack([(slice_ > 0) & ~_borders(slice_) for slice_ in labels])
        return labels > (self.low + self.high) / 2

    def mended(self, labels: np.ndarray) -> np.ndarray:
        """Return slices of the labels as training wants them: uint8, 0 on membranes and 255 inside cells, (Z, Y, X)."""
        return np.where(self.inside(labels) != self.inverted, np.uint8(255), np.uint8(0))


def examine_labels(labels: VolumeSource, volume: VolumeSource, left_out: Collection[int] = ()) -> LabelReport:
    """Examine all slices of labels, one after another, together with their grey values.

    Args:
        labels: The label stack.
        volume: Its grey values, membranes dark.
        left_out: Numbers of slices that are not looked at.
    """
    if labels.shape != volume.shape:
        advice = "crop or pad one of them, or name the stack that belongs to these labels"
        seen = f"labels of shape {labels.shape}, volume of shape {volume.shape}"
        return LabelReport("unclear", False, [Finding("mend", seen, advice)])
    slices = [z for z in range(labels.shape[0]) if z not in left_out]
    coding, finding, low, high = _coding(_Values.of(labels, slices))
    if coding == "unclear":
        return LabelReport(coding, False, [finding], low, high)
    report = LabelReport(coding, False, [finding], low, high)
    unlabelled, shares = [], _Shares()
    for z in slices:
        inside = report.inside(_slice(labels, z))
        if inside.all() or not inside.any():
            unlabelled.append(z)
        shares.add(inside, _slice(volume, z))
    findings = [finding]
    if unlabelled:
        advice = "leave unlabelled slices out of training: they would teach that there is no membrane"
        findings.append(Finding("mend", f"{numbered('slice', unlabelled)}: labels of one value", advice))
    inverted, balance = _balance(shares)
    if inverted:
        inverted, balance = _which_is_inverted(labels, volume)
    return replace(report, inverted=inverted, findings=[*findings, balance], unlabelled=unlabelled)


def _slice(source: VolumeSource, z: int) -> np.ndarray:
    """Return a slice as (1, Y, X)."""
    return source.read(slice(z, z + 1), slice(0, source.shape[1]), slice(0, source.shape[2]))


@dataclass
class _Values:
    """Which values the labels have: how many pixels of each, and how many whose four neighbours have it too."""

    counts: dict[float, int]
    neighbours: dict[float, int]
    pixels: int
    dtype: np.dtype

    @classmethod
    def of(cls, labels: VolumeSource, slices: Sequence[int]) -> "_Values":
        counts: Counter[float] = Counter()
        neighbours: Counter[float] = Counter()
        pixels = 0
        for z in slices:
            slice_ = _slice(labels, z)[0]
            counts.update(_count(slice_))
            same = (slice_[1:] == slice_[:-1])[:, 1:] & (slice_[:, 1:] == slice_[:, :-1])[1:]
            if len(counts) > 2:
                pixels += same.size
                neighbours.update(_count(slice_[1:, 1:][same]))
        return cls(dict(sorted(counts.items())), dict(neighbours), pixels, labels.dtype)

    @property
    def are_of_regions(self) -> bool:
        """Whether each value fills regions, as cells do: most pixels have their neighbours' value."""
        together = sum(self.neighbours.values())
        ordered = sorted(self.neighbours.values())
        return together > 0.7 * self.pixels and len(ordered) > 2 and sum(ordered[:-2]) > 0.2 * together


def _count(values: np.ndarray) -> dict[float, int]:
    if values.dtype == np.uint8:  # many times as fast as sorting
        counts = np.bincount(values.ravel(), minlength=256)
        return {value: int(counts[value]) for value in np.flatnonzero(counts).tolist()}
    found, numbers = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), numbers.tolist(), strict=True))


def _coding(found: _Values) -> tuple[Coding, Finding, float, float]:
    """Return the coding, what to say of it, the least value and the greatest."""
    values = list(found.counts)
    shown = ", ".join(f"{value:g}" for value in values[:6]) + (", ..." if len(values) > 6 else "")
    if not np.isfinite(np.asarray(values, float)).all():
        return "unclear", Finding("mend", f"labels of values {shown}", "replace what is not a number"), np.nan, np.nan
    low, high = float(values[0]), float(values[-1])
    if len(values) == 1:
        return "unclear", Finding("mend", f"all labels are {shown}", "is this the label stack?"), low, high
    return *_coding_of_many(found, values, shown), low, high


def _coding_of_many(found: _Values, values: list[float], shown: str) -> tuple[Coding, Finding]:
    if len(values) == 2:
        usual = set(values) in ({0, 1}, {0, 255})
        advice = "" if usual else "recode them to 0 and 255: scripts/examine.py --mended-labels does"
        return "membranes", Finding("ok" if usual else "mend", f"labels of two values: {shown}", advice)
    low, high = float(values[0]), float(values[-1])
    numbers, counts = np.asarray(values, float), np.asarray(list(found.counts.values()))
    ends = np.abs(numbers - low) < 0.1 * (high - low), np.abs(numbers - high) < 0.1 * (high - low)
    near = float(counts[ends[0] | ends[1]].sum() / counts.sum())
    both = min(float(counts[end].sum() / counts.sum()) for end in ends)
    if near > 0.8 and both > 0.02 and high <= 255 and not found.are_of_regions:
        seen = f"labels of {len(values)} values ({shown}), {near:.0%} near {low:g} or {high:g}: a lossy copy"
        return "damaged", Finding("mend", seen, "get a lossless copy (not JPEG), or threshold it: --mended-labels does")
    if found.dtype.kind in "ui" and (len(values) > MANY or found.are_of_regions):
        seen = f"labels of {len(values)} values ({shown}): a number for each cell"
        advice = "training wants membranes: scripts/examine.py --mended-labels draws them where cells meet"
        return "instances", Finding("mend", seen, advice)
    advice = "expected 0 on membranes and 1 or 255 inside cells; other classes have no place here"
    return "unclear", Finding("mend", f"labels of {len(values)} values: {shown}", advice)


def _borders(slice_: np.ndarray) -> np.ndarray:
    """Return where a pixel's 3 x 3 neighbourhood holds two cells or the background."""
    if slice_.dtype.itemsize > 4:  # the filters compute in doubles, which merge identifiers above 2**53, as connectomes
        _, slice_ = np.unique(slice_, return_inverse=True)  # have them: findings/scipy_labels_above_2_to_53.sh
    return ndimage.maximum_filter(slice_, 3) != ndimage.minimum_filter(slice_, 3)


class _Shares:
    """Pixels inside and outside of cells, and sums of their grey values; index 1 is inside."""

    def __init__(self) -> None:
        self.pixels, self.known, self.sums, self.squares = (np.zeros(2) for _ in range(4))

    def add(self, inside: np.ndarray, grey: np.ndarray) -> None:
        """Count a slice."""
        for place, part in enumerate((grey[~inside], grey[inside])):
            known = part[np.isfinite(part)].astype(np.float64)
            self.pixels[place] += part.size
            self.known[place] += known.size
            self.sums[place] += known.sum()
            self.squares[place] += np.square(known).sum()


def _balance(shares: _Shares) -> tuple[bool, Finding]:
    share = float(shares.pixels[1] / shares.pixels.sum())
    if share in (0.0, 1.0):
        return False, Finding("mend", f"{share:.0%} of the pixels are inside cells", "is this the label stack?")
    outer, inner = shares.sums / np.maximum(shares.known, 1)
    mean = shares.sums.sum() / max(shares.known.sum(), 1)
    spread = max(float(np.sqrt(max(shares.squares.sum() / max(shares.known.sum(), 1) - mean**2, 0.0))), 1e-6)
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
