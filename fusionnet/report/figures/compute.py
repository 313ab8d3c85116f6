"""Figure of what a score costs: operations of a slice, and time of training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.evaluate.metrics import headlines
from fusionnet.models.cost import Cost
from fusionnet.report.figures.axes import logarithmic, side_by_side
from fusionnet.report.results import Replicate
from fusionnet.style import GREY, arm_colours, display_names, legend_below, new_figure, styled

BESIDE = 1.05  # arms of nearly equal operations are set apart by this factor
PANEL_INCHES = 2.4


def draw_compute(replicates: Sequence[Replicate], costs: Mapping[str, Cost]) -> Figure:
    """Draw the headline metrics against operations and against minutes of training.

    Args:
        replicates: All of them; each is a small mark, the mean of an arm a large one.
        costs: Parameters and operations of each arm.
    """
    arms = list(dict.fromkeys(replicate.arm for replicate in replicates))
    operations = side_by_side({arm: costs[arm].flops / 1e9 for arm in arms}, BESIDE)
    work = [operations[replicate.arm] for replicate in replicates]
    minutes = [replicate.training["training_seconds"] / 60 for replicate in replicates]
    rows = len(headlines())
    with styled():
        figure, axes = new_figure(rows * PANEL_INCHES + 1.2, rows=rows, columns=2, sharex="col", sharey="row")
        for (left, right), (score, title) in zip(
            zip(axes[::2], axes[1::2], strict=True), headlines().items(), strict=True
        ):
            _draw_marks(left, replicates, score, work)
            _draw_marks(right, replicates, score, minutes)
            left.set_title(f"{title} by operations")
            right.set_title(f"{title} by time of training")
            for axis in (left, right):
                logarithmic(axis)
                axis.margins(x=0.12)
        axes[-2].set_xlabel("operations of one pass over a slice (GFLOP)")
        axes[-1].set_xlabel("training (minutes)")
        names, colours = display_names(arms), arm_colours(arms)
        keys = [Line2D([], [], marker="D", linestyle="", color=colours[a], markersize=8, label=names[a]) for a in arms]
        if len(replicates) > len(arms):
            keys.append(Line2D([], [], marker="o", linestyle="", color=GREY, alpha=0.6, label="one replicate"))
        legend_below(figure, keys)
    return figure


def _draw_marks(axis: Axes, replicates: Sequence[Replicate], score: str, places: Sequence[float]) -> None:
    """Draw every replicate and the mean of each arm."""
    for arm, colour in arm_colours(list(dict.fromkeys(replicate.arm for replicate in replicates))).items():
        points = [
            (place, float(replicate.metrics[score]))
            for place, replicate in zip(places, replicates, strict=True)
            if replicate.arm == arm
        ]
        axis.plot(*zip(*points, strict=True), "o", color=colour, markersize=5, alpha=0.6, markeredgewidth=0)
        x, y = np.mean(points, axis=0).tolist()
        axis.plot(x, y, "D", color=colour, markersize=8, markeredgecolor="white", zorder=3)
