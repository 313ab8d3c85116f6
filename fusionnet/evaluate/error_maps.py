"""Where a segmentation merges and splits cells: masks for figures, and the overlay of `scripts/evaluate.py`."""

from pathlib import Path

import numpy as np

from fusionnet.evaluate.checks import as_labels, as_probabilities
from fusionnet.evaluate.isbi import StackScores
from fusionnet.evaluate.thinning import components, thinned_components
from fusionnet.files import whole_or_absent

MERGE_COLOUR = (0.90, 0.38, 0.00)  # orange and blue stay apart for the colour-blind
SPLIT_COLOUR = (0.10, 0.45, 0.85)
BOTH_COLOUR = (0.55, 0.15, 0.60)


def thinned_segments(probability_slice: np.ndarray, threshold: float) -> np.ndarray:
    """Segment one probability slice as the challenge did: binarise, 4-connected components, border thinning.

    Args:
        probability_slice: Floats in 0..1 or uint8 (scaled by 1/255), shape (Y, X); 1 = inside a cell.
        threshold: A pixel strictly above it is inside a cell.

    Returns:
        int32 array of shape (Y, X): 0 on dams, segments from 1.

    Raises:
        UserError: NaN, or wrong type or range.
    """
    # a float64 scalar makes NumPy compare in double; a plain float would be rounded to float32 first
    return thinned_components(as_probabilities(probability_slice)[0] > np.float64(threshold))


def merge_and_split_masks(truth_slice: np.ndarray, segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mark the pixels that a segmentation puts with the wrong cell or apart from their cell.

    A segment belongs to the cell it overlaps most, a cell to the segment that covers most of it. A pixel is
    *merged* if its segment belongs to another cell, and *split off* if its cell belongs to another segment.
    So of two cells in one segment the smaller one is merged; of a cell in two segments the smaller part is
    split off. A segment that strays over a membrane into its neighbour's cell marks the strip as both.
    Membranes of the truth and dams are neither.

    Args:
        truth_slice: Cells 1..C (0 elsewhere), or a mask whose 4-connected components are the cells; (Y, X).
        segments: Segment numbers, 0 on dams, shape (Y, X), as from `thinned_segments`.

    Returns:
        ``(merges, splits)``, bool arrays of shape (Y, X).
    """
    cells = components(np.asarray(truth_slice))
    counted = (cells > 0) & (segments > 0)
    merges, splits = np.zeros(cells.shape, bool), np.zeros(cells.shape, bool)
    _, _, main_segment, main_cell = main_partners(cells, segments)
    merges[counted] = main_cell[segments[counted]] != cells[counted]
    splits[counted] = main_segment[cells[counted]] != segments[counted]
    return merges, splits


def main_partners(cells: np.ndarray, segments: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return which cells and segments of a slice overlap, and which overlaps which most.

    Args:
        cells: Cell numbers 1..C, 0 elsewhere, (Y, X).
        segments: Segment numbers 1..S, 0 on dams, (Y, X).

    Returns:
        Pairs of a cell and a segment that share pixels, (2, P), in the order of cells; the pixels that each pair
        shares, (P,); for each cell the segment that covers most of it, (C + 1,); for each segment the cell it overlaps
        most, (S + 1,). Either is 0 where there is none.
    """
    counted = (cells > 0) & (segments > 0)
    span = int(segments.max()) + 1
    keys, sizes = np.unique(cells[counted].astype(np.int64) * span + segments[counted], return_counts=True)
    pairs = np.stack(np.divmod(keys, span))
    order = np.argsort(sizes, kind="stable")  # a later, greater overlap overwrites a smaller one
    main_segment = np.zeros(cells.max() + 1, np.int64)
    main_cell = np.zeros(segments.max() + 1, np.int64)
    main_segment[pairs[0, order]] = pairs[1, order]
    main_cell[pairs[1, order]] = pairs[0, order]
    return pairs, sizes, main_segment, main_cell


def paint_errors(background: np.ndarray, merges: np.ndarray, splits: np.ndarray, opacity: float = 0.8) -> np.ndarray:
    """Tint merges orange, splits blue and pixels that are both purple, over a grey slice.

    Args:
        background: Grey values in 0..1, shape (Y, X).
        merges: bool, (Y, X).
        splits: bool, (Y, X).
        opacity: Of the tint, 0..1.

    Returns:
        RGB values in 0..1, shape (Y, X, 3).
    """
    painted = np.repeat(np.asarray(background, float)[..., np.newaxis], 3, axis=2)
    for marked, colour in (
        (merges & ~splits, MERGE_COLOUR),
        (splits & ~merges, SPLIT_COLOUR),
        (merges & splits, BOTH_COLOUR),
    ):
        painted[marked] = (1 - opacity) * painted[marked] + opacity * np.array(colour)
    return painted


def write_overlay(path: Path, labels: np.ndarray, probabilities: np.ndarray, scores: StackScores) -> None:
    """Draw merges and splits at the threshold of V_rand, for the worst, the middle and the best slice.

    Args:
        path: Figure to write; its suffix names the format.
        labels: (Z, Y, X), as scored: a mask, or instance numbers.
        probabilities: (Z, Y, X), as scored.
        scores: What `score_stack` returned for the two.

    Raises:
        UserError: As for `score_stack`.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    labels, probabilities = as_labels(labels), as_probabilities(probabilities)
    best = int(scores.by_threshold("v_rand").argmax())
    v_rand = scores.per_slice["v_rand"][:, best]
    ranked = np.argsort(v_rand, kind="stable")
    shown = list(dict.fromkeys(ranked[[0, len(ranked) // 2, -1]].tolist()))
    figure = Figure(figsize=(3.4 * len(shown), 7.2), layout="constrained")
    axes = figure.subplots(2, len(shown), squeeze=False)
    for column, z in enumerate(shown):
        segments = thinned_segments(probabilities[z], scores.thresholds[best])
        merges, splits = merge_and_split_masks(labels[z], segments)
        axes[0, column].imshow(probabilities[z], cmap="gray", vmin=0, vmax=1)
        axes[0, column].set_title(f"slice {z}: V_rand {v_rand[z]:.4f}", fontsize=10)
        grey = np.where(segments == 0, 0.0, np.where(labels[z] > 0, 1.0, 0.75))
        axes[1, column].imshow(paint_errors(grey, merges, splits))
    for panel in axes.ravel():
        panel.set_axis_off()
    figure.legend(
        handles=[
            Patch(color=MERGE_COLOUR, label="merged into another cell"),
            Patch(color=SPLIT_COLOUR, label="split off from its cell"),
            Patch(color=BOTH_COLOUR, label="strayed over a membrane (both)"),
            Patch(facecolor="0.75", label="no cell in the truth"),
            Patch(facecolor="black", label="border found"),
        ],
        loc="outside lower center",
        ncols=len(shown),
        frameon=False,
    )
    figure.suptitle(f"Probability, and errors at threshold {scores.thresholds[best]:.1f}", fontsize=11)
    with whole_or_absent(path) as temporary:
        figure.savefig(temporary, dpi=150)
