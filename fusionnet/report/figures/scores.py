"""Figure of the scores of all replicates, side by side."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.comparison import BASELINE, MEAN, replicate_rows
from fusionnet.style import (
    BASELINE_COLOUR,
    FEW_ARMS,
    FILLS,
    GREY,
    MARKERS,
    arm_colours,
    display_names,
    legend_below,
    new_figure,
    styled,
)


def draw_scores(table: pd.DataFrame) -> Figure:
    """Draw every replicate's scores as dots, an arm a row, its mean as a bar.

    Args:
        table: From `fusionnet.report.comparison.comparison_table`.
    """
    rows = _placed(replicate_rows(table))
    arms, folds = (rows[key].unique().tolist() for key in ("arm", "fold"))
    names, colours = display_names(arms), arm_colours(arms)
    markers = {fold: _marker(number) for number, fold in enumerate(folds)}
    baseline = table[(table["arm"] == BASELINE) & (table["fold"] == MEAN)].iloc[0]
    with styled():
        figure, axes = new_figure(1.5 + 0.42 * len(arms), columns=len(headlines()), sharey=True)
        for axis, (score, title) in zip(axes, headlines().items(), strict=True):
            if len(arms) <= FEW_ARMS:
                for _, of_slices in rows.groupby(["fold", "seed"]):  # dots that saw the same slices
                    axis.plot(of_slices[score], of_slices["place"], color="#BBBBBB", linewidth=1, zorder=1)
            for row, (arm, mean) in enumerate(rows.groupby("arm", sort=False)[score].mean().items()):
                axis.plot([mean] * 2, [row - 0.3, row + 0.3], color=colours[str(arm)], linewidth=2.5, alpha=0.7)
            for dot in rows.to_dict("records"):
                style = markers[dot["fold"]] | {"color": colours[dot["arm"]], "clip_on": False, "markersize": 7}
                edge = "white" if style["fillstyle"] == "full" else style["color"]
                axis.plot(dot[score], dot["place"], markeredgecolor=edge, **style)
            axis.set_title(title)
            axis.set_xlabel("score (higher is better)")
            axis.margins(x=0.12)
            axis.locator_params(axis="x", nbins=5)
            axis.grid(axis="y", visible=False)
            _mark_baseline(axis, float(baseline[score]))
        axes[0].set_yticks(range(len(arms)), [names[arm] for arm in arms])
        axes[0].set_ylim(len(arms) - 0.4, -0.6)
        keys = [Line2D([], [], color=GREY, label=_fold_name(fold), **marker) for fold, marker in markers.items()]
        keys.append(Line2D([], [], marker="|", markersize=12, markeredgewidth=2.5, linestyle="", color=GREY))
        keys[-1].set_label("mean")
        legend_below(figure, keys)
    return figure


def _marker(number: int) -> dict[str, Any]:
    """Return how a fold's dots look, unlike those of any of the folds before it."""
    fill, shape = divmod(number, len(MARKERS))
    fillstyle = FILLS[fill % len(FILLS)]
    return {"marker": MARKERS[shape], "fillstyle": fillstyle, "markerfacecoloralt": "white", "linestyle": ""}


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the column ``place``: the arm's row, its replicates spread a little over it, so that no dot hides another."""
    arms = rows.groupby("arm", sort=False)["arm"]
    count = arms.transform("size")
    offset = (0.4 * arms.cumcount() / (count - 1).clip(lower=1) - 0.2).where(count > 1, 0.0)
    return rows.assign(place=arms.ngroup() + offset)


def _mark_baseline(axis: Axes, value: float) -> None:
    """Show the baseline as a dashed line where it fits, and say at the margin where it is."""
    low, high = axis.get_xlim()
    fits = value >= low - (high - low)
    if fits:
        axis.axvline(value, color=BASELINE_COLOUR, linestyle="--")
    else:
        axis.set_xlim(low, high)
    text = f"{'- - ' if fits else '← '}smoothed grey values: {value:.3f}"
    axis.annotate(text, (1.0, 1.02), xycoords="axes fraction", ha="right", fontsize=9, color="#555555")


def _fold_name(fold: str) -> str:
    return "test stack" if fold == "test" else f"slices {fold}"
