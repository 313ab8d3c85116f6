"""The report's texts: the comparison as a table, the verdict as sentences, the means as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.flops import SLICE_PIXELS, Cost
from fusionnet.replicates import Replicate, scores_by_replicate
from fusionnet.statistics import Effect, estimate_effect, sentence

BASELINE = "smoothed grey values"
SCORES = (
    *("v_rand", "v_rand_merge", "v_rand_split", "v_rand_threshold"),
    *("v_info", "v_info_merge", "v_info_split", "v_info_threshold"),
    *("pixel_error", "pixel_f1"),
)
HEADLINE = {"v_rand": "V_rand", "v_info": "V_info"}
MEAN = "mean"


def compare(replicates: Sequence[Replicate], seed: int = 0) -> list[Effect]:
    """Return the effect of the first arm against each other arm, for V_rand and for V_info.

    Args:
        replicates: All of them; the order of arms is that of their first appearance.
        seed: Keys the bootstrap's resamples, so that the same results give the same interval.
    """
    arms = list(dict.fromkeys(replicate.arm for replicate in replicates))
    effects = []
    for number, score in enumerate(HEADLINE):
        scores = scores_by_replicate(list(replicates), score)
        for other, baseline in enumerate(arms[1:]):
            generator = np.random.default_rng([seed, number, other])
            effects.append(estimate_effect(arms[0], baseline, score, scores, generator))
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
            | {score: float(replicate.metrics[score]) for score in SCORES}
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
        | {score: float(metrics[score]) for score in SCORES}
        for fold, metrics in baselines.items()
    ]
    table = pd.DataFrame(rows)
    means = [_mean_row(arm, part) for arm, part in table.groupby("arm", sort=False)]
    table = pd.concat([table, pd.DataFrame(means)], ignore_index=True)
    return table.astype({"seed": "Int64", "parameters": "Int64", "flops_per_slice": "Int64"})


def comparison_markdown(table: pd.DataFrame, names: Mapping[str, str], effects: Sequence[Effect]) -> str:
    """Return the comparison as Markdown: means, effects, and every replicate.

    Args:
        table: From `comparison_table`.
        names: Display name of each arm.
        effects: From `compare`.
    """
    means, singles = table[table["fold"] == MEAN], table[table["fold"] != MEAN]
    count = int((singles["arm"] == singles["arm"].iloc[0]).sum())
    lines = [
        "# Comparison",
        "",
        f"Mean over {count} {'replicate' if count == 1 else 'replicates (folds x seeds)'} of each arm"
        + (", ± standard deviation." if count > 1 else "."),
        "",
        *markdown_table(
            ["arm", "V_rand", "V_info", "pixel error", "parameters", "FLOPs per slice", "training", "prediction"],
            [_mean_cells(row, singles, names) for row in means.to_dict("records")],
        ),
        "",
        f"FLOPs: one pass over a slice of {SLICE_PIXELS} x {SLICE_PIXELS} pixels, a multiplication and an addition "
        "counted as two. Prediction: seconds for each slice, all orientations together.",
    ]
    devices = sorted({str(device) for device in singles["training_device"].dropna()})
    lines += [f"Trained on: {'; '.join(devices)}.", "", "## Effects", ""]
    lines += markdown_table(
        ["comparison", "score", "mean", "95 % interval", "verdict", "replicates to decide"],
        [
            [
                f"{names[effect.arm]} minus {names[effect.baseline]}",
                HEADLINE[effect.score],
                f"{effect.mean:+.4f}",
                f"{effect.low:+.4f} to {effect.high:+.4f}",
                effect.verdict,
                _needed(effect),
            ]
            for effect in effects
        ],
    )
    lines += ["", "## Every replicate", ""]
    header = ["arm", "fold", "seed", "V_rand", "merge part", "split part", "V_info", "merge part", "split part"]
    lines += markdown_table([*header, "pixel error"], [_single_cells(row, names) for row in singles.to_dict("records")])
    lines += ["", "Merge part: 1 without mergers (precision). Split part: 1 without splits (recall)."]
    return "\n".join(lines) + "\n"


def verdict_markdown(effects: Sequence[Effect], names: Mapping[str, str], folds: Sequence[str]) -> str:
    """Return the verdict: a sentence for each score and each other arm, the first pair first."""
    if not effects:
        return "There is one arm, and so nothing to compare.\n"
    baselines = list(dict.fromkeys(effect.baseline for effect in effects))
    said = {
        baseline: " ".join(
            sentence(effect, names, HEADLINE[effect.score]) for effect in effects if effect.baseline == baseline
        )
        for baseline in baselines
    }
    lines = [said[baselines[0]], ""]
    lines += [f"- {said[baseline]}" for baseline in baselines[1:]] + ([""] if len(baselines) > 1 else [])
    if len(baselines) > 1:
        lines += ["Each interval stands alone: one in twenty misses its true effect by chance.", ""]
    if any(fold != "test" for fold in folds):
        lines += ["Scored on held-out slices of the labelled stack, not on a test stack of its own.", ""]
    return "\n".join(lines)


def summary(table: pd.DataFrame, effects: Sequence[Effect]) -> dict[str, Any]:
    """Return the means of each arm and the effects, as nested numbers for ``dvc metrics``."""
    means = table[table["fold"] == MEAN].set_index("arm")
    kept = ["v_rand", "v_info", "pixel_error", "pixel_f1", "parameters", "flops_per_slice"]
    arms = {str(arm): {key: _plain(row[key]) for key in kept} for arm, row in means.iterrows()}
    return {
        "arms": arms,
        "effects": {
            f"{effect.arm} minus {effect.baseline}": {
                other.score: {"mean": other.mean, "low": _finite(other.low), "high": _finite(other.high)}
                for other in effects
                if other.baseline == effect.baseline
            }
            for effect in effects
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


def _mean_cells(row: Mapping[Any, Any], singles: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    of_arm = singles[singles["arm"] == row["arm"]]
    return [
        names.get(row["arm"], row["arm"]),
        *(_with_deviation(row[score], of_arm[score]) for score in ("v_rand", "v_info", "pixel_error")),
        *(
            (f"{row['parameters'] / 1e6:.2f} M", f"{row['flops_per_slice'] / 1e9:.1f} G")
            if row["parameters"]
            else ("", "")
        ),
        "" if pd.isna(row["training_seconds"]) else f"{row['training_seconds']:.0f} s",
        "" if pd.isna(row["prediction_seconds_per_slice"]) else f"{row['prediction_seconds_per_slice']:.2f} s",
    ]


def _single_cells(row: Mapping[Any, Any], names: Mapping[str, str]) -> list[str]:
    keys = ("v_rand", "v_rand_merge", "v_rand_split", "v_info", "v_info_merge", "v_info_split", "pixel_error")
    seed = "" if pd.isna(row["seed"]) else str(row["seed"])
    return [names.get(row["arm"], row["arm"]), row["fold"], seed, *(f"{row[key]:.4f}" for key in keys)]


def _with_deviation(mean: float, values: pd.Series) -> str:
    return f"{mean:.4f} ± {values.std():.4f}" if len(values) > 1 else f"{mean:.4f}"


def _needed(effect: Effect) -> str:
    return "unknown" if effect.replicates_needed is None else str(effect.replicates_needed)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = [list(header), ["---"] * len(header), *map(list, rows)]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def _plain(value: Any) -> int | float:
    return int(value) if float(value).is_integer() and abs(value) > 1 else float(value)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
