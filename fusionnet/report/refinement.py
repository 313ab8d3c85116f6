"""What units in series refine: the answer of the first of them, beside that of the last."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fusionnet.config.stages import PredictSection
from fusionnet.devices import Machine
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import headlines, metrics_of, shown_metrics
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.fusionnet import FusionNet
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.predict.predictor import Predictor
from fusionnet.report.figures.segmentations import place_of, show, telling_view
from fusionnet.report.results import Replicate, ScoredSlices
from fusionnet.report.statistics import ReplicateKey, estimate_effect, sentence
from fusionnet.report.text import markdown_table, mean_scores
from fusionnet.style import legend_below, new_figure, styled


@dataclass(frozen=True)
class UnitScores:
    """How good the answer of one unit of a replicate is."""

    replicate: Replicate
    unit: int
    """Counted from 1."""
    metrics: dict[str, Any]
    """As `fusionnet.evaluate.metrics.metrics_of`."""
    slices: dict[str, np.ndarray]
    """For each headline metric the score of each slice, (Z,), at the threshold of the headline score."""


def first_units(network: SegmentationNetwork, count: int) -> FusionNet:
    """Return a copy of a network of units in series that ends with an earlier unit.

    A unit sees what the one before it says and nothing of those behind it, so this is what the first units say
    in the whole network.

    Args:
        network: Left as it is.
        count: How many units are kept.
    """
    if not isinstance(network, FusionNet) or not 1 <= count <= len(network.units):
        raise ValueError(f"{type(network).__name__} has no {count} units in series")
    shorter = copy.deepcopy(network)
    shorter.units = shorter.units[:count]
    return shorter


def predict_unit(
    replicate: Replicate, unit: int, raw: np.ndarray, settings: PredictSection, machine: Machine
) -> np.ndarray:
    """Return the probabilities that a unit gives, (Z, Y, X), predicted as the last unit's were.

    Args:
        replicate: Of an arm of units in series.
        unit: Counted from 1.
        raw: Grey values 0..255, (Z, Y, X).
        settings: Orientations, padding, tiles.
        machine: Where it computes.
    """
    network, _, _ = load_checkpoint(replicate.folder / "checkpoint.pt")
    predictor = Predictor(first_units(network, unit), settings, machine)
    return predictor.predict_stack(raw)


def score_units(
    replicate: Replicate, units: int, scored: ScoredSlices, settings: PredictSection, machine: Machine
) -> list[UnitScores]:
    """Score every unit over the fold's slices; the last one has been scored by the evaluate stage.

    Args:
        replicate: Of an arm of units in series.
        units: Their number.
        scored: The fold's slices.
        settings: See `predict_unit`.
        machine: See `predict_unit`.
    """
    found = []
    for unit in range(1, units):
        scores = score_stack(scored.labels, predict_unit(replicate, unit, scored.raw, settings, machine))
        best = {score: int(scores.by_threshold(score).argmax()) for score in headlines()}
        slices = {score: scores.per_slice[score][:, step] for score, step in best.items()}
        found.append(UnitScores(replicate, unit, metrics_of(scores), slices))
    last = {score: replicate.slice_scores(score) for score in headlines()}
    return [*found, UnitScores(replicate, units, dict(replicate.metrics), last)]


def changes(scores: Sequence[UnitScores], arm: str) -> dict[ReplicateKey, np.ndarray]:
    """Return by how much an arm's last unit changes V_rand on each slice, by fold and seed, (Z,)."""
    by_unit = _slices_by_unit(scores, arm, "v_rand")
    first, last = min(by_unit), max(by_unit)
    return {key: by_unit[last][key] - by_unit[first][key] for key in by_unit[first]}


def refinement_table(scores: Sequence[UnitScores]) -> pd.DataFrame:
    """Return a row for each replicate and unit: ``arm``, ``fold``, ``seed``, ``unit``, scores and thresholds."""
    columns = []
    for name, metric in shown_metrics("headline", "text").items():
        columns += [name, f"{name}_threshold"] if metric.shown == "headline" else [name]
    return pd.DataFrame(
        {"arm": s.replicate.arm, "fold": s.replicate.fold, "seed": s.replicate.seed, "unit": s.unit}
        | {column: float(s.metrics[column]) for column in columns}
        for s in scores
    )


