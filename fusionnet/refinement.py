"""What units in series refine: the answer of the first of them, beside that of the last."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.checkpoints import load_checkpoint
from fusionnet.comparison import HEADLINE
from fusionnet.devices import Machine
from fusionnet.inference import Predictor
from fusionnet.jobs import PredictSection
from fusionnet.models import FusionNet, SegmentationNetwork
from fusionnet.replicates import Replicate, ScoredSlices
from fusionnet.scores import metrics_of, score_stack
from fusionnet.statistics import ReplicateKey, estimate_effect, sentence
from fusionnet.texts import markdown_table, with_deviation

COLUMNS = ("v_rand", "v_rand_threshold", "v_info", "v_info_threshold", "pixel_error")


@dataclass(frozen=True)
class UnitScores:
    """How good the answer of one unit of a replicate is."""

    replicate: Replicate
    unit: int
    """Counted from 1."""
    metrics: dict[str, Any]
    """As `fusionnet.scores.metrics_of`."""
    slices: dict[str, np.ndarray]
    """For V_rand and V_info the score of each slice, (Z,), at the threshold of the headline score."""


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
    return np.stack([predictor.predict_slice(grey.astype(np.float32)).probability for grey in raw])


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
        best = {score: int(scores.by_threshold(score).argmax()) for score in HEADLINE}
        slices = {score: scores.per_slice[score][:, step] for score, step in best.items()}
        found.append(UnitScores(replicate, unit, metrics_of(scores), slices))
    last = {score: replicate.slice_scores(score) for score in HEADLINE}
    return [*found, UnitScores(replicate, units, dict(replicate.metrics), last)]


def changes(scores: Sequence[UnitScores], arm: str) -> dict[ReplicateKey, np.ndarray]:
    """Return by how much an arm's last unit changes V_rand on each slice, by fold and seed, (Z,)."""
    by_unit = _slices_by_unit(scores, arm, "v_rand")
    first, last = min(by_unit), max(by_unit)
    return {key: by_unit[last][key] - by_unit[first][key] for key in by_unit[first]}


def refinement_table(scores: Sequence[UnitScores]) -> pd.DataFrame:
    """Return a row for each replicate and unit: ``arm``, ``fold``, ``seed``, ``unit``, scores and thresholds."""
    return pd.DataFrame(
        {"arm": s.replicate.arm, "fold": s.replicate.fold, "seed": s.replicate.seed, "unit": s.unit}
        | {column: float(s.metrics[column]) for column in COLUMNS}
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
        rows = [
            [str(unit), *(with_deviation(part[column]) for column in ("v_rand", "v_info", "pixel_error"))]
            for unit, part in of_arm.groupby("unit")
        ]
        lines += [f"## {names[str(arm)]}", "", *markdown_table(["unit", *HEADLINE.values(), "pixel error"], rows), ""]
        lines += [f"- {said}" for said in _verdicts(scores, str(arm))] + [""]
    lines += [
        "Each unit is scored over the fold's scored slices, averaged over the orientations, at the threshold that is",
        "best for it. A pair is two units of one training, which learned together: the first unit was trained to serve",
        "the second as well as to be right, so it is no FusionNet trained alone.",
    ]
    return "\n".join(lines) + "\n"


def _verdicts(scores: Sequence[UnitScores], arm: str) -> list[str]:
    said = []
    for number, (score, name) in enumerate(HEADLINE.items()):
        by_unit = {f"unit {unit}": slices for unit, slices in _slices_by_unit(scores, arm, score).items()}
        units = list(by_unit)
        effect = estimate_effect(units[-1], units[0], score, by_unit, np.random.default_rng(number))
        said.append(sentence(effect, {unit: unit for unit in units}, name))
    return said


def _slices_by_unit(scores: Sequence[UnitScores], arm: str, score: str) -> dict[int, dict[ReplicateKey, np.ndarray]]:
    by_unit: dict[int, dict[ReplicateKey, np.ndarray]] = {}
    for unit in scores:
        if unit.replicate.arm == arm:
            by_unit.setdefault(unit.unit, {})[unit.replicate.fold, unit.replicate.seed] = unit.slices[score]
    return by_unit
