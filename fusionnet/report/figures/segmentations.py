"""The figure that shows on which slices two networks disagree, and where they merge and split cells there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.ndimage import uniform_filter

from fusionnet.evaluate.error_maps import merge_and_split_masks, paint_errors, thinned_segments
from fusionnet.report.results import Replicate, ScoredSlices
from fusionnet.style import GREY, WIDTH_INCHES, display_names, legend_below, styled

CROP_PIXELS = 256
SEGMENTATION_DPI = 110
CHOSEN, OTHERS = "#004488", "#BBBBBB"  # bars of slices that are shown, and of those that are not
STRIP_INCHES, BLOCK_INCHES = 1.9, 6.25


class Shown(NamedTuple):
    """A slice of a replicate that is shown."""

    fold: str
    seed: int
    position: int
    """Position among the fold's scored slices."""


def advantages(replicates: Sequence[Replicate]) -> dict[tuple[str, int], np.ndarray]:
    """Return by how much the first arm's V_rand exceeds the second's on each slice, by fold and seed, shape (Z,).

    With one arm alone it is the V_rand less 1.
    """
    first, *others = dict.fromkeys(replicate.arm for replicate in replicates)
    scores = {(r.arm, r.fold, r.seed): r.slice_scores("v_rand") for r in replicates}
    keys = [(fold, seed) for arm, fold, seed in scores if arm == first]
    if not others:
        return {key: scores[first, *key] - 1 for key in keys}
    return {key: scores[first, *key] - scores[others[0], *key] for key in keys}


def choose_slices(differences: Mapping[tuple[str, int], np.ndarray], count: int) -> list[Shown]:
    """Return the slices whose mean difference over the seeds is greatest, in the order of folds and slices.

    The mean over seeds is what a network does again when it is trained again. Of each slice the seed is shown that
    differs most in the direction of the mean.

    Args:
        differences: From `advantages`.
        count: How many.
    """
    candidates = []
    for order, fold in enumerate(dict.fromkeys(fold for fold, _ in differences)):
        seeds = [seed for other, seed in differences if other == fold]
        by_seed = np.stack([differences[fold, seed] for seed in seeds])  # (seeds, Z)
        for position, mean in enumerate(by_seed.mean(axis=0)):
            seed = seeds[int((by_seed[:, position] * np.sign(mean)).argmax())]
            candidates.append((-abs(mean), order, position, Shown(fold, seed, position)))
    chosen = sorted(candidates)[:count]
    return [shown for *_, shown in sorted(chosen, key=lambda candidate: candidate[1:3])]


def draw_segmentations(replicates: Sequence[Replicate], scored: Mapping[str, ScoredSlices], count: int) -> Figure:
    """Draw the difference of every scored slice; and raw, truth, probabilities and errors where it is greatest.

    Args:
        replicates: All those of the one or two arms that are shown.
        scored: The slices of each fold.
        count: Number of slices shown, each a block of two rows.
    """
    arms = list(dict.fromkeys(replicate.arm for replicate in replicates))
    names = display_names(arms)
    found = {(replicate.arm, replicate.fold, replicate.seed): replicate for replicate in replicates}
    differences = advantages(replicates)
    chosen = choose_slices(differences, count)
    with styled():
        figure = Figure((WIDTH_INCHES, STRIP_INCHES + BLOCK_INCHES * len(chosen) + 0.75), layout="constrained")
        ratios = [STRIP_INCHES, *[BLOCK_INCHES / 2] * (2 * len(chosen))]
        grid = figure.add_gridspec(1 + 2 * len(chosen), 3, height_ratios=ratios)
        _draw_strip(figure.add_subplot(grid[0, :]), differences, scored, chosen, [names[arm] for arm in arms])
        for block, shown in enumerate(chosen):
            panels = [figure.add_subplot(grid[1 + 2 * block + row, column]) for row in range(2) for column in range(3)]
            for panel in panels:
                panel.set_axis_off()
            pair = [found[arm, shown.fold, shown.seed] for arm in arms]
            _show_slice(panels, pair, scored[shown.fold], shown, names)
        figure.suptitle(_title(arms, len(chosen), scored), x=0.005, ha="left", fontsize=11)
        keys = [
            Patch(color=_on_white(merge=True), label="merged with another"),
            Patch(color=_on_white(split=True), label="split off"),
            Patch(color=_on_white(merge=True, split=True), label="both"),
            Patch(facecolor="0.8", label="outside in the truth"),
            Patch(facecolor="black", label="border found"),
        ]
        legend_below(figure, keys)
    return figure


def telling_view(weight: np.ndarray) -> tuple[slice, slice]:
    """Return rows and columns of the square of `CROP_PIXELS` that holds most of a weight (Y, X)."""
    height, width = weight.shape
    side = min(CROP_PIXELS, height, width)
    density = uniform_filter(weight.astype(float), side, mode="constant")
    half = side // 2
    inner = density[half : height - side + half + 1, half : width - side + half + 1]
    top, left = np.unravel_index(inner.argmax(), inner.shape)
    return slice(int(top), int(top) + side), slice(int(left), int(left) + side)


