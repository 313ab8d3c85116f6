"""What the page's slice viewer shows: slices, and layers that are laid over them. A layer is one row of `LAYERS`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fusionnet.evaluate.error_maps import (
    BOTH_COLOUR,
    MERGE_COLOUR,
    SPLIT_COLOUR,
    merge_and_split_masks,
    thinned_segments,
)
from fusionnet.evaluate.thinning import components
from fusionnet.report.page import pictures
from fusionnet.report.page.pictures import UNCERTAINTY_STEPS, encode, probability_greys, stepped
from fusionnet.report.page.tracking import follow
from fusionnet.report.page.worst import Kind, Mistake, largest_mistakes

MOST_DEVIATION = 0.5  # of values in 0..1: half of them 0, half 1


@dataclass(frozen=True)
class Stack:
    """Neighbouring slices that are shown.

    Args:
        name: For the URL: letters, digits and hyphens, such as a fold's.
        raw: uint8 grey values, (Z, Y, X).
        labels: > 0 inside a cell, the same shape; None where there is no truth.
        numbers: Of each slice, in the volume that it is part of.
        titles: Of each slice, as a person calls it.
        corner: (y, x) in that volume of what is shown.
    """

    name: str
    raw: np.ndarray
    labels: np.ndarray | None
    numbers: Sequence[int]
    titles: Sequence[str]
    corner: tuple[int, int] = (0, 0)

    @cached_property
    def cells(self) -> np.ndarray:
        """The truth's cells, numbered alike from slice to slice, int32 (Z, Y, X)."""
        if self.labels is None:
            raise ValueError(f"{self.name} has no labels")
        return follow(np.stack([components(plane) for plane in self.labels]))


@dataclass(frozen=True)
class Prediction:
    """What one network says of a stack.

    Args:
        key: Tells it from others of the stack, in the URL.
        stack: The slices.
        probability: Of "inside a cell", floats in 0..1, (Z, Y, X).
        threshold: A pixel above it is inside.
        deviation: Standard deviation over the orientations, (Z, Y, X); None if it was not kept, or of one.
        scores: Lines about each slice, such as its V_rand.
        cut_map: What the stage `segment` made of it, whose thresholds give segmentations, (Z, Y, X), and the threshold
            at which it is cut; None where that stage did not run.
    """

    key: str
    stack: Stack
    probability: np.ndarray
    threshold: float
    deviation: np.ndarray | None = None
    scores: Sequence[str] = ()
    cut_map: tuple[np.ndarray, float] | None = None

    @cached_property
    def segments(self) -> np.ndarray:
        """Segments of each slice, as the score has them, int32 (Z, Y, X), 0 on dams."""
        return np.stack([thinned_segments(plane, self.threshold) for plane in self.probability])

    @cached_property
    def learned(self) -> np.ndarray | None:
        """The same for what the stage `segment` made."""
        return self.cut_map and np.stack([thinned_segments(plane, self.cut_map[1]) for plane in self.cut_map[0]])

    def mistakes(self) -> dict[Kind, list[Mistake]]:
        """Return the largest mergers and splits."""
        if self.stack.labels is None:
            raise ValueError(f"{self.stack.name} has no labels")
        return largest_mistakes(self.stack.labels, self.segments)


@dataclass(frozen=True)
class Layer:
    """One way to look at a slice.

    Args:
        key: In the URL.
        title: How a person calls it.
        of_prediction: There is one for each network; otherwise one for all.
        over_raw: Laid over the raw slice, which shows through where it is clear; otherwise it covers it.
        draw: Returns a picture of each slice, from a `Prediction` or a `Stack`; none where there is nothing to show.
        legend: Colours and what they mean.
    """

    key: str
    title: str
    of_prediction: bool
    over_raw: bool
    draw: Callable[[Any], list[str]]
    legend: tuple[tuple[str, str], ...] = ()


def draw_raw(stack: Stack) -> list[str]:
    """Return the grey values."""
    return [encode(plane) for plane in stack.raw]


def draw_truth(stack: Stack) -> list[str]:
    """Return the truth's cells, a colour each."""
    return [] if stack.labels is None else _coloured(stack.cells)


def draw_probability(prediction: Prediction) -> list[str]:
    """Return the probability as grey values: white is inside a cell."""
    return [encode(probability_greys(plane)) for plane in prediction.probability]


def draw_segments(prediction: Prediction) -> list[str]:
    """Return the segments, a colour each: that of the cell which they stand for."""
    return _segments(prediction.stack, prediction.segments)


def draw_learned(prediction: Prediction) -> list[str]:
    """Return likewise what the stage `segment` made."""
    return _segments(prediction.stack, prediction.learned)


def draw_errors(prediction: Prediction) -> list[str]:
    """Return what is merged and what is split."""
    return _errors(prediction.stack, prediction.segments)


def draw_learned_errors(prediction: Prediction) -> list[str]:
    """Return likewise what the stage `segment` left."""
    return _errors(prediction.stack, prediction.learned)


def draw_uncertainty(prediction: Prediction) -> list[str]:
    """Return the deviation of the orientations."""
    if prediction.deviation is None:
        return []
    palette = pictures.uncertainty_palette()
    return [encode(stepped(plane, UNCERTAINTY_STEPS, MOST_DEVIATION), palette) for plane in prediction.deviation]


