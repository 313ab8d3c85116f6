"""V_rand and V_info of the ISBI-2012 challenge, exactly as its Fiji script computed them.

Foreground-restricted Rand and information scores after border thinning: Arganda-Carreras et al. 2015,
doi 10.3389/fnana.2015.00142; `docs/evaluate.md` has every rule and what happens when one is missed.
"""

from dataclasses import dataclass, field

import numpy as np

from fusionnet.evaluate.checks import as_labels, as_probabilities, warn_of_empty_slices, warn_of_swapped_polarity
from fusionnet.evaluate.counting import THRESHOLDS, count_stack
from fusionnet.evaluate.overlaps import ratio, scores_of
from fusionnet.volumes.stacks import require_same_shape


@dataclass(frozen=True)
class StackScores:
    """All scores of one stack. Arrays are per slice and threshold, (Z, T), unless said otherwise.

    ``v_rand`` and the other headline numbers are the challenge's: the mean over slices at each threshold,
    then the maximum over thresholds, the first maximum winning.
    """

    thresholds: np.ndarray
    """float64 (T,): a pixel above it, strictly, is inside a cell."""
    per_slice: dict[str, np.ndarray]
    """Name of a score or count -> (Z, T): the columns of the per-slice table, see `score_stack`."""
    sums: dict[str, np.ndarray] = field(repr=False)
    """``thinned`` and ``unthinned`` -> (Z, T, 7): the fields of `fusionnet.evaluate.overlaps.Overlap`."""

    def by_threshold(self, score: str) -> np.ndarray:
        """Return the mean over slices of a per-slice score, shape (T,)."""
        return self.per_slice[score].mean(axis=0)

    def best(self, score: str) -> tuple[float, float]:
        """Return the greatest mean over slices of a per-slice score, and the first threshold that has it."""
        means = self.by_threshold(score)
        return float(means.max()), float(self.thresholds[means.argmax()])

    @property
    def v_rand(self) -> float:
        """The challenge's V_rand."""
        return self.best("v_rand")[0]

    @property
    def v_rand_threshold(self) -> float:
        """The threshold of `v_rand`."""
        return self.best("v_rand")[1]

    @property
    def v_info(self) -> float:
        """The challenge's V_info."""
        return self.best("v_info")[0]

    @property
    def v_info_threshold(self) -> float:
        """The threshold of `v_info`."""
        return self.best("v_info")[1]

    def pooled_v_rand(self, form: str = "thinned") -> np.ndarray:
        """Return V_rand with A, B and AB summed over slices before the quotient ("micro"), shape (T,).

        Args:
            form: ``thinned`` or ``unthinned``.
        """
        _, truth, segment, common, *_ = self.sums[form].sum(axis=0).T
        return ratio(2 * common, truth + segment)

    @property
    def pixel_error_by_threshold(self) -> np.ndarray:
        """Wrong pixels / pixels, pooled over the stack, shape (T,)."""
        tp, fp, fn, tn = self._pooled_pixels()
        return (fp + fn) / (tp + fp + fn + tn)

    @property
    def pixel_f1_by_threshold(self) -> np.ndarray:
        """Pixel F-score pooled over the stack, shape (T,); precision is 1 if fp = 0, recall 1 if fn = 0."""
        tp, fp, fn, _ = self._pooled_pixels()
        precision = np.where(fp == 0, 1.0, ratio(tp, tp + fp))
        recall = np.where(fn == 0, 1.0, ratio(tp, tp + fn))
        return ratio(2 * precision * recall, precision + recall)

    @property
    def pixel_error(self) -> float:
        """The smallest pixel error over thresholds."""
        return float(self.pixel_error_by_threshold.min())

    @property
    def pixel_f1(self) -> float:
        """The greatest pixel F-score over thresholds."""
        return float(self.pixel_f1_by_threshold.max())

    def _pooled_pixels(self) -> tuple[np.ndarray, ...]:
        names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
        return tuple(self.per_slice[name].sum(axis=0) for name in names)


def score_stack(
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    instances: bool = False,
    thresholds: tuple[float, ...] = THRESHOLDS,
    threads: int | None = None,
) -> StackScores:
    """Score a probability stack as the ISBI-2012 challenge did, slice by slice.

    Per slice, with n_ij pixels in both truth cell i and segment j, a_i pixels of cell i, b_j of segment j,
    z pixels of the truth's foreground on dams, each of them a segment of its own (sums over j >= 1):

    - ``v_rand`` = 2 AB / (A + B), with AB = sum n_ij^2 + z, A = sum a_i^2, B = sum b_j^2 + z;
      ``v_rand_merge`` = AB / B, the precision: 1 without mergers; ``v_rand_split`` = AB / A, the recall: 1
      without splits.
    - ``v_info`` = 2 I / (H_A + H_B), I = H_A + H_B - H_AB, in nats; ``v_info_merge`` = I / H_A, 1
      without mergers; ``v_info_split`` = I / H_B, 1 without splits (the challenge's program calls them recall and
      precision). 0 where an entropy is below 1e-12, so a slice whose truth is one single cell
      has a V_info of 0 whatever the proposal.
    - ``unthinned_v_rand`` and so on: the same with every background pixel of the proposal a dam.
    - ``segments`` and ``dam_pixels`` of the whole slice after thinning; pixel counts ``true_positives`` ...
      (positive = inside a cell).

    Source: Arganda-Carreras et al. 2015, doi 10.3389/fnana.2015.00142; rules as in `docs/evaluate.md`.

    Args:
        labels: (Z, Y, X), > 0 inside a cell; cells are the 4-connected components of each slice.
        probabilities: (Z, Y, X), floats in 0..1 (compared as float32) or uint8 (scaled by 1/255); 1 = inside.
        instances: The labels are instance numbers: a cell is a 4-connected piece of equal number in a slice,
            so that touching cells need no membrane between them.
        thresholds: Those to try; the challenge's by default, which every published number uses.
        threads: Worker threads over slices; as many as `ThreadPoolExecutor` likes by default.

    Returns:
        Scores per slice and threshold and the challenge's headline numbers.

    Raises:
        UserError: NaN, wrong type or range, shapes differ, or no pixel of the labels is above 0.

    Warns:
        ScoreWarning: Probabilities are lower inside cells than on membranes, or a slice has no cell.
    """
    truth = as_labels(labels)
    proposal = as_probabilities(probabilities)
    require_same_shape(("labels", truth), ("probabilities", proposal))
    warn_of_empty_slices(truth > 0)
    warn_of_swapped_polarity(truth > 0, proposal)
    if not instances:
        truth = truth > 0
    counts, thinned, unthinned = count_stack(truth, proposal, thresholds, threads)
    per_slice = scores_of(thinned) | scores_of(unthinned, "unthinned_")
    names = ("segments", "dam_pixels", "true_positives", "false_positives", "false_negatives", "true_negatives")
    per_slice |= {name: counts[..., column] for column, name in enumerate(names)}
    return StackScores(np.asarray(thresholds, dtype=float), per_slice, {"thinned": thinned, "unthinned": unthinned})
