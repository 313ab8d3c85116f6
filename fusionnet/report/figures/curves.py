"""Figures of curves: training, and score against threshold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.results import Replicate, by_arm
from fusionnet.style import (
    BASELINE_COLOUR,
    FEW_ARMS,
    GREY,
    arm_colours,
    display_names,
    legend_below,
    new_figure,
    styled,
)

FEW_LINES = 6  # of more replicates the lines hide one another
HISTORY = {
    "train_loss": "Loss in training",
    "validation_loss": "Cross-entropy, validation slices",
    "validation_v_rand": "V_rand, validation slices",
}
LEAST_DISTANCE = 1e-4  # a score nearer to 1 than this is drawn here: the axis is logarithmic in 1 - score


def draw_training(replicates: Sequence[Replicate]) -> Figure:
    """Draw losses and validation V_rand against the epoch: each replicate, or of many replicates each arm's mean."""
    arms = list(by_arm(replicates))
    names, colours = display_names(arms), arm_colours(arms)
    each = len(replicates) <= FEW_LINES
    with styled():
        figure, axes = new_figure(3.6, columns=3)
        for axis, (column, title) in zip(axes, HISTORY.items(), strict=True):
            for arm, history in _histories(replicates, each):
                known = history.dropna(subset=[column])
                mark = "o" if len(known) < 3 else ""
                axis.plot(known["epoch"], known[column], f"-{mark}", color=colours[arm], linewidth=1.4, alpha=0.8)
            axis.set_title(title)
            axis.set_xlabel("epoch")
            axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for losses in axes[:2]:
            _loss_axis(losses)
        distance_to_one(axes[2])
        keys = [Line2D([], [], color=colours[arm], linewidth=2, label=names[arm]) for arm in arms]
        keys += [] if each else [Line2D([], [], linestyle="", label="(means of the replicates)")]
        legend_below(figure, keys)
    return figure


def _loss_axis(axis: Axes) -> None:
    low, high = axis.dataLim.intervaly
    if low > 0 and high > 3 * low:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "235" else "")


def _histories(replicates: Sequence[Replicate], each: bool) -> list[tuple[str, pd.DataFrame]]:
    """Return the history of each replicate with its arm, or the mean history of each arm."""
    if each:
        return [(replicate.arm, replicate.history) for replicate in replicates]
    histories = {arm: pd.concat([r.history for r in of_arm]) for arm, of_arm in by_arm(replicates).items()}
    return [(arm, history.groupby("epoch", as_index=False).mean()) for arm, history in histories.items()]


def draw_thresholds(replicates: Sequence[Replicate], baselines: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw score against threshold: each replicate thin, the mean of an arm bold, the mean's maximum marked.

    Args:
        replicates: All of them.
        baselines: Metrics of the classical baseline, one for each fold.
    """
    arms = by_arm(replicates)
    names, colours = display_names(list(arms)), arm_colours(list(arms))
    with styled():
        figure, axes = new_figure(3.9, columns=len(headlines()))
        for axis, (score, title) in zip(axes, headlines().items(), strict=True):
            curves = [(BASELINE_COLOUR, [metrics[f"{score}_by_threshold"] for metrics in baselines], "--")]
            for arm, of_arm in arms.items():
                curves.append((colours[arm], [r.metrics[f"{score}_by_threshold"] for r in of_arm], "-"))
            thresholds = np.asarray(replicates[0].metrics["thresholds"])
            for colour, values, style in curves:
                for curve in values if len(values) > 1 and len(arms) <= FEW_ARMS else []:
                    axis.plot(thresholds, _below_one(curve), style, color=colour, linewidth=0.8, alpha=0.45)
                mean = np.mean(values, axis=0)
                axis.plot(thresholds, _below_one(mean), style, color=colour, linewidth=2)
                axis.plot(thresholds[mean.argmax()], _below_one(mean.max()), "o", color=colour, markersize=7)
            axis.set_title(f"{title} by threshold")
            axis.set_xlabel("a pixel above this probability is inside")
            axis.set_xlim(-0.02, 1.02)
            distance_to_one(axis)
        keys = [Line2D([], [], color=colours[arm], linewidth=2, label=names[arm]) for arm in arms]
        keys.append(Line2D([], [], color=BASELINE_COLOUR, linestyle="--", linewidth=2, label="smoothed grey values"))
        keys.append(Line2D([], [], color=GREY, marker="o", linestyle="", label="maximum of the mean"))
        legend_below(figure, keys)
    return figure


def _below_one(score: Any) -> np.ndarray:
    return np.minimum(np.asarray(score, float), 1 - LEAST_DISTANCE)


def distance_to_one(axis: Axes) -> None:
    """Scale the y axis logarithmically in 1 - score: what parts 0.98 from 0.99 shows, and 0.5 is still there."""
    if not np.isfinite(axis.dataLim.intervaly).all():
        axis.annotate("nothing was scored", (0.5, 0.5), xycoords="axes fraction", ha="center", color=GREY)
        return
    axis.set_yscale("function", functions=(_to_decades, _from_decades))
    low, high = axis.dataLim.intervaly
    room = 0.05 * (_to_decades(high) - _to_decades(low)) + 0.02
    axis.set_ylim(_from_decades(_to_decades(low) - room), _from_decades(_to_decades(high) + room))
    ticks = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999]
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_ylim(_from_decades(_to_decades(low) - room), _from_decades(_to_decades(high) + room))


def _to_decades(score: Any) -> Any:
    return -np.log10(np.maximum(1 - np.asarray(score, float), LEAST_DISTANCE / 10))


def _from_decades(decades: Any) -> Any:
    return 1 - 10.0 ** -np.asarray(decades, float)