def refinement_markdown(scores: Sequence[UnitScores], names: Mapping[str, str]) -> str:
    """Return for each arm the mean scores of its units, and whether its last unit is better than its first.

    Args:
        scores: All units of all replicates.
        names: Display name of each arm.
    """
    table = refinement_table(scores)
    lines = ["# What units in series refine", ""]
    for arm, of_arm in table.groupby("arm", sort=False):
        rows = [[str(unit), *mean_scores(part)] for unit, part in of_arm.groupby("unit")]
        header = ["unit", *(metric.title for metric in shown_metrics("headline", "text").values())]
        lines += [f"## {names[str(arm)]}", "", *markdown_table(header, rows), ""]
        lines += [f"- {said}" for said in _verdicts(scores, str(arm))] + [""]
    lines += [
        "Each unit is scored over the fold's scored slices, averaged over the orientations, at the threshold that is",
        "best for it. A pair is two units of one training, which learned together: the first unit was trained to serve",
        "the second as well as to be right, so it is no FusionNet trained alone.",
    ]
    return "\n".join(lines) + "\n"


def _verdicts(scores: Sequence[UnitScores], arm: str) -> list[str]:
    said = []
    for score, name in headlines().items():
        by_unit = {f"unit {unit}": slices for unit, slices in _slices_by_unit(scores, arm, score).items()}
        units = list(by_unit)
        effect = estimate_effect(units[-1], units[0], score, by_unit)
        said.append(sentence(effect, {unit: unit for unit in units}, name))
    return said


def _slices_by_unit(scores: Sequence[UnitScores], arm: str, score: str) -> dict[int, dict[ReplicateKey, np.ndarray]]:
    by_unit: dict[int, dict[ReplicateKey, np.ndarray]] = {}
    for unit in scores:
        if unit.replicate.arm == arm:
            by_unit.setdefault(unit.unit, {})[unit.replicate.fold, unit.replicate.seed] = unit.slices[score]
    return by_unit


ROW_INCHES = 2.75
CHANGES = colormaps["RdBu"]  # red where the probability fell, blue where it rose


@dataclass(frozen=True)
class Refined:
    """A slice as the first and the last unit see it; images are (Y, X)."""

    arm: str
    seed: int
    slice_name: str
    truth: np.ndarray
    first: np.ndarray
    last: np.ndarray
    units: int
    v_rand: tuple[float, float]
    """Of the slice, by the first unit and by the last."""


def draw_refinement(slices: Sequence[Refined], names: Mapping[str, str]) -> Figure:
    """Draw the first unit's probability, the last one's, their difference and the truth, a row for each slice.

    Args:
        slices: Those that are shown.
        names: Display name of each arm.
    """
    with styled():
        figure, axes = new_figure(ROW_INCHES * len(slices) + 0.7, rows=len(slices), columns=4)
        for row, refined in enumerate(slices):
            _show_row(axes[4 * row : 4 * row + 4], refined, names[refined.arm])
        title = "What the last unit in series changes, on the slices whose V_rand it changes most"
        figure.suptitle(title, x=0.005, ha="left", fontsize=11)
        keys = [
            Patch(color=CHANGES(0.1), label="less probably inside than the first unit said"),
            Patch(color=CHANGES(0.9), label="more probably"),
        ]
        legend_below(figure, keys)
    return figure


def _show_row(panels: Sequence[Axes], refined: Refined, name: str) -> None:
    difference = refined.last - refined.first
    view = telling_view(np.abs(difference))
    first, last = refined.v_rand
    place = f"{refined.slice_name}, seed {refined.seed}"
    show(panels[0], refined.first[view], f"{place}\nunit 1: V_rand {first:.4f}", 1)
    show(panels[1], refined.last[view], f"{name}\nunit {refined.units}: V_rand {last:.4f}", 1)
    panels[2].imshow(difference[view], cmap=CHANGES, vmin=-1, vmax=1, interpolation="nearest")
    panels[2].set_title(f"unit {refined.units} minus unit 1", fontsize=9)
    panels[2].set_axis_off()
    show(panels[3], refined.truth[view], f"{place_of(view)}\ntruth", 1)
