"""How many of the errors are found by looking at the most suspicious pixels first."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.figures.style import (
    BASELINE_COLOUR,
    arm_colours,
    display_names,
    legend_below,
    new_figure,
    styled,
)
from fusionnet.proofreading import Guide, guide, uncertainty, wrong_pixels
from fusionnet.replicates import Replicate

SHOWN_SHARE = 0.3  # of the pixels: nobody proofreads more
STYLES: dict[str, Any] = {"disagreement of the 8 orientations": "-", "indecision of their mean": ":"}


def guides_of(replicates: Sequence[Replicate], labels: np.ndarray) -> dict[str, dict[str, Guide]]:
    """Return both guides of each arm, from one replicate of each.

    Args:
        replicates: One for each arm, of the same fold.
        labels: The fold's truth, (Z, Y, X).

    Returns:
        By arm and kind; an arm without a wrong pixel has nothing to find and is left out.
    """
    guides: dict[str, dict[str, Guide]] = {}
    for replicate in replicates:
        probability = replicate.probabilities()
        wrong = wrong_pixels(probability, labels)
        if not wrong.any():
            continue
        suspicions = (replicate.deviations(), uncertainty(probability))
        guides[replicate.arm] = {
            kind: guide(suspicion, wrong) for kind, suspicion in zip(STYLES, suspicions, strict=True)
        }
    return guides


def draw_guides(guides: Mapping[str, Mapping[str, Guide]]) -> Figure:
    """Draw the share of errors found against the share of pixels looked at.

    Args:
        guides: By arm, and for each by one of the names in `STYLES`.
    """
    colours, names = arm_colours(list(guides)), display_names(list(guides))
    with styled():
        figure, (axes,) = new_figure(4.2)
        for arm, by_kind in guides.items():
            for kind, guide in by_kind.items():
                shown = guide.looked_at <= SHOWN_SHARE
                axes.plot(
                    100 * guide.looked_at[shown], 100 * guide.found[shown], color=colours[arm], linestyle=STYLES[kind]
                )
        axes.plot([0, 100 * SHOWN_SHARE], [0, 100 * SHOWN_SHARE], color=BASELINE_COLOUR, linewidth=1.0)
        axes.set(
            title="Errors found by looking at the most suspicious pixels first",
            xlabel="pixels looked at (%)",
            ylabel="wrong pixels found (%)",
            xlim=(0, 100 * SHOWN_SHARE),
            ylim=(0, 100),
        )
        keys = [Line2D([], [], color=colours[arm], label=names[arm]) for arm in guides]
        keys += [Line2D([], [], color="black", linestyle=style, label=kind) for kind, style in STYLES.items()]
        legend_below(figure, [*keys, Line2D([], [], color=BASELINE_COLOUR, linewidth=1.0, label="looking at random")])
    return figure
