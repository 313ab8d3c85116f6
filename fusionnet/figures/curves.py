"""Figures of numbers: scores side by side, training curves, score against threshold, effects with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fusionnet.figures.style import (
    BASELINE_COLOUR,
    MARKERS,
    arm_colours,
    display_names,
    legend_below,
    new_figure,
    styled,
)
from fusionnet.replicates import Replicate
from fusionnet.statistics import Effect

GREY = "#444444"
SCORE_NAMES = {"v_rand": "V_rand", "v_info": "V_info"}
FEW_ARMS = 3  # with more, lines of single replicates hide what they should show
LEAST_DISTANCE = 1e-4  # a score nearer to 1 than this is drawn here: the axis is logarithmic in 1 - score


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
        figure, axes = new_figure(1.5 + 0.42 * len(arms), columns=2, sharey=True)
        for axis, (score, title) in zip(axes, SCORE_NAMES.items(), strict=True):
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


def draw_training(replicates: Sequence[Replicate]) -> Figure:
    """Draw loss and validation V_rand against the epoch, a line for each replicate."""
    arms = list(dict.fromkeys(replicate.arm for replicate in replicates))
    names, colours = display_names(arms), arm_colours(arms)
    with styled():
        figure, (losses, scores) = new_figure(3.9, columns=2)
        width = 1.4 if len(arms) <= FEW_ARMS else 0.8
        for replicate in replicates:
            colour, history = colours[replicate.arm], replicate.history
            losses.plot(history["epoch"], history["train_loss"], color=colour, linewidth=width, alpha=0.8)
            validated = history.dropna(subset=["validation_loss"])
            losses.plot(validated["epoch"], validated["validation_loss"], ":", color=colour, linewidth=width)
            validated = history.dropna(subset=["validation_v_rand"])
            mark = "o" if len(validated) < 3 else ""
            scores.plot(
                validated["epoch"], validated["validation_v_rand"], f"-{mark}", color=colour, linewidth=width, alpha=0.8
            )
        losses.set_title("Loss")
        low, high = losses.dataLim.intervaly
        if low > 0 and high > 3 * low:
            losses.set_yscale("log")
            losses.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            losses.yaxis.set_minor_formatter(lambda value, _: f"{value:.1g}" if f"{value:e}"[0] in "235" else "")
        scores.set_title("V_rand of the validation slices")
        _distance_to_one(scores)
        for axis in (losses, scores):
            axis.set_xlabel("epoch")
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        keys = [Line2D([], [], color=colours[arm], linewidth=2, label=names[arm]) for arm in arms]
        keys.append(Line2D([], [], color=GREY, label="loss in training"))
        keys.append(Line2D([], [], color=GREY, linestyle=":", label="loss on validation slices"))
        legend_below(figure, keys)
    return figure


def draw_thresholds(replicates: Sequence[Replicate], baselines: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw score against threshold: each replicate thin, the mean of an arm bold, its maximum marked.

    Args:
        replicates: All of them.
        baselines: Metrics of the classical baseline, one for each fold.
    """
    arms = list(dict.fromkeys(replicate.arm for replicate in replicates))
    names, colours = display_names(arms), arm_colours(arms)
    with styled():
        figure, axes = new_figure(3.9, columns=2)
        for axis, (score, title) in zip(axes, SCORE_NAMES.items(), strict=True):
            curves = [(BASELINE_COLOUR, [metrics[f"{score}_by_threshold"] for metrics in baselines], "--")]
            for arm in arms:
                of_arm = [r.metrics[f"{score}_by_threshold"] for r in replicates if r.arm == arm]
                curves.append((colours[arm], of_arm, "-"))
            thresholds = np.asarray(replicates[0].metrics["thresholds"])
            for colour, values, style in curves:
                for curve in values if len(values) > 1 and len(arms) <= FEW_ARMS else []:
                    axis.plot(thresholds, _below_one(curve), style, color=colour, linewidth=0.8, alpha=0.45)
                mean = np.mean(values, axis=0)
                axis.plot(thresholds, _below_one(mean), style, color=colour, linewidth=2)
                axis.plot(thresholds[mean.argmax()], _below_one(mean.max()), "o", color=colour, markersize=7)
            axis.set_title(f"{title} by threshold")
            axis.set_xlabel("a pixel above this probability is inside a cell")
            axis.set_xlim(-0.02, 1.02)
            _distance_to_one(axis)
        keys = [Line2D([], [], color=colours[arm], linewidth=2, label=names[arm]) for arm in arms]
        keys.append(Line2D([], [], color=BASELINE_COLOUR, linestyle="--", linewidth=2, label="smoothed grey values"))
        keys.append(Line2D([], [], color=GREY, marker="o", linestyle="", label="maximum: the score"))
        legend_below(figure, keys)
    return figure


