"""The report's texts: the verdict as sentences and a table, the comparison as Markdown."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from fusionnet.evaluate.metrics import headlines, shown_metrics
from fusionnet.models.cost import SLICE_PIXELS
from fusionnet.report.comparison import BASELINE, MEAN
from fusionnet.report.statistics import Effect, count, sentence

HELD_OUT = "Scored on held-out slices of the labelled stack, not on a test stack of its own."
COSTS = (
    f"FLOPs: one pass over a slice of {SLICE_PIXELS} x {SLICE_PIXELS} pixels, a multiplication and an addition "
    "counted as two. Prediction: seconds for each slice, all orientations together."
)
Rows = tuple[list[str], list[list[str]]]
"""Titles of a table's columns, and its cells."""


def verdict_markdown(effects: Sequence[Effect], names: Mapping[str, str], folds: Sequence[str]) -> str:
    """Return the verdict: the first pair in sentences, the others in a table.

    Args:
        effects: From `fusionnet.report.comparison.compare`.
        names: Display name of each arm.
        folds: Those of the experiment.
    """
    if not effects:
        return f"{nothing_to_compare(names)}\n"
    pairs = _by_pair(effects)
    lines = [" ".join(sentence(effect, names, headlines()[effect.score]) for effect in pairs[0]), ""]
    if len(pairs) > 1:
        header = ["comparison", "paired trainings", *headlines().values()]
        lines += markdown_table(
            header, [[_pair_name(pair[0], names), _sample(pair[0]), *(_finding(e) for e in pair)] for pair in pairs]
        )
        lines += ["", "In brackets 95 % intervals; each stands alone, and one in twenty misses its true effect.", ""]
    if is_held_out(folds):
        lines += [HELD_OUT, ""]
    return "\n".join(lines)


def nothing_to_compare(arms: Collection[str]) -> str:
    """Say why no arm is compared with another."""
    if len(arms) == 1:
        return "There is one arm, and so nothing to compare."
    return (
        f"The {len(arms)} arms were trained on different numbers of slices, so that none is compared with another: "
        "a difference would be that of the slices too. Give two arms the same `training_slices`, or none."
    )


def is_held_out(folds: Sequence[str]) -> bool:
    """Return whether slices are scored that lie in the stack which was trained on."""
    return any(fold != "test" for fold in folds)


def comparison_markdown(table: pd.DataFrame, names: Mapping[str, str], effects: Sequence[Effect]) -> str:
    """Return the comparison as Markdown: means, effects, and every replicate.

    Args:
        table: From `fusionnet.report.comparison.comparison_table`.
        names: Display name of each arm.
        effects: From `fusionnet.report.comparison.compare`.
    """
    singles = table[table["fold"] != MEAN]
    lines = ["# Comparison", "", evidence(singles), ""]
    lines += [*markdown_table(*mean_rows(table, names)), "", COSTS]
    devices = sorted({str(device) for device in singles["training_device"].dropna()})
    lines += [f"Trained on: {'; '.join(devices)}.", "", "## Effects", ""]
    lines += markdown_table(*effect_rows(effects, names))
    lines += [
        "",
        "Found here: the smallest true effect that these folds find with 80 % probability, if they scatter so.",
        "Would decide: so many folds, each on slices of its own, would be likely to tell an effect of this size from",
        "none; more seeds on the same slices would not. A verdict of one fold holds for the slices of that fold.",
    ]
    lines += ["", "## Every replicate", ""]
    header = ["arm", "fold", "seed"]
    for metric in shown_metrics("headline", "text").values():
        header += [metric.title, *(["merge part", "split part"] if metric.has_parts else [])]
    lines += markdown_table(header, [_single_cells(row, names) for row in singles.to_dict("records")])
    lines += ["", "Merge part: 1 without mergers (precision). Split part: 1 without splits (recall)."]
    return "\n".join(lines) + "\n"


def mean_rows(table: pd.DataFrame, names: Mapping[str, str]) -> Rows:
    """Return the means of each arm; as for `comparison_markdown`."""
    means, singles = table[table["fold"] == MEAN], table[table["fold"] != MEAN]
    scores = (metric.title for metric in shown_metrics("headline", "text").values())
    header = ["arm", *scores, "replicates", "parameters", "FLOPs per slice", "training", "prediction"]
    return header, [_mean_cells(row, singles, names) for row in means.to_dict("records")]


