"""The worst errors of a network as links into the viewer, which draws a small picture of each."""

from collections.abc import Sequence
from math import sqrt
from typing import Any
from urllib.parse import urlencode

from fusionnet.report.page.document import Gallery, Link
from fusionnet.report.page.viewer import Prediction, Stack, slice_key
from fusionnet.report.page.worst import LISTED, Kind, Mistake

KINDS: dict[Kind, str] = {"merger": "mergers", "split": "splits"}
LEAST_VIEW = 72  # pixels of the slice that are seen around an error, at least
SIDES_SEEN = 3  # of a square as large as the error


def view_link(stack: Stack, position: int, **view: Any) -> str:
    """Return the fragment that shows a slice.

    Args:
        stack: The slices.
        position: Of the slice in the stack, from 0.
        **view: What else of the viewer's state is to change.
    """
    return "#" + urlencode({"slice": slice_key(stack, stack.numbers[position])} | view)


def error_galleries(predictions: Sequence[Prediction], name: str, folded: bool = False) -> list[Gallery]:
    """Return the largest mergers and the largest splits, over all stacks together.

    Args:
        predictions: Of one network, one for each stack; of those without truth there is nothing to say.
        name: How a person calls the network.
        folded: As in `fusionnet.report.page.document.Gallery`.
    """
    found = [(prediction, prediction.mistakes()) for prediction in predictions if prediction.stack.labels is not None]
    galleries = []
    for kind, plural in KINDS.items() if found else ():
        pairs = [(mistake, prediction) for prediction, by_kind in found for mistake in by_kind[kind]]
        ranked = sorted(pairs, key=lambda pair: -pair[0].pixels)[:LISTED]
        entries = [_entry(mistake, prediction) for mistake, prediction in ranked]
        galleries.append(Gallery(f"{name}: largest {plural}", entries, folded))
    return galleries


def _entry(mistake: Mistake, prediction: Prediction) -> Link:
    """Return the link that shows an error close enough to see what is around it."""
    stack = prediction.stack
    seen = max(LEAST_VIEW, SIDES_SEEN * sqrt(mistake.pixels))
    zoom = max(1.0, min(stack.raw.shape[1:]) / seen)
    view = {"left": "raw", "right": f"errors.{prediction.key}", "layout": "wipe", "wipe": 0.2, "zoom": f"{zoom:.2f}"}
    place = {"x": mistake.x, "y": mistake.y, "mark": f"{mistake.x},{mistake.y}"}
    y, x = mistake.y + stack.corner[0], mistake.x + stack.corner[1]
    text = f"{mistake.pixels:,} pixels, {stack.titles[mistake.position]}, y {y}, x {x}"
    return Link(text, view_link(stack, mistake.position, **view, **place))
