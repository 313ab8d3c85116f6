"""What is compared with what, and the numbers of it: effects, the table of all replicates, the means as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.config.stages import ArmSettings
from fusionnet.evaluate.metrics import headlines, shown_metrics
from fusionnet.models.cost import Cost
from fusionnet.report.results import Replicate, by_arm, scores_by_replicate
from fusionnet.report.statistics import Effect, estimate_effect

BASELINE = "smoothed grey values"
MEAN = "mean"


def score_columns() -> list[str]:
    """Return the scores in the table of all replicates; those of a headline are followed by its parts and threshold."""
    columns = []
    for name, metric in shown_metrics("headline", "text", "table").items():
        columns += [name, *metric.parts_of(name), *([f"{name}_threshold"] if metric.shown == "headline" else [])]
    return columns


def pairs_of(networks: Mapping[str, ArmSettings]) -> list[tuple[str, str]]:
    """Return which arms are compared: the first with each other one, among arms trained on equally many slices.

    Args:
        networks: Settings of each arm, in the order of the config.
    """
    pairs = []
    for budget in dict.fromkeys(settings.training_slices for settings in networks.values()):
        first, *others = (arm for arm, settings in networks.items() if settings.training_slices == budget)
        pairs += [(first, other) for other in others]
    return pairs


def compare(replicates: Sequence[Replicate], pairs: Sequence[tuple[str, str]]) -> list[Effect]:
    """Return the effects, for each headline metric, of each pair: its first arm against its second.

    Args:
        replicates: All of them.
        pairs: From `pairs_of`.
    """
    effects = []
    for score in headlines():
        scores = scores_by_replicate(list(replicates), score)
        effects += [estimate_effect(arm, baseline, score, scores) for arm, baseline in pairs]
    return effects


def comparison_table(
    replicates: Sequence[Replicate], costs: Mapping[str, Cost], baselines: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Return one row for each replicate, one for the mean of each arm, and the classical baseline's.

    Args:
        replicates: All of them.
        costs: Parameters and operations of each arm.
        baselines: Metrics of the classical baseline for each fold.

    Returns:
        Columns ``arm``, ``fold``, ``seed`` (empty where it has no meaning), the scores, ``parameters``,
        ``flops_per_slice`` (512 x 512 pixels, one pass), seconds of training and of prediction, and devices.
    """
    rows: list[dict[str, Any]] = []
    for replicate in replicates:
        cost = costs[replicate.arm]
        rows.append(
            {"arm": replicate.arm, "fold": replicate.fold, "seed": replicate.seed}
            | {score: float(replicate.metrics[score]) for score in score_columns()}
            | {"parameters": cost.parameters, "flops_per_slice": cost.flops}
            | {
                "training_seconds": replicate.training["training_seconds"],
                "prediction_seconds_per_slice": replicate.prediction["seconds_per_slice"],
                "training_device": replicate.training["device"],
                "prediction_device": replicate.prediction["device"],
            }
        )
    rows += [
        {"arm": BASELINE, "fold": fold, "parameters": 0, "flops_per_slice": 0}
        | {score: float(metrics[score]) for score in score_columns()}
        for fold, metrics in baselines.items()
    ]
    table = pd.DataFrame(rows)
    means = [_mean_row(arm, part) for arm, part in table.groupby("arm", sort=False)]
    table = pd.concat([table, pd.DataFrame(means)], ignore_index=True)
    return table.astype({"seed": "Int64", "parameters": "Int64", "flops_per_slice": "Int64"})


def replicate_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a `comparison_table` that are replicates, not means or the classical baseline."""
    return table[table["seed"].notna()]


def headline_scores(replicates: Sequence[Replicate]) -> dict[str, dict[str, float]]:
    """Return headline metrics and last training loss of each arm, means over its replicates, for ``dvc metrics``."""
    arms = by_arm(replicates)
    means = {
        score: {arm: float(np.mean([r.metrics[score] for r in of_arm])) for arm, of_arm in arms.items()}
        for score in headlines()
    }
    losses = {arm: float(np.mean([r.history["train_loss"].iloc[-1] for r in of_arm])) for arm, of_arm in arms.items()}
    return means | {"loss": losses}


def curves_table(replicates: Sequence[Replicate]) -> pd.DataFrame:
    """Return the histories of all replicates as one table, for ``dvc plots``: arm, fold, seed, and their columns."""
    histories = {(replicate.arm, replicate.fold, replicate.seed): replicate.history for replicate in replicates}
    keys = ["arm", "fold", "seed"]
    return pd.concat(histories, names=keys).reset_index(keys)


def summary(table: pd.DataFrame, effects: Sequence[Effect]) -> dict[str, Any]:
    """Return the means of each arm and the effects, as nested numbers."""
    means = table[table["fold"] == MEAN].set_index("arm")
    kept = [*shown_metrics("headline", "text", "table"), "parameters", "flops_per_slice"]
    arms = {str(arm): {key: _plain(row[key]) for key in kept} for arm, row in means.iterrows()}
    return {
        "arms": arms,
        "effects": {
            f"{arm} minus {baseline}": {
                effect.score: {"mean": effect.mean, "low": _finite(effect.low), "high": _finite(effect.high)}
                for effect in effects
                if (effect.arm, effect.baseline) == (arm, baseline)
            }
            for arm, baseline in dict.fromkeys((effect.arm, effect.baseline) for effect in effects)
        },
    }


def _mean_row(arm: Any, part: pd.DataFrame) -> dict[str, Any]:
    numbers = part.select_dtypes("number").drop(columns="seed").mean()
    devices = {
        key: "; ".join(sorted(set(part[key].dropna()))) or None for key in ("training_device", "prediction_device")
    }
    counts = {key: round(float(numbers[key])) for key in ("parameters", "flops_per_slice")}
    scores = {str(key): value for key, value in numbers.items()}
    return {"arm": arm, "fold": MEAN} | scores | counts | devices


def _plain(value: Any) -> int | float:
    return int(value) if float(value).is_integer() and abs(value) > 1 else float(value)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
