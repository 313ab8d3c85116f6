"""How all figures look: one colour for each arm, sizes for a README column, the same bytes for the same numbers."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.files import whole_or_absent

WIDTH_INCHES = 9.0  # at 100 dots per inch as wide as a README; drawn at DPI, for sharp screens
DPI = 150
LEGEND_CHARACTERS = 110  # that fit the width, a key counted as seven
BASELINE_COLOUR = "#777777"
GREY = "#444444"
FEW_ARMS = 3  # with more, lines of single replicates hide what they should show
# Name and colour of the other arms that ship; a plain architecture's are in `fusionnet.config.architectures`.
OTHER_ARMS = {
    "unet-matched": ("U-Net of equal parameters", "#BB5566"),
    "unet-flops": ("U-Net of equal FLOPs", "#882255"),
    "unet-half": ("U-Net at half resolution", "#EE7733"),
    "unet-half-z": ("U-Net at half resolution, of three slices", "#CC3311"),
    "fusionnet-half": ("FusionNet at half resolution", "#0077BB"),
    "fusionnet-chain2": ("two FusionNets in series", "#33A0D6"),
    "no-residual": ("FusionNet without residuals", "#117733"),
    "concat-skips": ("FusionNet with U-Net's skips", "#44AA99"),
    "no-augmentation": ("FusionNet without augmentation", "#AA4499"),
}
OTHER_COLOURS = ("#332288", "#999933", "#CC6677", "#661100", "#6699CC", "#888888")
KEPT_BY_ROUND = 0.55  # of a colour, when all have been given out and it comes round again
BUDGETED = re.compile(r"(.+)-(\d+)-(slices?)")  # an arm that is trained on few slices: fusionnet-5-slices
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FILLS = ("full", "none", "left", "right", "bottom", "top")  # of markers: the next where all have been given out
SETTINGS: dict[str, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
}


def display_names(arms: Sequence[str]) -> dict[str, str]:
    """Return how figures and texts call each arm; an arm of the user's own keeps its name."""
    shipped = {arm: _shipped(arm) for arm in arms}
    return {arm: found[0] if found else arm for arm, found in shipped.items()}


def arm_colours(arms: Sequence[str]) -> dict[str, str]:
    """Return each arm's colour: the same in every figure of every experiment for the arms that ship.

    An arm that is trained on few slices has the colour of its architecture, the paler the fewer they are. Of arms of
    the user's own there may be more than colours: those that come after have the same ones, paler by each round.
    """
    shipped = {arm: _shipped(arm) for arm in arms}
    others = [arm for arm, found in shipped.items() if not found]
    rounds = {arm: divmod(index, len(OTHER_COLOURS)) for index, arm in enumerate(others)}
    own = {arm: _paler(OTHER_COLOURS[index], 1 - KEPT_BY_ROUND**number) for arm, (number, index) in rounds.items()}
    return {arm: found[1] if found else own[arm] for arm, found in shipped.items()}


def _shipped(arm: str) -> tuple[str, str] | None:
    """Return name and colour of an arm that ships, None for an arm of the user's own."""
    if arm in ARCHITECTURES:
        return ARCHITECTURES[arm].title, ARCHITECTURES[arm].colour
    budget = BUDGETED.fullmatch(arm)
    whole = _shipped(budget[1]) if budget else None
    if not budget or not whole:
        return OTHER_ARMS.get(arm)
    white = max(0.0, 0.6 - 0.14 * float(np.log2(max(1, int(budget[2])))))
    return f"{whole[0]}, {budget[2]} {budget[3]}", _paler(whole[1], white)


def _paler(colour: str, white: float) -> str:
    """Return a colour with a share of white in it, 0..1."""
    red, green, blue = ((1 - white) * part + white for part in to_rgb(colour))
    return to_hex((red, green, blue))


def new_figure(height_inches: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure of README width, and its axes in reading order; to be called under `styled`.

    Args:
        height_inches: Its height; the width is `WIDTH_INCHES`.
        rows: Rows of axes.
        columns: Columns of axes.
        **options: Handed to matplotlib's `Figure.subplots`.
    """
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).ravel())


def styled() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws as `SETTINGS` say, whatever the person's own settings are."""
    settings: Any = {**dict(rcParamsDefault), **SETTINGS, "backend": "agg"}
    return rc_context(settings)


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> None:
    """Write a figure as PNG, whole or not at all; equal figures give equal bytes."""
    with styled(), whole_or_absent(path) as temporary:
        # matplotlib would write its version into the file
        figure.savefig(temporary, format="png", dpi=dpi, metadata={"Software": None})


def legend_below(figure: Figure, keys: Sequence[Any]) -> None:
    """Put a legend under all axes, in as many columns as fit the width."""
    lengths = [len(str(key.get_label())) + 7 for key in keys]
    columns = len(keys) if sum(lengths) <= LEGEND_CHARACTERS else max(1, LEGEND_CHARACTERS // max(lengths))
    rows = -(-len(keys) // columns)
    figure.legend(handles=list(keys), loc="outside lower center", ncols=-(-len(keys) // rows))
