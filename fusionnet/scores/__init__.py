"""Scores of a segmentation against a truth: the ISBI-2012 challenge's own, and what the field uses beside them."""

from fusionnet.scores.errormaps import merge_and_split_masks, paint_errors, thinned_segments, write_overlay
from fusionnet.scores.inputs import ScoreWarning, as_labels, as_probabilities
from fusionnet.scores.instances import VolumeScores, overlap_table, score_volume
from fusionnet.scores.isbi import THRESHOLDS, StackScores, challenge_thresholds, score_stack
from fusionnet.scores.overlaps import score_segments
from fusionnet.scores.stacks import origin_of, read_truth
from fusionnet.scores.tables import metrics_of, slice_table, warping_metrics
from fusionnet.scores.thinning import components, thinned_components
from fusionnet.scores.warping import warp, warping_errors

__all__ = [
    "THRESHOLDS",
    "ScoreWarning",
    "StackScores",
    "VolumeScores",
    "as_labels",
    "as_probabilities",
    "challenge_thresholds",
    "components",
    "merge_and_split_masks",
    "metrics_of",
    "origin_of",
    "overlap_table",
    "paint_errors",
    "read_truth",
    "score_segments",
    "score_stack",
    "score_volume",
    "slice_table",
    "thinned_components",
    "thinned_segments",
    "warp",
    "warping_errors",
    "warping_metrics",
    "write_overlay",
]
