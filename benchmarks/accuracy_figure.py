"""Draw the table of benchmarks/accuracy.py: score against steps and against minutes, and where two networks meet."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from scipy.special import expit, logit

from fusionnet.config.schema import slice_range
from fusionnet.evaluate.metrics import headlines
from fusionnet.style import GREY, arm_colours, display_names, legend_below, new_figure, save_figure, styled

PLAIN = "default"  # the name of an experiment's own configuration
MEET = "where the means meet"
EDGES = ", learned edges"  # ends the name of a configuration whose rows are those by learned edges
SCORE = "v_rand"
SCORE_TICKS = (0.1, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99)
AGAINST = {"steps": "steps of training", "minutes": "minutes of training"}
SHORTEST = 0.01  # minutes: the table rounds to it, and an axis of logarithms has no 0
LIMIT = 1e-6  # scores are drawn between this and 1 - this, as the logit of 0 and 1 is infinite
ALIKE = 1e-9  # logits that differ by no more are equal: sums in another order


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw V_rand by threshold and, where there is one, by learned edges, against steps and against minutes.

    Args:
        table: The columns of benchmarks/accuracy.py.
        path: Receives the figure (PNG).
    """
    table = table.assign(minutes=table["minutes"].clip(lower=SHORTEST))
    ways = [(name, rows) for name, rows in zip(("threshold", "learned edges"), by_way(table), strict=True) if len(rows)]
    styles = dict(zip(in_turn(table["name"].str.removesuffix(EDGES)), itertools.cycle(("-", "--", ":", "-."))))
    keys: dict[str, Line2D] = {}
    with styled():
        figure, axes = new_figure(3.0 * len(ways) + 0.6, rows=len(ways), columns=2, sharex="col", sharey="row")
        for (row, (name, rows)), (column, (x, label)) in itertools.product(enumerate(ways), enumerate(AGAINST.items())):
            panel = axes[2 * row + column]
            keys |= {str(line.get_label()): line for line in draw_panel(panel, rows, x, styles)}
            if column == 0:
                panel.set(title=f"by {name}, slices {', '.join(in_order(rows['fold']))}")
                panel.set_ylabel(headlines()[SCORE])
            if row == len(ways) - 1:
                panel.set_xlabel(label + (" and, in this row, of segmenting" if x == "minutes" and row else ""))
        rings = [keys.pop(MEET)] if MEET in keys else []
        legend_below(figure, [*keys.values(), *rings])
    save_figure(figure, path)


def draw_panel(axes: Axes, table: pd.DataFrame, x: str, styles: dict[str, str]) -> list[Line2D]:
    """Draw each training's curve, the means, and a ring where two means meet; return the lines of a legend."""
    arms = in_turn(table["arm"])
    names, colours = display_names(arms), arm_colours(arms)
    means, keys = mean_curves(table, x, SCORE), []
    for (name, arm, width), mean in means.items():
        rows = table[(table["name"] == name) & (table["arm"] == arm) & (table["width"] == width)]
        for _, training in rows.sort_values("steps").groupby(["fold", "seed"]):
            axes.plot(training[x], training[SCORE], ".-", color=colours[arm], linewidth=0.8, alpha=0.35)
        configuration = name.removesuffix(EDGES)
        label = f"{names[arm]}, width {width}" + ("" if configuration == PLAIN else f", {configuration}")
        keys += axes.plot(mean, styles[configuration], color=colours[arm], linewidth=2, label=label)
    for at, score in meetings(*means.values()) if len(means) == 2 else []:
        ring = {"markersize": 11, "markerfacecolor": "none", "markeredgecolor": GREY, "linestyle": "", "zorder": 3}
        keys += axes.plot(at, score, "o", label=MEET, **ring)
    ticks = sorted(set(table["steps"])) if x == "steps" else [2.0**power for power in range(-1, 8)]
    axes.set_xscale("log", base=2)
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_xlim()
    ticks = [tick for tick in ticks if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    # What lies between 0.98 and 0.99 takes about as much room as what lies between 0.8 and 0.9.
    axes.set_yscale("logit")
    axes.yaxis.set_minor_locator(NullLocator())
    shown = [tick for tick in SCORE_TICKS if tick >= table[SCORE].min() - 0.05]
    axes.set_yticks(shown, [f"{tick:g}" for tick in shown])
    axes.set_ylim(top=min(1 - LIMIT, max(0.991, table[SCORE].max())))
    return keys


def mean_curves(table: pd.DataFrame, x: str, score: str) -> dict[tuple[str, str, int], pd.Series]:
    """Return the mean score of each configuration, network and width over the mean of ``x``, length by length.

    Args:
        table: The columns of benchmarks/accuracy.py.
        x: The column ``steps`` or ``minutes``.
        score: The column of the score.
    """
    curves = {}
    for key, rows in table.groupby(["name", "arm", "width"], sort=False):
        of_length = rows.groupby("steps")
        mean = pd.Series(of_length[score].mean().to_numpy(), of_length[x].mean().to_numpy())
        curves[key] = mean.sort_index()  # a crowded machine may take more minutes for fewer steps
    return curves


def meetings(one: pd.Series, other: pd.Series) -> list[tuple[float, float]]:
    """Return where two curves meet, as (x, score), ascending; where they run together, at each of its points.

    Between its points a curve is straight as it is drawn: in the logit of the score over the logarithm of x.

    Args:
        one: Scores, 0..1, indexed by x above 0, ascending.
        other: The same; the two need not have the same x, and are compared where both are known.
    """
    low, high = max(one.index[0], other.index[0]), min(one.index[-1], other.index[-1])
    at = np.log([x for x in sorted({*one.index, *other.index}) if low <= x <= high])
    first, second = (
        np.interp(at, np.log(curve.index.to_numpy(float)), logit(curve.clip(LIMIT, 1 - LIMIT)))
        for curve in (one, other)
    )
    apart, met = first - second, []
    apart[np.abs(apart) < ALIKE] = 0
    for left in range(len(at)):
        right = left + 1
        if apart[left] == 0:
            met.append((at[left], first[left]))
        elif right < len(at) and apart[left] * apart[right] < 0:
            share = apart[left] / (apart[left] - apart[right])
            met.append(tuple((1 - share) * ends[left] + share * ends[right] for ends in (at, first)))
    return [(float(np.exp(x)), float(expit(score))) for x, score in met]


def by_way(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows by threshold and those by learned edges."""
    edges = table["name"].str.endswith(EDGES)
    return table[~edges], table[edges]


def in_order(folds: Iterable[str]) -> list[str]:
    """Return the names of folds, each once, by their first slice; the test stack comes first."""
    return sorted(set(folds), key=lambda fold: -1 if fold == "test" else slice_range(fold).start)


def in_turn(values: pd.Series) -> list[str]:
    """Return the values that differ, as they come."""
    return list(dict.fromkeys(values))
