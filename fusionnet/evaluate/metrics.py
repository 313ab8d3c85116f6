"""The metrics: a table of them, scores as tables and JSON, and the truth that they are held against."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from fusionnet.config.schema import slice_range
from fusionnet.errors import UserError
from fusionnet.evaluate.checks import as_labels
from fusionnet.evaluate.isbi import StackScores
from fusionnet.files import file_of, sha256
from fusionnet.volumes.stacks import read_provenance
from fusionnet.volumes.tiff import is_tiff
from fusionnet.volumes.volume import read_labels, read_volume


def read_truth(path: Path, instances: bool = False, slices: str | None = None) -> np.ndarray:
    """Read the labels to score against.

    Args:
        path: As for `fusionnet.volumes.volume.read_volume`.
        instances: The stack holds instance numbers, 0 where nothing is labelled; otherwise membranes.
        slices: Keep these: see `fusionnet.config.schema.slice_range`.

    Returns:
        Integers, shape (Z, Y, X): 0 and 1, or the instance numbers.

    Raises:
        UserError: As for `fusionnet.volumes.volume.read_labels` or `fusionnet.evaluate.checks.as_labels`, or the range
            is no range or not in the stack.
    """
    labels = as_labels(read_volume(path), str(path)) if instances else read_labels(path)
    if slices is None:
        return labels
    chosen = slice_range(slices, "--label-slices")
    if chosen[-1] >= len(labels):
        raise UserError(f"--label-slices {slices}: {path} has slices 0-{len(labels) - 1}; choose slices in it")
    return labels[chosen.start : chosen.stop]


def origin_of(path: Path) -> dict[str, object]:
    """Say which bytes a stack was read from, and what `fusionnet.volumes.stacks` recorded of its making.

    Args:
        path: As for `fusionnet.volumes.volume.read_volume`: a file, a folder, or ``file.h5:key``.

    Returns:
        ``path``; ``sha256`` of the file or folder, as `fusionnet.files.sha256`; and ``made_by``, the recorded
        provenance (empty for a foreign stack).
    """
    made_by = read_provenance(path) if is_tiff(str(path)) else {}
    return {"path": str(path), "sha256": sha256(file_of(path)), "made_by": made_by}


@dataclass(frozen=True)
class Metric:
    """One metric of a stack, and where a person meets it.

    Args:
        title: How tables and figures call it.
        shown: ``headline``: in figures, effects and verdict, and in all that follows; ``text``: in the report's text;
            ``table``: in its CSV and JSON; ``file``: in ``metrics.json`` alone.
        curve: From the scores of a stack to the metric at each threshold, shape (T,); None: the mean over slices of the
            per-slice score of that name, which a headline needs.
        has_parts: There are per-slice scores ``NAME_merge`` and ``NAME_split`` too.
        higher_is_better: A headline must be: verdict and axes read it as a score whose best is 1.
        decimals: In texts.
    """

    title: str
    shown: Literal["headline", "text", "table", "file"] = "file"
    curve: Callable[[StackScores], np.ndarray] | None = None
    has_parts: bool = False
    higher_is_better: bool = True
    decimals: int = 4

    def __post_init__(self) -> None:
        if self.shown == "headline" and (self.curve is not None or not self.higher_is_better):
            raise ValueError(f"{self.title}: a headline is a per-slice score of which higher is better")

    def parts_of(self, name: str) -> tuple[str, ...]:
        """Return the names of the merge and the split part of the metric of this name, if it has them."""
        return (f"{name}_merge", f"{name}_split") if self.has_parts else ()


METRICS = {
    "v_rand": Metric("V_rand", "headline", has_parts=True),
    "v_info": Metric("V_info", "headline", has_parts=True),
    "unthinned_v_rand": Metric("V_rand without thinning", has_parts=True),
    "unthinned_v_info": Metric("V_info without thinning", has_parts=True),
    "pooled_v_rand": Metric("V_rand, pooled", curve=StackScores.pooled_v_rand),
    "unthinned_pooled_v_rand": Metric(
        "V_rand without thinning, pooled", curve=lambda scores: scores.pooled_v_rand("unthinned")
    ),
    "pixel_error": Metric(
        "pixel error", "text", curve=lambda scores: scores.pixel_error_by_threshold, higher_is_better=False
    ),
    "pixel_f1": Metric("pixel F-score", "table", curve=lambda scores: scores.pixel_f1_by_threshold),
}


def shown_metrics(*places: str) -> dict[str, Metric]:
    """Return the metrics that are shown in one of these places (see `Metric`), by name."""
    return {name: metric for name, metric in METRICS.items() if metric.shown in places}


def headlines() -> dict[str, str]:
    """Return the titles of the metrics that figures, effects and the verdict show, by name."""
    return {name: metric.title for name, metric in shown_metrics("headline").items()}


def metrics_of(scores: StackScores) -> dict[str, object]:
    """Return the metrics of a stack, ready for JSON.

    A metric is the greatest of its curve over thresholds (the smallest for errors), and has its threshold; the merge
    and split parts are means over slices at that threshold. ``*_by_threshold`` lists follow ``thresholds``.
    """
    metrics: dict[str, object] = {"slices": len(scores.per_slice["v_rand"])}
    pooled: dict[str, np.ndarray] = {}
    of_slices: dict[str, np.ndarray] = {}
    for name, metric in METRICS.items():
        curve = scores.by_threshold(name) if metric.curve is None else metric.curve(scores)
        step = int(curve.argmax() if metric.higher_is_better else curve.argmin())
        metrics |= {name: float(curve[step]), f"{name}_threshold": float(scores.thresholds[step])}
        parts = {part: scores.by_threshold(part) for part in metric.parts_of(name)}
        metrics |= {part: float(values[step]) for part, values in parts.items()}
        (of_slices if metric.curve is None else pooled).update({name: curve} | parts)
    metrics["thresholds"] = scores.thresholds.tolist()
    return metrics | {f"{name}_by_threshold": curve.tolist() for name, curve in (pooled | of_slices).items()}


def warping_metrics(errors: np.ndarray, thresholds: np.ndarray) -> dict[str, object]:
    """Return the warping error of a stack, ready for JSON: the smallest mean over slices, and its threshold.

    Args:
        errors: As from `fusionnet.evaluate.warping.warping_errors`, shape (Z, T).
        thresholds: Shape (T,).
    """
    means = errors.mean(axis=0)
    return {
        "warping_error": float(means.min()),
        "warping_error_threshold": float(thresholds[means.argmin()]),
        "warping_error_by_threshold": means.tolist(),
    }


def slice_table(scores: StackScores) -> pd.DataFrame:
    """Return one row per slice and threshold: ``slice``, ``threshold`` and every score and count of the slice."""
    depth, steps = scores.per_slice["v_rand"].shape
    index = {"slice": np.repeat(np.arange(depth), steps), "threshold": np.tile(scores.thresholds, depth)}
    return pd.DataFrame(index | {name: values.ravel() for name, values in scores.per_slice.items()})
