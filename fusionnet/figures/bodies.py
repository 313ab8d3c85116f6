"""The figure of size and shape of bodies: the truth's distribution, and each arm's."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fusionnet.body_comparison import SHAPE_NAMES, TRUTH
from fusionnet.figures.style import arm_colours, display_names, legend_below, new_figure, styled

BINS = 20
WIDEST_QUANTILE = 0.99  # of truth and arms together; the last bin takes what is larger


def draw_bodies(sections: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a histogram for each measure: the share of sections, the truth filled, each arm a line.

    Args:
        sections: From `fusionnet.body_comparison.whole_sections`.
    """
    arms = [name for name in sections if name != TRUTH]
    colours, names = arm_colours(arms), display_names(arms)
    with styled():
        figure, axes = new_figure(3.4, columns=len(SHAPE_NAMES))
        for axis, (column, title) in zip(axes, SHAPE_NAMES.items(), strict=True):
            edges = _edges(column, sections)
            for name, table in sections.items():
                clipped = table[column].clip(upper=edges[-1])
                share = np.histogram(clipped, edges)[0] / max(len(table), 1) * 100
                if name == TRUTH:
                    axis.stairs(share, edges, color="#CCCCCC", fill=True)
                else:
                    axis.stairs(share, edges, color=colours[name], linewidth=1.8, baseline=None)
            axis.set_xlabel(title)
            axis.set_xlim(edges[0], edges[-1])
            axis.set_ylim(bottom=0)
        axes[0].set_ylabel("share of sections, %")
        axes[0].set_title("Sections of bodies: size and shape")
        keys: list[Artist] = [Patch(color="#CCCCCC", label=f"truth ({len(sections[TRUTH])} sections)")]
        keys += [Line2D([], [], color=colours[arm], label=f"{names[arm]} ({len(sections[arm])})") for arm in arms]
        legend_below(figure, keys)
    return figure


def _edges(column: str, sections: Mapping[str, pd.DataFrame]) -> np.ndarray:
    if column == "eccentricity":
        return np.linspace(0, 1, BINS + 1)
    values = pd.concat([table[column] for table in sections.values()])
    return np.linspace(0, values.quantile(WIDEST_QUANTILE) if len(values) else 1.0, BINS + 1)
