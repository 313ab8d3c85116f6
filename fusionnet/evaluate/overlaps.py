"""Overlap of a truth with a segmentation, reduced to the sums that Rand and information scores need."""

from typing import NamedTuple

import numpy as np

NEGLIGIBLE_ENTROPY = 1e-12  # nats; below it the challenge gave an information score of 0


class Overlap(NamedTuple):
    """Sums over the n truth-foreground pixels of one slice (or volume).

    Notation: n_ij pixels in cell i and segment j; a_i pixels of cell i; b_j of segment j; z pixels on dams,
    each of which counts as a segment of its own.
    """

    n: float
    """Pixels that count."""
    truth_pairs: float
    """A = sum of a_i squared (a_i includes dam pixels)."""
    segment_pairs: float
    """B = sum of b_j squared, plus z."""
    common_pairs: float
    """AB = sum of n_ij squared, plus z."""
    truth_entropy: float
    """H_A in nats."""
    segment_entropy: float
    """H_B in nats."""
    joint_entropy: float
    """H_AB in nats."""


def sort_by_cell(truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort the foreground positions of a flat truth by cell, for `count_overlap`.

    Args:
        truth: Flat integers 0..C; 0 does not count.

    Returns:
        ``(pixels, starts)``: int64 positions, cell after cell, and where each cell begins (C + 1 entries).
    """
    order = np.argsort(truth, kind="stable")
    bounds = np.cumsum(np.bincount(truth))
    return order[bounds[0] :], bounds - bounds[0]


def ratio(part: np.ndarray | float, whole: np.ndarray | float, least: float = 0.0) -> np.ndarray:
    """Return part / whole, and 0 wherever the whole is not above ``least``."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > least)


def scores_of(sums: np.ndarray, prefix: str = "") -> dict[str, np.ndarray]:
    """Turn the sums of an `Overlap` into V_rand and V_info with their merge and split parts.

    Formulas: see `fusionnet.evaluate.isbi.score_stack`. A score is 0 where nothing counts.

    Args:
        sums: The fields of an `Overlap` along the last axis.
        prefix: Put before each name.

    Returns:
        ``v_rand``, ``v_rand_merge``, ``v_rand_split``, ``v_info``, ``v_info_merge`` and ``v_info_split``, each of
        the shape of ``sums`` without its last axis.
    """
    _, truth, segment, common, truth_entropy, segment_entropy, joint_entropy = np.moveaxis(sums, -1, 0)
    least = np.minimum(truth_entropy, segment_entropy)
    # I lies between 0 and either entropy; rounding must not push a score past its bounds
    information = np.clip(truth_entropy + segment_entropy - joint_entropy, 0, np.maximum(least, 0))
    information = np.where(least >= NEGLIGIBLE_ENTROPY, information, 0.0)
    return {
        f"{prefix}v_rand": ratio(2 * common, truth + segment),
        f"{prefix}v_rand_merge": ratio(common, segment),
        f"{prefix}v_rand_split": ratio(common, truth),
        f"{prefix}v_info": ratio(2 * information, truth_entropy + segment_entropy),
        f"{prefix}v_info_merge": ratio(information, truth_entropy),
        f"{prefix}v_info_split": ratio(information, segment_entropy),
    }