def draw_effects(effects: Sequence[Effect], arms: Sequence[str]) -> Figure:
    """Draw a forest plot: the first arm minus each other, with its interval, a row for each.

    Args:
        effects: For each score in `SCORE_NAMES`, one effect for each arm after the first.
        arms: All arms; the first is the one that the effects favour when they are positive.
    """
    names, colours = display_names(arms), arm_colours(arms)
    with styled():
        figure, axes = new_figure(1.6 + 0.48 * max(1, len(arms) - 1), columns=2, sharey=True)
        for axis, (score, title) in zip(axes, SCORE_NAMES.items(), strict=True):
            axis.axvline(0, color=GREY, linewidth=1)
            for row, effect in enumerate(effect for effect in effects if effect.score == score):
                colour = colours[effect.baseline]
                if np.isfinite([effect.low, effect.high]).all():
                    axis.plot([effect.low, effect.high], [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
                filled = colour if effect.verdict != "not distinguishable" else "white"
                axis.plot(effect.mean, row, "o", color=colour, markersize=9, markerfacecolor=filled, markeredgewidth=2)
                axis.annotate(
                    f"{effect.mean:+.4f}",
                    (effect.mean, row),
                    (0, 8),
                    textcoords="offset points",
                    ha="center",
                    fontsize=9,
                )
            axis.set_title(f"{title}: {names[arms[0]]} minus …")
            above: dict[str, Any] = {
                "xycoords": ("data", "axes fraction"),
                "textcoords": "offset points",
                "va": "top",
                "color": GREY,
            }
            other = names[arms[1]] if len(arms) == 2 else "other"
            axis.annotate(f"{other} better ←", (0, 1), (-6, 0), ha="right", fontsize=9, **above)
            axis.annotate(f"→ {names[arms[0]]} better", (0, 1), (6, 0), ha="left", fontsize=9, **above)
            axis.set_xlabel("difference of scores")
            axis.margins(x=0.15)
            axis.locator_params(axis="x", nbins=6)
            axis.grid(axis="y", visible=False)
            _symmetric_about_zero(axis)
        axes[0].set_yticks(range(len(arms) - 1), [f"… {names[arm]}" for arm in arms[1:]])
        axes[0].set_ylim(max(1, len(arms) - 1) - 0.4, -0.95)
        if len(arms) < 2:
            axes[0].set_yticks([], [])
            axes[0].annotate("one arm alone: nothing to compare", (0, 0), ha="center")
        keys = [
            Line2D([], [], marker="o", linestyle="", color=GREY, markersize=8, label="interval excludes 0"),
            Line2D([], [], marker="o", linestyle="", color=GREY, markersize=8, label="not distinguishable"),
            Line2D([], [], color=GREY, linewidth=2.5, label="95 % interval"),
        ]
        keys[1].set_markerfacecolor("white")
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
    """Show the baseline as a dashed line where it fits, else say at the margin where it is."""
    low, high = axis.get_xlim()
    if value >= low - (high - low):
        axis.axvline(value, color=BASELINE_COLOUR, linestyle="--")
        side = "right" if value > np.mean(axis.get_xlim()) else "left"
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": side, "fontsize": 9, "color": "#555555"}
        axis.annotate(f"smoothed grey values: {value:.3f}", (value, 1.02), **place)
        return
    axis.set_xlim(low, high)
    text = f"← smoothed grey values: {value:.3f}"
    axis.annotate(text, (1.0, 1.02), xycoords="axes fraction", ha="right", fontsize=9, color="#555555")


def _fold_name(fold: str) -> str:
    return "test stack" if fold == "test" else f"slices {fold}"


def _below_one(score: Any) -> np.ndarray:
    return np.minimum(np.asarray(score, float), 1 - LEAST_DISTANCE)


def _distance_to_one(axis: Axes) -> None:
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


def _symmetric_about_zero(axis: Axes) -> None:
    reach = max(abs(limit) for limit in axis.get_xlim())
    axis.set_xlim(-reach, reach)
