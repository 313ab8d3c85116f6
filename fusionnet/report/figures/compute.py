"""Figure of what a score costs: operations of a slice, and time of training."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.comparison import replicate_rows
from fusionnet.report.figures.axes import logarithmic, side_by_side
from fusionnet.style import GREY, arm_colours, display_names, legend_below, new_figure, styled

BESIDE = 1.05  # arms of nearly equal operations are set apart by this factor
PANEL_INCHES = 2.4


def draw_compute(table: pd.DataFrame) -> Figure:
    """Draw the headline metrics against operations and against minutes of training.

    Args:
        table: From `fusionnet.report.comparison.comparison_table`; each replicate is a small mark, the mean of an arm a
            large one.
    """
    rows = replicate_rows(table)
    arms = rows["arm"].unique().tolist()
    operations = dict(zip(rows["arm"], (rows["flops_per_slice"] / 1e9).astype(float), strict=True))
    work, minutes = rows["arm"].map(side_by_side(operations, BESIDE)), rows["training_seconds"] / 60
    names, colours = display_names(arms), arm_colours(arms)
    scores = headlines()
    with styled():
        height = len(scores) * PANEL_INCHES + 1.2
        figure, axes = new_figure(height, rows=len(scores), columns=2, sharex="col", sharey="row")
        for left, right, (score, title) in zip(axes[::2], axes[1::2], scores.items(), strict=True):
            left.set_title(f"{title} by operations")
            right.set_title(f"{title} by time of training")
            for axis, places in ((left, work), (right, minutes)):
                for arm, colour in colours.items():
                    x, y = (column[rows["arm"] == arm].astype(float) for column in (places, rows[score]))
                    axis.plot(x, y, "o", color=colour, markersize=5, alpha=0.6, markeredgewidth=0)
                    axis.plot(x.mean(), y.mean(), "D", color=colour, markersize=8, markeredgecolor="white", zorder=3)
                logarithmic(axis)
                axis.margins(x=0.12)
        axes[-2].set_xlabel("operations of one pass over a slice (GFLOP)")
        axes[-1].set_xlabel("training (minutes)")
        keys = [Line2D([], [], marker="D", linestyle="", color=colours[a], markersize=8, label=names[a]) for a in arms]
        if len(rows) > len(arms):
            keys.append(Line2D([], [], marker="o", linestyle="", color=GREY, alpha=0.6, label="one replicate"))
        legend_below(figure, keys)
    return figure
