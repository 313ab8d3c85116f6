"""Where to proofread first: whether pixels on which the 8 orientations disagree are those that are wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.report.results import Replicate
from fusionnet.style import BASELINE_COLOUR, arm_colours, display_names, legend_below, new_figure, styled

CURVE_POINTS = 201


@dataclass(frozen=True)
class Guide:
    """How well an order of the pixels leads to the errors.

    Attributes:
        looked_at: Share of the pixels that were looked at, first ones first; 0..1, (K,).
        found: Share of all wrong pixels among them, (K,). Looking at random gives the diagonal.
    """

    looked_at: np.ndarray
    found: np.ndarray


def guide_to_errors(suspicion: np.ndarray, wrong: np.ndarray) -> Guide:
    """Return how many errors are found by looking at the most suspicious pixels first.

    Args:
        suspicion: The greater, the sooner a pixel is looked at; any shape.
        wrong: Booleans of the same shape.

    Raises:
        ValueError: No pixel is wrong, so that there is nothing to find.
    """
    if not wrong.any():
        raise ValueError("no pixel is wrong")
    # Equal suspicion (as where all orientations agree) is a tie: within it errors count as evenly spread.
    values, group = np.unique(-suspicion.ravel(), return_inverse=True)
    pixels = np.cumsum(np.bincount(group, minlength=len(values))) / wrong.size
    errors = np.cumsum(np.bincount(group, wrong.ravel(), minlength=len(values))) / wrong.sum()
    pixels, errors = np.concatenate([[0.0], pixels]), np.concatenate([[0.0], errors])
    looked_at = np.linspace(0.0, 1.0, CURVE_POINTS)
    return Guide(looked_at, np.interp(looked_at, pixels, errors))


def wrong_pixels(probability: np.ndarray, labels: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Return where a prediction is wrong, as booleans.

    Args:
        probability: 0..1, any shape.
        labels: 0 on membranes, anything else inside cells; the same shape.
        threshold: At and above, a pixel is called inside.
    """
    return (probability >= threshold) != (labels > 0)


def uncertainty(probability: np.ndarray) -> np.ndarray:
    """Return how near a mean probability is to undecided, 0..0.5: the guide that costs nothing more than the mean."""
    return 0.5 - np.abs(probability - 0.5)


SHOWN_SHARE = 0.3  # of the pixels: nobody proofreads more
DISAGREEMENT, INDECISION = "disagreement of the 8 orientations", "indecision: a probability near one half"
STYLES: dict[str, Any] = {DISAGREEMENT: "-", INDECISION: ":"}


def guides_of(replicates: Sequence[Replicate], labels: np.ndarray) -> dict[str, dict[str, Guide]]:
    """Return the guides of each arm, from one replicate of each; where one orientation was predicted, none disagree.

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
        suspicions = {DISAGREEMENT: replicate.deviations(), INDECISION: uncertainty(probability)}
        guides[replicate.arm] = {
            kind: guide_to_errors(suspicion, wrong) for kind, suspicion in suspicions.items() if suspicion is not None
        }
    return guides


def draw_guides(guides: Mapping[str, Mapping[str, Guide]], arms: Sequence[str]) -> Figure:
    """Draw the share of errors found against the share of pixels looked at.

    Args:
        guides: By arm, and for each by one of the names in `STYLES`.
        arms: All arms of the experiment, so that one that is drawn has the colour that it has elsewhere.
    """
    colours, names = arm_colours(arms), display_names(arms)
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
        drawn = [kind for kind in STYLES if any(kind in by_kind for by_kind in guides.values())]
        keys += [Line2D([], [], color="black", linestyle=STYLES[kind], label=kind) for kind in drawn]
        legend_below(figure, [*keys, Line2D([], [], color=BASELINE_COLOUR, linewidth=1.0, label="looking at random")])
    return figure