def place_of(view: tuple[slice, slice]) -> str:
    """Say where a cut-out lies."""
    rows, columns = view
    return f"y {rows.start}–{rows.stop - 1}, x {columns.start}–{columns.stop - 1}"


def show(axis: Axes, image: np.ndarray, title: str, highest: float | None) -> None:
    """Show a grey image; black is 0 and white the highest value, or both are the image's own."""
    axis.imshow(image, cmap="gray", vmin=0 if highest else None, vmax=highest, interpolation="nearest")
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()


def _title(arms: Sequence[str], shown: int, scored: Mapping[str, ScoredSlices]) -> str:
    """Say by which rule the slices and their cut-outs were chosen: what is shown is not typical."""
    number = sum(len(part.numbers) for part in scored.values())
    several = len(arms) > 1
    chosen = "All scored slices"
    if shown < number:
        chosen = f"The {shown} of {number} scored slices where V_rand "
        chosen += "differs most" if several else "is lowest"
    if max(next(iter(scored.values())).labels.shape[1:]) > CROP_PIXELS:
        chosen += f", cut out where errors {'differ' if several else 'are'} most"
    return chosen


def _draw_strip(
    axis: Axes,
    differences: Mapping[tuple[str, int], np.ndarray],
    scored: Mapping[str, ScoredSlices],
    chosen: Sequence[Shown],
    names: Sequence[str],
) -> None:
    """Draw every slice's difference: a bar for the mean of the seeds, a dot for each seed; the chosen are marked."""
    labels, start = [], 0
    for fold in dict.fromkeys(fold for fold, _ in differences):
        by_seed = np.stack([values for (other, _), values in differences.items() if other == fold])
        places = start + np.arange(by_seed.shape[1])
        shown = {choice.position for choice in chosen if choice.fold == fold}
        colours = [CHOSEN if position in shown else OTHERS for position in range(len(places))]
        axis.bar(places, by_seed.mean(axis=0), color=colours, width=0.7)
        for values in by_seed:
            axis.plot(places, values, "o", color=GREY, markersize=4, markeredgewidth=0)
        labels += [(place, str(number)) for place, number in zip(places, scored[fold].numbers, strict=True)]
        start = int(places[-1]) + 2  # an empty place between folds
    step = -(-len(labels) // 30)
    axis.set_xticks(*zip(*labels[::step], strict=True), fontsize=9)
    axis.axhline(0, color=GREY, linewidth=1)
    axis.margins(x=0.01)
    axis.grid(axis="x", visible=False)
    axis.set_xlabel("scored slice (bar: mean of the seeds, dark if shown below; dot: one seed)", fontsize=9)
    axis.set_title(f"V_rand of {names[0]} minus " + (f"that of {names[1]}" if len(names) > 1 else "1"), fontsize=10)


def _show_slice(
    panels: Sequence[Axes], pair: Sequence[Replicate], scored: ScoredSlices, shown: Shown, names: Mapping[str, str]
) -> None:
    """Fill a block of 2 x 3 panels: raw above truth, then for each arm its probability and its errors."""
    position = shown.position
    labels = scored.labels[position]
    probabilities = [replicate.probabilities()[position] for replicate in pair]
    errors = [_errors(labels, image, replicate) for image, replicate in zip(probabilities, pair, strict=True)]
    wrong = [merges | splits for merges, splits, _ in errors]
    view = telling_view(wrong[0] ^ wrong[1] if len(wrong) > 1 else wrong[0])
    stack = "Test slice" if shown.fold == "test" else "Slice"
    place = f"{stack} {scored.numbers[position]}, seed {shown.seed}, {place_of(view)}"
    show(panels[0], scored.raw[position][view], place, None)
    show(panels[3], labels[view], "Truth", 1)
    for row, (replicate, probability, (merges, splits, segments)) in enumerate(
        zip(pair, probabilities, errors, strict=True)
    ):
        v_rand = replicate.slice_scores("v_rand")[position]
        grey = np.where(segments[view] == 0, 0.0, np.where(labels[view] > 0, 1.0, 0.8))
        show(panels[3 * row + 1], probability[view], names[replicate.arm], 1)
        title = f"Its errors (V_rand of the slice {v_rand:.4f})"  # the panel to its left has the name
        show(panels[3 * row + 2], paint_errors(grey, merges[view], splits[view]), title, 1)


def _errors(labels: np.ndarray, probability: np.ndarray, replicate: Replicate) -> tuple[np.ndarray, ...]:
    """Return masks of merges and splits, and the segments, at the threshold of the replicate's V_rand."""
    segments = thinned_segments(probability, replicate.metrics["v_rand_threshold"])
    return *merge_and_split_masks(labels, segments), segments


def _on_white(merge: bool = False, split: bool = False) -> str:
    """Return the tint of an error as `paint_errors` lays it over white."""
    merges, splits = np.array([[merge]]), np.array([[split]])
    return to_hex(paint_errors(np.ones((1, 1)), merges, splits)[0, 0].tolist())
