"""Scores of a segmentation against a truth: the ISBI-2012 challenge's own, and what the field uses beside them."""

from fusionnet.scores.inputs import ScoreWarning
from fusionnet.scores.isbi import THRESHOLDS, StackScores, challenge_thresholds, score_stack

__all__ = [
    "THRESHOLDS",
    "ScoreWarning",
    "StackScores",
    "challenge_thresholds",
    "score_stack",
]
