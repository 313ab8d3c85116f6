"""Pictures of what learned edges mend and of the worst errors that are left, with the slices above and below."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fusionnet.evaluate.error_maps import (
    BOTH_COLOUR,
    MERGE_COLOUR,
    SPLIT_COLOUR,
    merge_and_split_masks,
    paint_errors,
    thinned_segments,
)
from fusionnet.report.cells import Ladder
from fusionnet.report.figures.segmentations import place_of, show, telling_view
from fusionnet.report.results import ScoredSlices
from fusionnet.segment.ladder import BESIDE, CEILING, RUNGS, THRESHOLD
from fusionnet.style import WIDTH_INCHES, display_names, legend_below, styled

BLOCK_INCHES = 5.3
STEPS = tuple(rung for rung in RUNGS if rung != CEILING)


class Case(NamedTuple):
    """A scored slice of a replicate that is shown, and why."""

    ladder: Ladder
    position: int
    why: str


def choose_cases(ladders: Sequence[Ladder], count: int) -> list[Case]:
    """Return the slices that the stage mends most, if it mends any, and those that are worst after it.

    Of one kind each slice is shown once, by whatever replicate; one that is mended most may yet be among the worst.

    Args:
        ladders: All of them.
        count: How many of each.
    """
    scores = [(each, each.slice_scores(THRESHOLD, "v_rand"), each.slice_scores(BESIDE, "v_rand")) for each in ladders]
    gains = [
        (float(new - old), each, z)
        for each, before, after in scores
        for z, (old, new) in enumerate(zip(before, after, strict=True))
        if new > old
    ]
    left = [(float(value), each, z) for each, _, after in scores for z, value in enumerate(after)]
    cases: dict[tuple[str, int, str], Case] = {}
    for why, candidates in (
        ("mended", sorted(gains, key=lambda each: -each[0])),
        ("left", sorted(left, key=lambda each: each[0])),
    ):
        taken = 0
        for _, ladder, z in candidates:
            key = (ladder.fold, z, why)
            if taken < count and key not in cases:
                cases[key] = Case(ladder, z, why)
                taken += 1
    return list(cases.values())


def draw_mergers(cases: Sequence[Case], scored: Mapping[str, ScoredSlices], stacks: Mapping[str, np.ndarray]) -> Figure:
    """Draw, for each case, the slice between those beside it, its truth, and the errors of each step.

    Args:
        cases: From `choose_cases`.
        scored: The slices of each fold.
        stacks: Grey values of the whole stack that each fold's slices are part of, (Z, Y, X).
    """
    with styled():
        figure = Figure((WIDTH_INCHES, BLOCK_INCHES * len(cases) + 0.6), layout="constrained")
        blocks = figure.subfigures(len(cases), 1, squeeze=False)[:, 0]
        for block, case in zip(blocks, cases, strict=True):
            panels = list(block.subplots(2, 4).ravel())
            block.suptitle(_draw_case(panels, case, scored[case.ladder.fold], stacks[case.ladder.fold]), fontsize=10)
        keys = [
            Patch(color=MERGE_COLOUR, label="merged with another"),
            Patch(color=SPLIT_COLOUR, label="split off"),
            Patch(color=BOTH_COLOUR, label="both"),
            Patch(facecolor="0.8", label="outside in the truth"),
            Patch(facecolor="black", label="border found"),
        ]
        legend_below(figure, keys)
    return figure


def _draw_case(panels: Sequence[Axes], case: Case, scored: ScoredSlices, stack: np.ndarray) -> str:
    """Fill 2 x 4 panels; return the block's title."""
    ladder, position, number = case.ladder, case.position, scored.numbers[case.position]
    labels = scored.labels[position]
    errors = {}
    for rung in STEPS:
        segments = thinned_segments(ladder.stack(rung)[position], ladder.threshold(rung))
        errors[rung] = *merge_and_split_masks(labels, segments), segments
    wrong = {rung: merges | splits for rung, (merges, splits, _) in errors.items()}
    view = telling_view(wrong[THRESHOLD] & ~wrong[BESIDE] if case.why == "mended" else wrong[BESIDE])
    for panel, z, name in zip(panels, (number - 1, number, number + 1), ("above", "", "below"), strict=False):
        if 0 <= z < len(stack):
            show(panel, stack[z][view], f"slice {z}{', ' + name if name else ', scored'}", None)
        else:
            panel.set_axis_off()
    show(panels[3], labels[view], "truth", 1)
    for panel, (rung, (merges, splits, segments)) in zip(panels[4:], errors.items(), strict=True):
        grey = np.where(segments[view] == 0, 0.0, np.where(labels[view] > 0, 1.0, 0.8))
        score = ladder.slice_scores(rung, "v_rand")[position]
        show(
            panel, paint_errors(grey, merges[view], splits[view]), f"{RUNGS[rung]}:\nV_rand of the slice {score:.4f}", 1
        )
    name = display_names([ladder.arm])[ladder.arm]
    why = "what the stage mends most" if case.why == "mended" else "the worst errors that are left"
    return f"{why}: {name}, seed {ladder.seed}, {place_of(view)}"
