"""Figure of effects: a forest plot, a row for each pair of arms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.statistics import Effect, count
from fusionnet.style import GREY, arm_colours, display_names, legend_below, new_figure, styled


def draw_effects(effects: Sequence[Effect], arms: Sequence[str]) -> Figure:
    """Draw a forest plot: one arm minus another, with its interval and the number of paired trainings and folds.

    Args:
        effects: From `fusionnet.report.comparison.compare`: the same pairs for each score.
        arms: All arms.
    """
    names, colours = display_names(arms), arm_colours(arms)
    pairs = list(dict.fromkeys((effect.arm, effect.baseline) for effect in effects))
    one_arm = len({arm for arm, _ in pairs}) == 1
    with styled():
        figure, axes = new_figure(1.6 + 0.5 * max(1, len(pairs)), columns=len(headlines()), sharey=True)
        for axis, (score, title) in zip(axes, headlines().items(), strict=True):
            axis.axvline(0, color=GREY, linewidth=1)
            for row, effect in enumerate(effect for effect in effects if effect.score == score):
                _draw_row(axis, row, effect, colours[effect.baseline if one_arm else effect.arm])
            axis.set_title(f"{title}: {names[pairs[0][0]]} minus …" if one_arm else f"{title}: first minus second")
            axis.set_xlabel("difference of scores")
            axis.margins(x=0.15)
            axis.locator_params(axis="x", nbins=6)
            axis.grid(axis="y", visible=False)
            _symmetric_about_zero(axis)
            first = names[pairs[0][0]] if one_arm else "first"
            other = names[pairs[0][1]] if len(pairs) == 1 else "other" if one_arm else "second"
            _name_sides(axis, other, first)
        axes[0].set_yticks(range(len(pairs)), _row_names(effects[: len(pairs)], names, one_arm), fontsize=9)
        axes[0].set_ylim(max(1, len(pairs)) - 0.4, -0.95)
        if not pairs:
            why = "one arm alone: nothing to compare" if len(arms) == 1 else "arms of unlike budgets: not compared"
            axes[0].annotate(why, (0, 0), ha="center")
        keys = [
            Line2D([], [], marker="o", linestyle="", color=GREY, markersize=8, label="interval excludes 0"),
            Line2D([], [], marker="o", linestyle="", color=GREY, markersize=8, label="not distinguishable"),
            Line2D([], [], color=GREY, linewidth=2.5, label="95 % interval"),
        ]
        keys[1].set_markerfacecolor("white")
        legend_below(figure, keys)
    return figure


def _draw_row(axis: Axes, row: int, effect: Effect, colour: str) -> None:
    if np.isfinite([effect.low, effect.high]).all():
        axis.plot([effect.low, effect.high], [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
    filled = colour if effect.verdict != "not distinguishable" else "white"
    axis.plot(effect.mean, row, "o", color=colour, markersize=9, markerfacecolor=filled, markeredgewidth=2)
    above: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 9}
    axis.annotate(f"{effect.mean:+.4f}", (effect.mean, row), (0, 8), **above)


def _row_names(effects: Sequence[Effect], names: dict[str, str], one_arm: bool) -> list[str]:
    """Name each pair, and on how many trainings of each arm its interval rests."""
    return [
        (f"… {names[effect.baseline]}" if one_arm else f"{names[effect.arm]} minus {names[effect.baseline]}")
        + f"\n{count(effect.replicates, 'paired training')}, {count(effect.folds, 'fold')}"
        for effect in effects
    ]


def _name_sides(axis: Axes, left: str, right: str) -> None:
    above: dict[str, Any] = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "va": "top",
        "color": GREY,
        "fontsize": 9,
    }
    axis.annotate(f"{left} better ←", (0, 1), (-6, 0), ha="right", **above)
    axis.annotate(f"→ {right} better", (0, 1), (6, 0), ha="left", **above)


def _symmetric_about_zero(axis: Axes) -> None:
    reach = max(abs(limit) for limit in axis.get_xlim())
    axis.set_xlim(-reach, reach)
