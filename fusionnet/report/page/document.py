"""A page as a document: sections of text, charts, tables and figures, and the viewer, rendered by one template."""

import base64
from collections.abc import Mapping, Sequence
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.colors import to_hex, to_rgb

from fusionnet.report.page.vega import SHAPES, Arms, Chart
from fusionnet.style import arm_colours

HERE = Path(__file__).parent
TIPS = "tips.js"
PROGRAMS = (TIPS, "viewer.js", "controls.js", "galleries.js")  # in this order; all but the first are the viewer's
LEAST_LIGHTNESS = 0.62  # of an arm's colour on dark paper


@dataclass(frozen=True)
class Link:
    """A cell that leads somewhere.

    Args:
        text: What is read.
        target: A fragment of this page, or a relative address, quoted.
    """

    text: str
    target: str


@dataclass(frozen=True)
class Code:
    """A cell that a person copies: a command, a hash, a path."""

    text: str


Cell = str | Link | Code


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its heading.

    Args:
        caption: What it holds.
        header: Titles of the columns.
        rows: Cells.
        folded: It is shown when a person opens it.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False


@dataclass(frozen=True)
class Gallery:
    """Links into the viewer, which draws a small picture of what each shows.

    Args:
        caption: What they show.
        entries: Links that `fusionnet.report.page.galleries.view_link` made.
        folded: They are shown when a person opens them.
    """

    caption: str
    entries: Sequence[Link]
    folded: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure that is drawn elsewhere.

    Args:
        png: Its file's bytes.
        text: What it shows, for who cannot see it.
    """

    png: bytes
    text: str

    @property
    def source(self) -> str:
        """The address that holds the picture itself."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"


@dataclass(frozen=True)
class Section:
    """A part of a page: what it has of text, the viewer, charts, pictures, galleries and tables, in this order.

    Args:
        key: For links: letters and hyphens.
        title: Its heading.
        text: Paragraphs.
        charts: Beside each other, as many as there is room for.
        pictures: Below each other.
        galleries: Beside each other.
        tables: Below each other.
        arms: The legend of the charts has these; none where it needs no legend.
        viewer: What the slice viewer is given, from `fusionnet.report.page.viewer.viewer_data`.
    """

    key: str
    title: str
    text: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    pictures: Sequence[Picture] = ()
    galleries: Sequence[Gallery] = ()
    tables: Sequence[Table] = ()
    arms: Arms | None = None
    viewer: Mapping[str, Any] | None = None


def render(title: str, lead: Sequence[str], sections: Sequence[Section], arms: Arms) -> str:
    """Return a page as HTML that needs no other file and makes no request.

    Args:
        title: Of the page.
        lead: What the page found, in a sentence, and more about it.
        sections: In order; one without anything in it is left out.
        arms: All arms that charts show.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.tests |= {"link": lambda cell: isinstance(cell, Link), "code": lambda cell: isinstance(cell, Code)}
    filled = [section for section in sections if _is_filled(section)]
    return environment.get_template("page.html").render(
        title=title,
        lead=lead,
        sections=filled,
        legend=_legend,
        colours=_colours(arms),
        style=_own("page.css"),
        programs=[_own(name) for name in PROGRAMS if name == TIPS or any(section.viewer for section in filled)],
    )


def _own(name: str) -> Markup:
    """Return a file beside this one, which the page takes over as it is."""
    return Markup((HERE / name).read_text(encoding="utf-8"))


def _is_filled(section: Section) -> bool:
    parts = (section.text, section.charts, section.pictures, section.galleries, section.tables, section.viewer)
    return any(parts)


def _legend(arms: Arms) -> list[tuple[str, str, str]]:
    """Return sign, colour and name of each arm."""
    return [(SHAPES[arms.shapes[arm]], arms.colours[arm], name) for arm, name in arms.names.items()]


def _colours(arms: Arms) -> list[tuple[str, str]]:
    """Return each arm's colour on light paper and on dark."""
    return [(colour, on_dark(colour)) for colour in arm_colours(list(arms.names)).values()]


def on_dark(colour: str) -> str:
    """Return a colour of the same hue that is light enough for dark paper.

    Args:
        colour: ``#RRGGBB``.
    """
    hue, lightness, saturation = rgb_to_hls(*to_rgb(colour))
    return to_hex(hls_to_rgb(hue, max(lightness, LEAST_LIGHTNESS), saturation))
