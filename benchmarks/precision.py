"""Compare two configurations of a table of benchmarks/accuracy.py on the same folds and seeds, as bfloat16 and float32.

Usage: python -m benchmarks.precision --table precision.csv --figure precision.png. Prints the differences as Markdown:
for each network, and for all of them together, the mean over folds and seeds with its interval.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from benchmarks.accuracy_figure import in_order
from fusionnet.errors import UserError, run
from fusionnet.evaluate.metrics import headlines
from fusionnet.report.statistics import Effect, SliceScores, estimate_effect
from fusionnet.style import GREY, MARKERS, arm_colours, display_names, legend_below, new_figure, save_figure, styled

PAIR = ["fold", "seed"]  # of one network: what two trainings must share


def main() -> None:
    arguments = parse_arguments()
    table = pd.read_csv(arguments.table)
    pairs = paired(table, arguments.name, arguments.baseline)
    print(f"{arguments.name} minus {arguments.baseline}, {', '.join(map(str, sorted(set(table['steps']))))} steps\n")
    print("| network | pairs | score | mean difference | 95 % interval | lowest and highest |")
    print("| --- | ---: | --- | ---: | --- | --- |")
    networks = sorted(set(pairs["arm"]))
    names = display_names(networks)
    groups = [(network,) for network in networks] + ([tuple(networks)] if len(networks) > 1 else [])
    effects: dict[tuple[str, tuple[str, ...]], Effect] = {}
    for score, title in headlines().items():
        for arms in groups:
            rows = of_all(arms, pairs)
            effect = effects[score, arms] = effect_of(rows, score, arguments.name, arguments.baseline)
            extremes = f"{rows[score].min():+.4f}, {rows[score].max():+.4f}"
            interval = f"{effect.low:+.4f} to {effect.high:+.4f}"
            who = " and ".join(names[arm] for arm in arms)
            print(f"| {who} | {len(rows)} | {title} | {effect.mean:+.4f} | {interval} | {extremes} |")
    if arguments.figure:
        draw(pairs, effects, f"{arguments.name} minus {arguments.baseline}", arguments.figure)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", required=True, type=Path, help="of benchmarks/accuracy.py, with both names")
    parser.add_argument("--figure", type=Path, help="receives the differences (PNG)")
    parser.add_argument("--name", default="bfloat16", help="a name in the table (default: %(default)s)")
    parser.add_argument("--baseline", default="float32", help="another one (default: %(default)s)")
    return parser.parse_args()


def paired(table: pd.DataFrame, name: str, baseline: str) -> pd.DataFrame:
    """Return the scores' differences, a row for each network, fold, seed and length that both have.

    Raises:
        UserError: There is none.
    """
    key = ["arm", *PAIR, "steps"]
    first, second = (table[table["name"] == each].set_index(key)[list(headlines())] for each in (name, baseline))
    difference = (first - second).dropna().reset_index()
    if difference.empty:
        found = ", ".join(sorted(set(table["name"])))
        raise UserError(f"--name {name}, --baseline {baseline}: no training in common; the table has {found}")
    return difference


def of_all(arms: tuple[str, ...], pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of some networks, of the folds, seeds and lengths that all of them have."""
    rows = pairs[pairs["arm"].isin(arms)]
    return rows[rows.groupby([*PAIR, "steps"])["arm"].transform("size") == len(arms)]


def effect_of(pairs: pd.DataFrame, score: str, name: str, baseline: str) -> Effect:
    """Return the mean difference with its interval; networks of one fold and seed count as a report's slices do."""
    differences: SliceScores = {(fold, seed): np.array(rows[score]) for (fold, seed), rows in pairs.groupby(PAIR)}
    zeros = {key: np.zeros_like(values) for key, values in differences.items()}
    return estimate_effect(name, baseline, score, {name: differences, baseline: zeros})


def draw(pairs: pd.DataFrame, effects: dict[tuple[str, tuple[str, ...]], Effect], title: str, path: Path) -> None:
    groups = list(dict.fromkeys(arms for _, arms in effects))
    names = display_names([arm for arms in groups for arm in arms])
    folds = in_order(pairs["fold"])
    with styled():
        figure, axes = new_figure(1.6 + 0.6 * len(groups), columns=len(headlines()), sharey=True)
        for axis, (score, label) in zip(axes, headlines().items(), strict=True):
            axis.axvline(0, color=GREY, linewidth=1)
            for row, arms in enumerate(groups):
                draw_row(axis, row, of_all(arms, pairs), effects[score, arms], folds)
            axis.set(title=f"{label}: {title}", xlabel="difference of scores")
            axis.locator_params(axis="x", nbins=6)
            axis.grid(axis="y", visible=False)
        axes[0].set_yticks(range(len(groups)), [" and\n".join(names[arm] for arm in arms) for arms in groups])
        axes[0].set_ylim(len(groups) - 0.5, -0.5)
        keys = [Line2D([], [], color=GREY, linewidth=2.5, marker="|", markersize=12, label="mean, 95 % interval")]
        for fold, marker in zip(folds, MARKERS, strict=False):
            keys.append(Line2D([], [], color=GREY, linestyle="", marker=marker, label=f"slices {fold}"))
        legend_below(figure, keys)
    save_figure(figure, path)


def draw_row(axis: Axes, row: int, pairs: pd.DataFrame, effect: Effect, folds: list[str]) -> None:
    """Draw the trainings of a row, its mean and its interval."""
    arms = sorted(set(pairs["arm"]))
    colours = arm_colours(arms) if len(arms) == 1 else dict.fromkeys(arms, GREY)
    if np.isfinite([effect.low, effect.high]).all():
        axis.plot([effect.low, effect.high], [row, row], color=colours[arms[0]], linewidth=2.5, alpha=0.5)
    axis.plot(effect.mean, row, "|", color=colours[arms[0]], markersize=16, markeredgewidth=2.5)
    for (arm, fold), found in pairs.groupby(["arm", "fold"]):
        marker = MARKERS[folds.index(fold)]
        axis.plot(found[effect.score], np.full(len(found), row), marker, color=colours[arm], markersize=5)


if __name__ == "__main__":
    run(main)