def _segments(stack: Stack, segments: np.ndarray | None) -> list[str]:
    reference = None if stack.labels is None else stack.cells
    return [] if segments is None else _coloured(follow(segments, reference))


def _errors(stack: Stack, segments: np.ndarray | None) -> list[str]:
    if stack.labels is None or segments is None:
        return []
    palette = pictures.error_palette()
    return [
        encode(pictures.error_numbers(*merge_and_split_masks(labels, plane), plane == 0), palette)
        for labels, plane in zip(stack.labels, segments, strict=True)
    ]


def _coloured(identities: np.ndarray) -> list[str]:
    palette = pictures.segment_palette()
    return [encode(pictures.colour_numbers(plane), palette) for plane in identities]


def css(colour: Sequence[float]) -> str:
    """Return a colour of three shares in 0..1, or of three numbers in 0..255, as a page writes it."""
    red, green, blue = (round(part * 255) if isinstance(part, float) else int(part) for part in colour[:3])
    return f"rgb({red}, {green}, {blue})"


_ERRORS = (
    (css(MERGE_COLOUR), "merged into another cell"),
    (css(SPLIT_COLOUR), "split off from its cell"),
    (css(BOTH_COLOUR), "strayed over a membrane (both)"),
    ("rgb(60, 60, 60)", "border found"),
)
_CERTAIN, _UNCERTAIN = (css(pictures.uncertainty_palette()[row].tolist()) for row in (0, -1))
_AGREEMENT = ((_CERTAIN, "the orientations agree"), (_UNCERTAIN, "half of them say inside, half membrane"))
LAYERS = (
    Layer("raw", "raw", False, False, draw_raw),
    Layer("truth", "truth", False, True, draw_truth, (("", "a colour for each cell"),)),
    Layer("probability", "probability", True, False, draw_probability, (("#fff", "inside"), ("#000", "membrane"))),
    Layer("segments", "segmentation", True, True, draw_segments, (("", "a colour for each segment"),)),
    Layer("errors", "mergers and splits", True, True, draw_errors, _ERRORS),
    Layer("learned", "segmentation by learned edges", True, True, draw_learned, (("", "a colour for each cell"),)),
    Layer("learned-errors", "mergers and splits by learned edges", True, True, draw_learned_errors, _ERRORS),
    Layer("uncertainty", "uncertainty", True, False, draw_uncertainty, _AGREEMENT),
)


def viewer_data(predictions: Sequence[Prediction], names: dict[str, str]) -> dict[str, Any]:
    """Return what the viewer's program reads, ready for JSON.

    Args:
        predictions: Of every stack, those of its networks.
        names: How a person calls each network, by the predictions' keys.

    Returns:
        ``layers``, each with ``key``, ``title``, ``over_raw`` and ``legend``; ``slices`` in order, each with ``key``,
        ``title``, ``width``, ``height``, ``scores`` (lines of text) and ``pictures``, base64 PNGs by layer.
    """
    slices: dict[str, dict[str, Any]] = {}
    for stack in {id(prediction.stack): prediction.stack for prediction in predictions}.values():
        for number, title in zip(stack.numbers, stack.titles, strict=True):
            height, width = stack.raw.shape[1:]
            shown = {"title": title, "width": width, "height": height, "scores": [], "pictures": {}}
            slices[slice_key(stack, number)] = shown
        _add_pictures(slices, stack, {layer.key: layer.draw(stack) for layer in LAYERS if not layer.of_prediction})
    for prediction in predictions:
        drawn = {f"{layer.key}.{prediction.key}": layer.draw(prediction) for layer in LAYERS if layer.of_prediction}
        _add_pictures(slices, prediction.stack, drawn)
        for number, line in zip(prediction.stack.numbers, prediction.scores, strict=False):
            slices[slice_key(prediction.stack, number)]["scores"].append(line)
    drawn_anywhere = {layer for shown in slices.values() for layer in shown["pictures"]}
    layers = [layer for layer in _layers_of(names) if layer["key"] in drawn_anywhere]
    return {"layers": layers, "slices": [{"key": key} | shown for key, shown in slices.items()]}


def slice_key(stack: Stack, number: int) -> str:
    """Return how the URL calls a slice."""
    return f"{stack.name}.{number}"


def _layers_of(names: dict[str, str]) -> list[dict[str, Any]]:
    layers = []
    for layer in LAYERS:
        named = len(names) > 1
        of = {f"{layer.key}.{key}": f"{name}: {layer.title}" if named else layer.title for key, name in names.items()}
        for key, title in of.items() if layer.of_prediction else [(layer.key, layer.title)]:
            layers.append({"key": key, "title": title, "over_raw": layer.over_raw, "legend": layer.legend})
    return layers


def _add_pictures(slices: dict[str, dict[str, Any]], stack: Stack, drawn: dict[str, list[str]]) -> None:
    for layer, of_slices in drawn.items():
        for number, picture in zip(stack.numbers, of_slices, strict=bool(of_slices)):
            slices[slice_key(stack, number)]["pictures"][layer] = picture
