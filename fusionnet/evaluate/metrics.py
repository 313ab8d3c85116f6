"""Scores as tables and JSON, and the truth that they are held against."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from fusionnet.config.schema import slice_range
from fusionnet.errors import UserError
from fusionnet.evaluate.checks import as_labels
from fusionnet.evaluate.isbi import StackScores
from fusionnet.files import sha256
from fusionnet.volumes.hdf5 import file_of
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
        ``path``; ``sha256`` of the file, or of the names and SHA-256 of a folder's files in sorted order; and
        ``made_by``, the recorded provenance (empty for a foreign stack).
    """
    source = file_of(path)
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.is_file())
        listing = "".join(f"{sha256(file)}  {file.relative_to(source).as_posix()}\n" for file in files)
        digest = hashlib.sha256(listing.encode()).hexdigest()
    else:
        digest = sha256(source)
    made_by = read_provenance(path) if is_tiff(str(path)) else {}
    return {"path": str(path), "sha256": digest, "made_by": made_by}


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
