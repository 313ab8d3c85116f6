"""The figure that shows what the last of several units in series changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fusionnet.figures.segmentations import place_of, show, telling_view
from fusionnet.figures.style import legend_below, new_figure, styled

ROW_INCHES = 2.75
CHANGES = colormaps["RdBu"]  # red where the probability fell, blue where it rose


@dataclass(frozen=True)
class Refined:
    """A slice as the first and the last unit see it; images are (Y, X)."""

    arm: str
    seed: int
    slice_name: str
    truth: np.ndarray
    first: np.ndarray
    last: np.ndarray
    units: int
    v_rand: tuple[float, float]
    """Of the slice, by the first unit and by the last."""


def draw_refinement(slices: Sequence[Refined], names: Mapping[str, str]) -> Figure:
    """Draw the first unit's probability, the last one's, their difference and the truth, a row for each slice.

    Args:
        slices: Those that are shown.
        names: Display name of each arm.
    """
    with styled():
        figure, axes = new_figure(ROW_INCHES * len(slices) + 0.7, rows=len(slices), columns=4)
        for row, refined in enumerate(slices):
            _show_row(axes[4 * row : 4 * row + 4], refined, names[refined.arm])
        title = "What the last unit in series changes, on the slices whose V_rand it changes most"
        figure.suptitle(title, x=0.005, ha="left", fontsize=11)
        keys = [
            Patch(color=CHANGES(0.1), label="less probably inside than the first unit said"),
            Patch(color=CHANGES(0.9), label="more probably"),
        ]
        legend_below(figure, keys)
    return figure


def _show_row(panels: Sequence[Axes], refined: Refined, name: str) -> None:
    difference = refined.last - refined.first
    view = telling_view(np.abs(difference))
    first, last = refined.v_rand
    place = f"{refined.slice_name}, seed {refined.seed}"
    show(panels[0], refined.first[view], f"{place}\nunit 1: V_rand {first:.4f}", 1)
    show(panels[1], refined.last[view], f"{name}\nunit {refined.units}: V_rand {last:.4f}", 1)
    panels[2].imshow(difference[view], cmap=CHANGES, vmin=-1, vmax=1, interpolation="nearest")
    panels[2].set_title(f"unit {refined.units} minus unit 1", fontsize=9)
    panels[2].set_axis_off()
    show(panels[3], refined.truth[view], f"{place_of(view)}\ntruth", 1)
