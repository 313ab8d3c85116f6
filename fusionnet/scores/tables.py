"""Scores as files: the metrics of a stack and its table per slice and threshold."""

import numpy as np
import pandas as pd

from fusionnet.scores.isbi import StackScores

PARTS = ("v_rand", "v_rand_merge", "v_rand_split", "v_info", "v_info_merge", "v_info_split")


def metrics_of(scores: StackScores) -> dict[str, object]:
    """Return the metrics of a stack, ready for JSON.

    Headline scores are the greatest mean over slices (the smallest for errors) and their threshold; the merge
    and split parts are means over slices at that threshold. ``*_by_threshold`` lists follow ``thresholds``.
    """
    metrics: dict[str, object] = {"slices": len(scores.per_slice["v_rand"])}
    for family in ("v_rand", "v_info", "unthinned_v_rand", "unthinned_v_info"):
        value, threshold = scores.best(family)
        step = scores.thresholds.tolist().index(threshold)
        metrics |= {
            family: value,
            f"{family}_threshold": threshold,
            f"{family}_merge": float(scores.by_threshold(f"{family}_merge")[step]),
            f"{family}_split": float(scores.by_threshold(f"{family}_split")[step]),
        }
    curves = {
        "pooled_v_rand": scores.pooled_v_rand(),
        "unthinned_pooled_v_rand": scores.pooled_v_rand("unthinned"),
        "pixel_error": scores.pixel_error_by_threshold,
        "pixel_f1": scores.pixel_f1_by_threshold,
    }
    for name, curve in curves.items():
        step = int(curve.argmin() if name == "pixel_error" else curve.argmax())
        metrics |= {name: float(curve[step]), f"{name}_threshold": float(scores.thresholds[step])}
    curves |= {part: scores.by_threshold(part) for part in PARTS}
    curves |= {f"unthinned_{part}": scores.by_threshold(f"unthinned_{part}") for part in PARTS}
    metrics["thresholds"] = scores.thresholds.tolist()
    metrics |= {f"{name}_by_threshold": curve.tolist() for name, curve in curves.items()}
    return metrics


def warping_metrics(errors: np.ndarray, thresholds: np.ndarray) -> dict[str, object]:
    """Return the warping error of a stack, ready for JSON: the smallest mean over slices, and its threshold.

    Args:
        errors: As from `fusionnet.scores.warping_errors`, shape (Z, T).
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
