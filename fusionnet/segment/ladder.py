"""The ladder of segmentations, from a plain threshold to learned edges: what each step adds, and what is left."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.evaluate.checks import as_probabilities
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import METRICS, headlines
from fusionnet.evaluate.thinning import components
from fusionnet.segment.cutting import CutStack
from fusionnet.segment.edges import find_edges, is_cut
from fusionnet.segment.forest import Forest
from fusionnet.segment.linkage import average_linkage, ultrametric_map
from fusionnet.segment.superpixels import superpixels

THRESHOLD, LINKAGE, EDGES, BESIDE, CEILING = "threshold", "linkage", "edges", "edges_beside", "ceiling"
RUNGS = {
    THRESHOLD: "threshold",
    LINKAGE: "linkage, nothing learned",
    EDGES: "learned edges",
    BESIDE: "learned edges, slices beside",
    CEILING: "superpixels merged by the truth",
}
LEARNED = {EDGES: False, BESIDE: True}  # and whether the slices beside are looked at


def segmentation_map(stack: CutStack, z: int, forest: Forest | None) -> np.ndarray:
    """Return a slice whose thresholds give its segmentations; see `fusionnet.segment.linkage.ultrametric_map`.

    Args:
        stack: Holds the slice.
        z: Its number.
        forest: Of learned edges; None for the linkage that needs no learning.
    """
    here = stack.cut(z)
    return ultrametric_map(here.edges, stack.heights(z, forest), here.pieces.shape)


def ceiling_map(probability: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return the map of a slice's superpixels merged by the truth: what no classifier of edges can surpass.

    Args:
        probability: Of "inside a cell", float32 in 0..1, (Y, X).
        cells: The truth: whole numbers, 0 on membranes, (Y, X).
    """
    pieces = superpixels(1 - probability)
    edges = find_edges(pieces)
    cut = is_cut(edges, pieces, cells) != 0  # a superpixel in no cell stays alone
    heights = average_linkage(edges.pairs, cut.astype(float), edges.lengths)
    return ultrametric_map(edges, (heights > 0).astype(float), pieces.shape)


def score_ladder(labels: np.ndarray, maps: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Score every rung, and the ceiling above them, as the challenge did.

    Args:
        labels: Membranes, 0 on them, (Z, Y, X).
        maps: For each rung but the ceiling the stack that is cut by thresholds, (Z, Y, X); `THRESHOLD` among them, the
            probabilities.

    Returns:
        A row for each rung and slice: ``rung``, ``slice``, and for each headline score its value, its merge and split
        part and its threshold, which is the same for all slices of a rung. The mean over slices is the challenge's.

    Raises:
        UserError: As for `fusionnet.evaluate.isbi.score_stack`.
    """
    planes = zip(as_probabilities(maps[THRESHOLD]), labels, strict=True)
    ceiling = np.stack([ceiling_map(plane, components((truth > 0).astype(np.uint8))) for plane, truth in planes])
    tables = []
    for rung, stack in {**maps, CEILING: ceiling}.items():
        scores = score_stack(labels, stack)
        columns: dict[str, Any] = {"rung": rung, "slice": np.arange(len(labels))}
        for name in headlines():
            step = int(scores.by_threshold(name).argmax())
            columns |= {part: scores.per_slice[part][:, step] for part in (name, *METRICS[name].parts_of(name))}
            columns[f"{name}_threshold"] = float(scores.thresholds[step])
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
