"""The figure that shows where networks merge and split cells."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.ndimage import uniform_filter

from fusionnet.figures.style import display_names, legend_below, new_figure, styled
from fusionnet.replicates import Replicate, ScoredSlices
from fusionnet.scores import merge_and_split_masks, paint_errors, thinned_segments

CROP_PIXELS = 256
SEGMENTATION_DPI = 110


class View(NamedTuple):
    """What is shown of a slice."""

    position: int
    """Position among the scored slices."""
    rows: slice
    columns: slice


def choose_slices(replicates: Sequence[Replicate], count: int) -> list[int]:
    """Return the positions of the slices whose V_rand differs most between replicates, in the stack's order.

    For one replicate these are the slices with the lowest score.
    """
    scores = np.stack([replicate.slice_scores("v_rand") for replicate in replicates])
    spread = np.ptp(scores, axis=0) if len(scores) > 1 else 1 - scores[0]
    return sorted(np.argsort(-spread, kind="stable")[:count].tolist())


def draw_segmentations(replicates: Sequence[Replicate], scored: ScoredSlices, count: int) -> Figure:
    """Draw raw, truth, probabilities and errors of one or two arms, where they differ most.

    Args:
        replicates: One for each arm shown, of the same fold and seed.
        scored: That fold's slices.
        count: Number of slices, each a block of two rows.
    """
    names = display_names([replicate.arm for replicate in replicates])
    stacks = [replicate.probabilities() for replicate in replicates]
    indices = choose_slices(replicates, count)
    with styled():
        figure, axes = new_figure(6.25 * len(indices) + 0.75, rows=2 * len(indices), columns=3)
        for block, index in enumerate(indices):
            panels = axes[6 * block : 6 * block + 6]
            errors = [
                _errors(scored.labels[index], stack[index], replicate)
                for replicate, stack in zip(replicates, stacks, strict=True)
            ]
            view = _most_telling_view(index, [merges | splits for merges, splits, _ in errors])
            _show_slice(panels, replicates, scored, [stack[index] for stack in stacks], errors, view, names)
        for axis in axes:
            axis.set_axis_off()
        title = _title(replicates, len(indices), scored)
        figure.suptitle(title, x=0.005, ha="left", fontsize=11)
        keys = [
            Patch(color=_on_white(merge=True), label="merged into another cell"),
            Patch(color=_on_white(split=True), label="split off from its cell"),
            Patch(color=_on_white(merge=True, split=True), label="both"),
            Patch(facecolor="0.8", label="membrane in the truth"),
            Patch(facecolor="black", label="border found"),
        ]
        legend_below(figure, keys)
    return figure


def _title(replicates: Sequence[Replicate], shown: int, scored: ScoredSlices) -> str:
    """Say by which rule the slices and their cut-outs were chosen: what is shown is not typical."""
    of = "Test stack" if replicates[0].fold == "test" else f"Fold {replicates[0].fold}"
    several = len(replicates) > 1
    chosen = "all scored slices"
    if shown < len(scored.numbers):
        chosen = f"the {shown} of {len(scored.numbers)} scored slices where V_rand "
        chosen += "differs most" if several else "is lowest"
    cut = ""
    if max(scored.labels.shape[1:]) > CROP_PIXELS:
        cut = f", cut out where errors {'differ' if several else 'are'} most"
    return f"{of}, seed {replicates[0].seed}: {chosen}{cut}"


def _errors(labels: np.ndarray, probability: np.ndarray, replicate: Replicate) -> tuple[np.ndarray, ...]:
    """Return masks of merges and splits, and the segments, at the threshold of the replicate's V_rand."""
    segments = thinned_segments(probability, replicate.metrics["v_rand_threshold"])
    return *merge_and_split_masks(labels, segments), segments


def _most_telling_view(index: int, wrong: Sequence[np.ndarray]) -> View:
    """Return the square of `CROP_PIXELS` where the arms' errors differ most (or, for one arm, are most)."""
    differing = wrong[0] ^ wrong[1] if len(wrong) > 1 else wrong[0]
    height, width = differing.shape
    side = min(CROP_PIXELS, height, width)
    density = uniform_filter(differing.astype(float), side, mode="constant")
    half = side // 2
    inner = density[half : height - side + half + 1, half : width - side + half + 1]
    top, left = np.unravel_index(inner.argmax(), inner.shape)
    return View(index, slice(int(top), int(top) + side), slice(int(left), int(left) + side))


def _show_slice(
    panels: Sequence[Axes],
    replicates: Sequence[Replicate],
    scored: ScoredSlices,
    probabilities: Sequence[np.ndarray],
    errors: Sequence[tuple[np.ndarray, ...]],
    view: View,
    names: dict[str, str],
) -> None:
    """Fill a block of 2 x 3 panels: raw above truth, then for each arm its probability and its errors."""
    part = (view.rows, view.columns)
    labels = scored.labels[view.position][part]
    place = f"y {view.rows.start}–{view.rows.stop - 1}, x {view.columns.start}–{view.columns.stop - 1}"
    _show(panels[0], scored.raw[view.position][part], f"Raw: slice {scored.numbers[view.position]}, {place}", None)
    _show(panels[3], labels, "Truth", 1)
    for row, (replicate, probability, (merges, splits, segments)) in enumerate(
        zip(replicates, probabilities, errors, strict=True)
    ):
        v_rand = replicate.slice_scores("v_rand")[view.position]
        grey = np.where(segments[part] == 0, 0.0, np.where(labels > 0, 1.0, 0.8))
        _show(panels[3 * row + 1], probability[part], names[replicate.arm], 1)
        title = f"Errors of {names[replicate.arm]} (slice: V_rand {v_rand:.4f})"
        _show(panels[3 * row + 2], paint_errors(grey, merges[part], splits[part]), title, 1)


def _on_white(merge: bool = False, split: bool = False) -> str:
    """Return the tint of an error as `paint_errors` lays it over white."""
    merges, splits = np.array([[merge]]), np.array([[split]])
    return to_hex(paint_errors(np.ones((1, 1)), merges, splits)[0, 0].tolist())


def _show(axis: Axes, image: np.ndarray, title: str, highest: float | None) -> None:
    axis.imshow(image, cmap="gray", vmin=0 if highest else None, vmax=highest, interpolation="nearest")
    axis.set_title(title, fontsize=9)
