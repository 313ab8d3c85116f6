"""What a prediction holds, and an alarm where it says nothing."""

import shlex
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np

ALL_ONE_SIDE = 0.999  # share of pixels on one side of 0.5: membranes take some 20 % of neural tissue
LEAST_RANGE = 0.05  # between the lowest and the highest probability


@dataclass(frozen=True)
class Summary:
    """Of some region's probabilities.

    Attributes:
        pixels: Number of pixels.
        lowest: Least probability.
        highest: Greatest probability.
        total: Their sum.
        inside: Number of pixels at 0.5 or above.
        missing: Number of pixels whose grey value was not a number.
    """

    pixels: int
    lowest: float
    highest: float
    total: float
    inside: int
    missing: int

    def values(self) -> tuple:
        """Return the attributes in order."""
        return astuple(self)


def summarise(probability: np.ndarray) -> Summary:
    """Return the summary of a region.

    Args:
        probability: 0 to 1, or uint8 0 to 255; any shape.
    """
    scale, half, exact = (255, 128, np.uint64) if probability.dtype == np.uint8 else (1, 0.5, np.float64)
    lowest, highest, total = probability.min(), probability.max(), probability.sum(dtype=exact)
    inside = int(np.count_nonzero(probability >= half))
    return Summary(probability.size, float(lowest / scale), float(highest / scale), float(total / scale), inside, 0)


def joined(summaries: Iterable[Summary]) -> Summary:
    """Return the summary of several regions together."""
    summaries = list(summaries)
    pixels, lowest, highest, total, inside, missing = zip(*(each.values() for each in summaries), strict=True)
    return Summary(sum(pixels), min(lowest), max(highest), sum(total), sum(inside), sum(missing))


def alarm(summary: Summary) -> str | None:
    """Return a warning with the usual causes if nearly every pixel got the same answer, else None."""
    if not summary.pixels:
        return None
    share = summary.inside / summary.pixels
    span = summary.highest - summary.lowest
    if span >= LEAST_RANGE and 1 - ALL_ONE_SIDE <= share <= ALL_ONE_SIDE:
        return None
    return (
        f"the prediction says almost nothing: probabilities from {summary.lowest:.3f} to {summary.highest:.3f}, "
        f"{share:.1%} of the pixels inside cells. The usual causes: (1) membranes are bright in this volume and were "
        "dark in training, or the reverse: invert it; (2) its grey values use a small part of their range, such as "
        "12 of 16 bits: choose --grey-window; (3) its pixels are much larger or smaller than those of the training "
        "data: rescale it; (4) the network was hardly trained: look at its training curve; (5) the slices are blank. "
        "scripts/examine.py tells (1), (2) and (5). A float stack that only looks black in Fiji needs "
        "Image > Adjust > Brightness/Contrast > Set: 0 to 1."
    )


def sentences(summary: Summary) -> list[str]:
    """Return what a person should know of a result."""
    mean = summary.total / max(1, summary.pixels)
    lines = [f"probabilities {summary.lowest:.3f} to {summary.highest:.3f}, mean {mean:.3f}"]
    lines += [f"{summary.missing} pixels were not a number and were taken for mid-grey"] if summary.missing else []
    return lines + [f"WARNING: {warning}" for warning in [alarm(summary)] if warning]


def view_command(**options: object) -> str:
    """Return the command that shows a prediction in a browser.

    Args:
        **options: Of ``scripts/view.py``; those that are None are left out.
    """
    given = {name: str(value) for name, value in options.items() if value is not None}
    return shlex.join(["python", "scripts/view.py", *(word for name in given for word in (f"--{name}", given[name]))])
