"""Figure of the scores of all replicates, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.results import Replicate
from fusionnet.style import (
    BASELINE_COLOUR,
    FEW_ARMS,
    GREY,
    MARKERS,
    arm_colours,
    display_names,
    legend_below,
    new_figure,
    styled,
)


def draw_scores(replicates: Sequence[Replicate], baselines: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw every replicate's scores as dots, an arm a row, its mean as a bar.

    Args:
        replicates: All of them.
        baselines: Metrics of the classical baseline, one for each fold.
    """
    arms = list(dict.fromkeys(replicate.arm for replicate in replicates))
    folds = list(dict.fromkeys(replicate.fold for replicate in replicates))
    names, colours = display_names(arms), arm_colours(arms)
    with styled():
        figure, axes = new_figure(1.5 + 0.42 * len(arms), columns=len(headlines()), sharey=True)
        for axis, (score, title) in zip(axes, headlines().items(), strict=True):
            if len(arms) <= FEW_ARMS:
                _link_replicates(axis, replicates, arms, score)
            for row, arm in enumerate(arms):
                values = [float(r.metrics[score]) for r in replicates if r.arm == arm]
                axis.plot([np.mean(values)] * 2, [row - 0.3, row + 0.3], color=colours[arm], linewidth=2.5, alpha=0.7)
                for place, replicate in _places(replicates, arm, row):
                    marker = MARKERS[folds.index(replicate.fold) % len(MARKERS)]
                    dot = axis.plot(replicate.metrics[score], place, marker, color=colours[arm], markersize=7)
                    dot[0].set(markeredgecolor="white", clip_on=False)
            axis.set_title(title)
            axis.set_xlabel("score (higher is better)")
            axis.margins(x=0.12)
            axis.locator_params(axis="x", nbins=5)
            axis.grid(axis="y", visible=False)
            _mark_baseline(axis, float(np.mean([metrics[score] for metrics in baselines])))
        axes[0].set_yticks(range(len(arms)), [names[arm] for arm in arms])
        axes[0].set_ylim(len(arms) - 0.4, -0.6)
        keys = [
            Line2D([], [], marker=MARKERS[i % len(MARKERS)], linestyle="", color=GREY, label=_fold_name(fold))
            for i, fold in enumerate(folds)
        ]
        keys.append(Line2D([], [], marker="|", markersize=12, markeredgewidth=2.5, linestyle="", color=GREY))
        keys[-1].set_label("mean")
        legend_below(figure, keys)
    return figure


def _places(replicates: Sequence[Replicate], arm: str, row: int) -> list[tuple[float, Replicate]]:
    """Spread the replicates of an arm a little over its row, so that no dot hides another."""
    of_arm = [replicate for replicate in replicates if replicate.arm == arm]
    offsets = np.linspace(-0.2, 0.2, len(of_arm)) if len(of_arm) > 1 else np.zeros(1)
    return [(row + float(offset), replicate) for offset, replicate in zip(offsets, of_arm, strict=True)]


def _link_replicates(axis: Axes, replicates: Sequence[Replicate], arms: Sequence[str], score: str) -> None:
    """Join the dots of the same fold and seed with thin lines: they saw the same slices."""
    values: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for row, arm in enumerate(arms):
        for place, replicate in _places(replicates, arm, row):
            point = (float(replicate.metrics[score]), place)
            values.setdefault((replicate.fold, replicate.seed), []).append(point)
    for points in values.values():
        axis.plot(*zip(*points, strict=True), color="#BBBBBB", linewidth=1, zorder=1)


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
