"""Bodies, such as nuclei, as objects: how well they are found, and the size and shape of their sections.

Scores of the second task of the FusionNet paper, whose statistical analysis of cell morphology compares area,
perimeter and eccentricity. Nothing here is chosen on the scored slices: probabilities are cut at one half.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.measure import label, regionprops_table

from fusionnet.errors import UserError
from fusionnet.evaluate.checks import as_labels, as_probabilities
from fusionnet.evaluate.instances import overlap_table, score_segments

THRESHOLD = 0.5
# A body counts as found by another that shares more than this of both together; two cannot both do so.
MATCHING_IOU = 0.5
SHAPE_COLUMNS = ("area_pixels", "perimeter_pixels", "eccentricity")


def number_bodies(inside: np.ndarray, breaks: Sequence[int] = ()) -> np.ndarray:
    """Number the connected bodies of a stack from 1; voxels are connected through their faces.

    Args:
        inside: bool, shape (Z, Y, X).
        breaks: Slices at which another volume begins; no body runs across them.

    Returns:
        int32 (Z, Y, X), 0 outside.
    """
    numbers = np.zeros(inside.shape, np.int32)
    last = 0
    for first, stop in zip((0, *breaks), (*breaks, len(inside)), strict=True):
        part, count = ndimage.label(inside[first:stop])
        numbers[first:stop] = np.where(part > 0, part + last, 0)
        last += count
    return numbers


def true_bodies(labels: np.ndarray, breaks: Sequence[int] = ()) -> np.ndarray:
    """Return the numbers of a truth's bodies: its own, or those of its connected parts if it is a mask.

    Args:
        labels: Instance numbers, or a mask of 0 and 1 or 0 and 255; shape (Z, Y, X).
        breaks: As for `number_bodies`.

    Returns:
        Whole numbers, (Z, Y, X), 0 outside.

    Raises:
        UserError: As for `fusionnet.evaluate.checks.as_labels`.
    """
    labels = as_labels(labels)
    return number_bodies(labels > 0, breaks) if labels.max() in (1, 255) and len(np.unique(labels)) <= 2 else labels


def found_bodies(probabilities: np.ndarray, breaks: Sequence[int] = ()) -> np.ndarray:
    """Return the numbers of the connected parts of a stack above one half, (Z, Y, X), 0 outside.

    Args:
        probabilities: As for `fusionnet.evaluate.checks.as_probabilities`, 1 inside a body.
        breaks: As for `number_bodies`.
    """
    return number_bodies(as_probabilities(probabilities) > THRESHOLD, breaks)


def score_bodies(truth: np.ndarray, found: np.ndarray) -> dict[str, float | int]:
    """Score bodies that were found against the truth.

    Args:
        truth: Body numbers, (Z, Y, X), 0 outside.
        found: Body numbers of the same shape.

    Returns:
        ``dice`` and ``iou`` of the voxels inside a body; ``v_rand`` and ``v_info`` of the instances in 3-D with their
        merge and split parts (`fusionnet.evaluate.instances.score_segments`: they look inside the truth's bodies alone,
        and a voxel that was not found is a body of its own); ``bodies_true``, ``bodies_found`` and ``bodies_matched``,
        the pairs whose intersection is more than half of their union, with ``match_f1``, their Dice.

    Raises:
        UserError: Shapes differ.
    """
    if truth.shape != found.shape:
        raise UserError(f"the truth has shape {truth.shape} but the bodies found {found.shape}; expected the same")
    inside, covered = truth > 0, found > 0
    both, either = int((inside & covered).sum()), int((inside | covered).sum())
    true_count, found_count = (int(np.count_nonzero(np.unique(numbers))) for numbers in (truth, found))
    matched = count_matches(truth, found)
    return {
        "dice": 2 * both / (both + either),
        "iou": both / either,
        **score_segments(truth, found),
        "bodies_true": true_count,
        "bodies_found": found_count,
        "bodies_matched": matched,
        "match_f1": 2 * matched / (true_count + found_count),
    }


def count_matches(truth: np.ndarray, found: np.ndarray) -> int:
    """Return how many bodies of the truth have one found whose intersection over union is above `MATCHING_IOU`."""
    pairs = overlap_table(cast(Any, truth), cast(Any, found), ignore=())  # its protocol wants a dtype that can be set
    shared = np.asarray(pairs.voxels, float)
    of_truth, of_found = (pd.Series(shared).groupby(side).transform("sum") for side in (pairs.truth, pairs.segments))
    ratio = shared / (of_truth + of_found - shared)
    return int(((pairs.truth > 0) & (pairs.segments > 0) & (ratio > MATCHING_IOU)).sum())


def measure_sections(numbers: np.ndarray) -> pd.DataFrame:
    """Measure each section of each body: what a slice shows of it in one piece.

    Args:
        numbers: Body numbers, (Z, Y, X), 0 outside.

    Returns:
        A row for each piece: ``slice``, ``body``, `SHAPE_COLUMNS` as scikit-image's regionprops defines them
        (eccentricity of the ellipse with the same second moments, 0 for a circle), and ``cut``, true where the
        slice's edge cuts it, so that size and shape say little.
    """
    tables = []
    for z, plane in enumerate(numbers):
        pieces = label(plane, background=0, connectivity=1)
        if not pieces.any():
            continue
        table = pd.DataFrame(
            regionprops_table(pieces, plane, properties=("area", "perimeter", "eccentricity", "bbox", "intensity_max"))
        )
        height, width = plane.shape
        edges = (table["bbox-0"] == 0) | (table["bbox-1"] == 0) | (table["bbox-2"] == height)
        table["cut"] = edges | (table["bbox-3"] == width)
        table.insert(0, "slice", z)
        tables.append(table)
    names = {"intensity_max": "body", "area": "area_pixels", "perimeter": "perimeter_pixels"}
    kept = ["slice", "body", *SHAPE_COLUMNS, "cut"]
    if not tables:
        return pd.DataFrame(columns=kept)
    return pd.concat(tables, ignore_index=True).rename(columns=names)[kept].astype({"body": int, "area_pixels": int})
