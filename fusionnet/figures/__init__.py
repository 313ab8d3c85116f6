"""The report's figures."""

from fusionnet.figures.compute import draw_compute
from fusionnet.figures.curves import draw_thresholds, draw_training
from fusionnet.figures.effects import draw_effects
from fusionnet.figures.scores import draw_scores
from fusionnet.figures.segmentations import draw_segmentations
from fusionnet.figures.style import display_names, save_figure

__all__ = [
    "display_names",
    "draw_compute",
    "draw_effects",
    "draw_scores",
    "draw_segmentations",
    "draw_thresholds",
    "draw_training",
    "save_figure",
]