def effect_rows(effects: Sequence[Effect], names: Mapping[str, str]) -> Rows:
    """Return the difference of each pair of arms; as for `comparison_markdown`."""
    header = [
        "comparison",
        "score",
        "mean",
        "95 % interval",
        "paired trainings",
        "verdict",
        "found here",
        "would decide",
    ]
    return header, [_effect_cells(effect, names) for pair in _by_pair(effects) for effect in pair]


def evidence(singles: pd.DataFrame) -> str:
    """Say in how many replicates each arm was trained, so that few are not read as if they were many.

    Args:
        singles: The rows of `fusionnet.report.comparison.comparison_table` that are no means.
    """
    trained = singles[singles["arm"] != BASELINE]
    folds, seeds = trained["fold"].nunique(), trained["seed"].nunique()
    layout = f"{count(folds * seeds, 'replicate')} ({count(folds, 'fold')} x {count(seeds, 'seed')})"
    deviation = ", ± standard deviation" if folds * seeds > 1 else ""
    return f"Each arm: mean over {layout}{deviation}."


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [list(header), ["---"] * len(header), *map(list, rows)]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def with_deviation(values: pd.Series, decimals: int = 4) -> str:
    """Return the mean of some scores, with their standard deviation if there are several."""
    mean = f"{values.mean():.{decimals}f}"
    return f"{mean} ± {values.std():.{decimals}f}" if len(values) > 1 else mean


def mean_scores(table: pd.DataFrame) -> list[str]:
    """Return the mean of each metric of the text over the rows of a table."""
    shown = shown_metrics("headline", "text")
    return [with_deviation(table[name], metric.decimals) for name, metric in shown.items()]


def _by_pair(effects: Sequence[Effect]) -> list[list[Effect]]:
    """Return the effects of each pair of arms, one for each score."""
    pairs: dict[tuple[str, str], list[Effect]] = {}
    for effect in effects:
        pairs.setdefault((effect.arm, effect.baseline), []).append(effect)
    return list(pairs.values())


def _pair_name(effect: Effect, names: Mapping[str, str]) -> str:
    return f"{names[effect.arm]} minus {names[effect.baseline]}"


def _sample(effect: Effect) -> str:
    return f"{effect.replicates} ({count(effect.folds, 'fold')})"


def _finding(effect: Effect) -> str:
    verdict = f"**{effect.verdict}**" if effect.verdict != "not distinguishable" else effect.verdict
    return f"{verdict}: {effect.mean:+.4f} ({effect.low:+.4f} to {effect.high:+.4f})"


def _effect_cells(effect: Effect, names: Mapping[str, str]) -> list[str]:
    interval = f"{effect.low:+.4f} to {effect.high:+.4f}"
    needed = "unknown" if effect.folds_needed is None else count(effect.folds_needed, "fold")
    if effect.verdict != "not distinguishable":
        needed = "decided"
    smallest = "unknown" if effect.smallest is None else f"{effect.smallest:.4f}"
    numbers = [f"{effect.mean:+.4f}", interval, _sample(effect)]
    return [_pair_name(effect, names), headlines()[effect.score], *numbers, effect.verdict, smallest, needed]


def _mean_cells(row: Mapping[Any, Any], singles: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    of_arm = singles[singles["arm"] == row["arm"]]
    scores = mean_scores(of_arm)
    if row["arm"] == BASELINE:
        return [BASELINE, *scores, "", "", "", "", ""]
    return [
        names[row["arm"]],
        *scores,
        str(len(of_arm)),
        f"{row['parameters'] / 1e6:.2f} M",
        f"{row['flops_per_slice'] / 1e9:.1f} G",
        f"{row['training_seconds']:.0f} s",
        "" if pd.isna(row["prediction_seconds_per_slice"]) else f"{row['prediction_seconds_per_slice']:.2f} s",
    ]


def _single_cells(row: Mapping[Any, Any], names: Mapping[str, str]) -> list[str]:
    scores = []
    for name, metric in shown_metrics("headline", "text").items():
        scores += [f"{row[key]:.{metric.decimals}f}" for key in (name, *metric.parts_of(name))]
    seed = "" if pd.isna(row["seed"]) else str(row["seed"])
    return [names.get(row["arm"], row["arm"]), row["fold"], seed, *scores]
