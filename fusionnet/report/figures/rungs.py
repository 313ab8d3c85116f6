"""The figure of the ladder: how each step from probabilities to cells scores, for every replicate."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.figures.curves import distance_to_one
from fusionnet.segment.ladder import RUNGS
from fusionnet.style import GREY, arm_colours, display_names, legend_below, new_figure, styled

SHORT = (
    "threshold",
    "linkage,\nnothing\nlearned",
    "learned\nedges",
    "learned\nedges, slices\nbeside",
    "merged by\nthe truth",
)
BESIDE = 0.12  # arms are set apart by this part of a step


def draw_ladder(table: pd.DataFrame) -> Figure:
    """Draw each replicate's scores from step to step as a thin line, and each arm's means.

    Args:
        table: From `fusionnet.report.cells.segmentation_table`.
    """
    arms: Sequence[str] = table["arm"].unique().tolist()
    names, colours = display_names(arms), arm_colours(arms)
    places = np.arange(len(RUNGS))
    with styled():
        figure, axes = new_figure(4.2, columns=len(headlines()))
        for axis, (score, title) in zip(axes, headlines().items(), strict=True):
            for number, arm in enumerate(arms):
                at = places + BESIDE * (number - (len(arms) - 1) / 2)
                values = table[table["arm"] == arm].pivot_table(index=["fold", "seed"], columns="rung", values=score)
                values = values[list(RUNGS)]
                for row in values.to_numpy():
                    axis.plot(at[:-1], row[:-1], ".-", color=colours[arm], linewidth=0.8, alpha=0.4)
                    axis.plot(at[-1], row[-1], ".", color=colours[arm], alpha=0.4)
                mean = values.mean().to_numpy()
                axis.plot(at[:-1], mean[:-1], "-D", color=colours[arm], linewidth=2, markeredgecolor="white")
                axis.plot(at[-1], mean[-1], "D", color=colours[arm], markeredgecolor="white")
            distance_to_one(axis)
            axis.set_title(title)
            axis.set_xticks(places, SHORT, fontsize=8)
            axis.grid(axis="x", visible=False)
        keys = [Line2D([], [], color=colours[arm], linewidth=2, label=names[arm]) for arm in arms]
        keys += [Line2D([], [], marker="D", linestyle="", color=GREY, label="mean")]
        keys += [Line2D([], [], marker=".", linestyle="-", color=GREY, linewidth=0.8, label="one training")]
        legend_below(figure, keys)
    return figure
