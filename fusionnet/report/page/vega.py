"""Charts of a page: Vega-Lite specifications, drawn as SVG when the page is made.

So a page needs no program for its charts: they open at once, can be printed, and their marks can be links. Colours are
the page's own CSS variables: one drawing serves dark and light.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from statistics import fmean
from typing import Any

import vl_convert
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

Row = dict[str, Any]

WIDTH, HEIGHT = 300, 190  # with names and ticks not wider than a telephone
INK, SOFT, GRID, PAPER = "var(--ink)", "var(--soft)", "var(--grid)", "var(--paper)"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"  # the first is vl-convert's own: as wide on every machine
SHAPES = {"circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆", "triangle-down": "▼", "cross": "✚"}
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        **dict.fromkeys(("labelColor", "titleColor"), INK),
        **dict.fromkeys(("domainColor", "tickColor"), SOFT),
        **dict.fromkeys(("labelFontSize", "titleFontSize"), 12),
        "gridColor": GRID,
        "titleFontWeight": "normal",
        "titlePadding": 6,
        "labelFlush": False,
    },
    "title": {"color": INK, "anchor": "start", "fontSize": 13, "offset": 10},
}
# A score is drawn by its distance to 1 in decades: what parts 0.98 from 0.99 is seen as well as 0.8 from 0.9.
LEAST_DISTANCE = 1e-4
TICKS = (0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
FEW_TICKS = 4
LEAST_STEP = 1e-6  # scores that are nearer to each other have one tick
LEAST_SHARE = 0.85  # of its width, to which a chart may shrink


@dataclass(frozen=True)
class Chart:
    """A drawn chart.

    Attributes:
        svg: Ready for the page.
        text: What it shows, for who cannot see it.
    """

    svg: Markup
    text: str


@dataclass(frozen=True)
class Arms:
    """How charts tell arms apart: by colour and, for who cannot, by shape.

    Args:
        names: Display name of each arm, in order.
    """

    names: Mapping[str, str]

    @property
    def colours(self) -> dict[str, str]:
        """The CSS variable of each arm."""
        return {arm: f"var(--arm-{number})" for number, arm in enumerate(self.names)}

    @property
    def shapes(self) -> dict[str, str]:
        """Vega's shape of each arm; after as many arms as shapes they shift, since colours come round as often."""
        places = {arm: number + number // len(SHAPES) for number, arm in enumerate(self.names)}
        return {arm: list(SHAPES)[place % len(SHAPES)] for arm, place in places.items()}

    def marks(self, shapes: bool = True) -> dict[str, Any]:
        """Return the channels that tell the field ``arm``; lines have no shapes."""
        channels = {"color": self.colours} | ({"shape": self.shapes} if shapes else {})
        return {
            channel: {
                "field": "arm",
                "type": "nominal",
                "scale": {"domain": list(self.names), "range": list(by_arm.values())},
                "legend": None,
            }
            for channel, by_arm in channels.items()
        }


def draw(specification: Mapping[str, Any], rows: Sequence[Row], text: str) -> Chart:
    """Draw a chart.

    Args:
        specification: Vega-Lite without data and config. A link's field holds a fragment, such as ``#slice=3``.
        rows: Its data.
        text: What it shows.
    """
    whole = {"width": WIDTH, "height": HEIGHT, "data": {"values": list(rows)}, "config": CONFIG} | dict(specification)
    svg = vl_convert.vegalite_to_svg(whole)
    # A fragment was made a foreign address (findings/vega_fragment_address.sh). What a mark links to is linked in a
    # table too, so that the keyboard need not go from mark to mark.
    svg = re.sub(r'xlink:href="[^"#]*#', 'tabindex="-1" href="#', svg)
    # Letters stay readable: a chart that is much wider than the window is scrolled in a box of its own.
    width = re.search(r'width="([\d.]+)"', svg)
    least = round(LEAST_SHARE * float(width[1])) if width else 0
    svg = svg.replace("<svg ", f'<svg aria-hidden="true" style="min-width: {least}px" ', 1)
    return Chart(Markup(svg), text)  # vl-convert escapes what it writes


def number_axis(field: str, title: str | None, **options: Any) -> dict[str, Any]:
    """Return a channel of numbers whose scale fits the data.

    Args:
        field: Of the data.
        title: Of the axis.
        **options: Of the axis, beside ``scale``, which is added to the channel's.
    """
    scale = {"zero": False, "nice": False, "padding": 14} | options.pop("scale", {})
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": {"tickCount": 5} | options}


def score_axis(field: str, scores: Sequence[float], title: str | None = None) -> dict[str, Any]:
    """Return a channel of scores, drawn by their distance to 1, with the scores themselves at its ticks.

    Args:
        field: Holds what `to_decades` made of each score.
        scores: All that are drawn.
        title: Of the axis.
    """
    ticks = _ticks(min(scores, default=0.0), max(scores, default=1.0))
    values = [to_decades(tick) for tick in ticks]
    names = {f"{value:.9f}": name for value, name in zip(values, ticks.values(), strict=True)}
    cases = "".join(f"format(datum.value, '.9f') == '{value}' ? '{name}' : " for value, name in names.items())
    return number_axis(field, title, values=values, labelExpr=f"{cases}''")


def _ticks(low: float, high: float) -> dict[float, str]:
    """Return scores in a range, each with its name: as many decimals as part it from the next."""
    usual = [tick for tick in TICKS if low <= tick <= high]
    if len(usual) >= FEW_TICKS:
        return {tick: f"{tick:g}" for tick in usual}
    highest = 1 - LEAST_DISTANCE
    low, high = min(low, highest), min(high, highest)
    ticks, decimals = [low], 4
    if high - low > LEAST_STEP:
        ticks = [float(tick) for tick in MaxNLocator(FEW_TICKS + 1, steps=[1, 2, 5, 10]).tick_values(low, high)]
        decimals = max(1, -floor(log10(ticks[1] - ticks[0]) + 1e-6))
    shown = [tick for tick in ticks if 0 <= tick < highest + LEAST_STEP]
    return {tick: f"{tick:.{decimals}f}".rstrip("0").rstrip(".") for tick in shown}


def to_decades(score: float) -> float:
    """Return how far a score is from 1, in decades: 1 for 0.9, 2 for 0.99."""
    return 0.0 - log10(max(1 - float(score), LEAST_DISTANCE))  # of 0 it is 0, and not -0, which has another name


def mean_rows(rows: Sequence[Row], arms: Arms, title: str) -> list[Row]:
    """Return a row for each arm that stands for the mean of its rows, told from them by its field ``mean``.

    The score's mean is taken before it becomes a place on the axis, as tables and figures have it: the mean of the
    places, which Vega itself would draw, lies above it.

    Args:
        rows: With the fields ``arm``, ``value`` (a score) and, where the other axis has numbers, ``x``.
        arms: Those of the rows.
        title: Of the score.
    """
    means = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        of_arm = [row for row in rows if row["arm"] == arm]
        numbers = {key: fmean(float(row[key]) for row in of_arm) for key in ("value", "x") if key in of_arm[0]}
        sentence = f"{arms.names[arm]}, mean: {title} {numbers['value']:.4f}"
        means.append(of_arm[0] | numbers | {"score": to_decades(numbers["value"]), "mean": True, "said": sentence})
    return means


def only(test: str) -> Row:
    """Return the part of a layer that leaves out the rows which fail a test, such as ``datum.mean``."""
    return {"transform": [{"filter": test}]}


def said() -> dict[str, Any]:
    """Return the channel that says in the field ``said`` what a mark stands for."""
    return {"description": {"field": "said", "type": "nominal"}}
