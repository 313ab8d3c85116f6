"""Figure of the annotation budget: how good a network becomes with so many annotated slices."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.config.stages import ArmSettings
from fusionnet.evaluate.metrics import headlines
from fusionnet.report.figures.axes import logarithmic, name_beside
from fusionnet.report.figures.curves import distance_to_one
from fusionnet.report.results import Replicate
from fusionnet.style import GREY, arm_colours, display_names, legend_below, new_figure, styled

PANEL_INCHES = 3.0
BESIDE = 1.04  # marks of different networks with the same number of slices are set apart by this factor


def draw_annotation(replicates: Sequence[Replicate], networks: Mapping[str, ArmSettings]) -> Figure:
    """Draw the headline metrics against the number of training slices, a line through the means of each network.

    Args:
        replicates: All of them; arms that are trained on all slices are left out.
        networks: Settings of each arm.
    """
    lines = lines_of(networks)
    names, colours = display_names(list(lines)), arm_colours(list(lines))
    with styled():
        figure, axes = new_figure(PANEL_INCHES + 1.0, columns=len(headlines()))
        for axis, (score, title) in zip(axes, headlines().items(), strict=True):
            ends = {}
            for position, (line, budgets) in enumerate(lines.items()):
                shift = BESIDE ** (position - (len(lines) - 1) / 2)
                values = {
                    slices * shift: [float(r.metrics[score]) for r in replicates if r.arm == arm]
                    for slices, arm in budgets.items()
                }
                ends[line] = _draw_line(axis, values, colours[line])
            distance_to_one(axis)
            logarithmic(axis)
            slices = sorted({slices for budgets in lines.values() for slices in budgets})
            axis.set_xticks(slices, [str(number) for number in slices])
            axis.minorticks_off()
            axis.set_title(title)
            axis.set_xlabel("annotated slices that were trained on")
            if axis is axes[-1]:
                name_beside(axis, ends, names, colours, PANEL_INCHES)
        keys = [
            Line2D([], [], marker="o", linestyle="", color=GREY, markersize=5, alpha=0.6, label="one replicate"),
            Line2D([], [], color=GREY, marker="D", linewidth=2, label="mean"),
        ]
        legend_below(figure, keys)
    return figure


def lines_of(networks: Mapping[str, ArmSettings]) -> dict[str, dict[int, str]]:
    """Return, for each network, its arms by their number of training slices.

    Arms are of one line if they differ in nothing else. A line is called by its architecture, or by its first arm
    if several lines have that architecture.
    """
    lines: dict[str, dict[int, str]] = {}
    for arm, settings in networks.items():
        if settings.training_slices:
            network = settings.model_dump_json(exclude={"training_slices"})
            lines.setdefault(network, {})[settings.training_slices] = arm
    architectures = {key: networks[next(iter(budgets.values()))].architecture for key, budgets in lines.items()}
    alone = [key for key in lines if list(architectures.values()).count(architectures[key]) == 1]
    return {
        architectures[key] if key in alone else next(iter(budgets.values())): dict(sorted(budgets.items()))
        for key, budgets in lines.items()
    }


def _draw_line(axis: Axes, values: Mapping[float, Sequence[float]], colour: str) -> tuple[float, float]:
    """Draw the replicates at each place and a line through their means; return its end."""
    for place, scores in values.items():
        axis.plot([place] * len(scores), scores, "o", color=colour, markersize=5, alpha=0.6, markeredgewidth=0)
    places, means = list(values), [float(np.mean(scores)) for scores in values.values()]
    axis.plot(places, means, "-D", color=colour, linewidth=2, markersize=7, markeredgecolor="white")
    return places[-1], means[-1]
