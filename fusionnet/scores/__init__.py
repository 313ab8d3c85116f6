"""Scores of a segmentation against a truth: the ISBI-2012 challenge's own, and what the field uses beside them."""

from fusionnet.scores.errormaps import merge_and_split_masks, paint_errors, thinned_segments, write_overlay
from fusionnet.scores.inputs import ScoreWarning, as_labels, as_probabilities
from fusionnet.scores.isbi import THRESHOLDS, StackScores, challenge_thresholds, score_stack
from fusionnet.scores.overlaps import score_segments
from fusionnet.scores.tables import metrics_of, origin_of, slice_table
from fusionnet.scores.thinning import components, thinned_components
from fusionnet.scores.warping import warp, warping_errors

__all__ = [
    "THRESHOLDS",
    "ScoreWarning",
    "StackScores",
    "as_labels",
    "as_probabilities",
    "challenge_thresholds",
    "components",
    "merge_and_split_masks",
    "metrics_of",
    "origin_of",
    "paint_errors",
    "score_segments",
    "score_stack",
    "slice_table",
    "thinned_components",
    "thinned_segments",
    "warp",
    "warping_errors",
    "write_overlay",
]
