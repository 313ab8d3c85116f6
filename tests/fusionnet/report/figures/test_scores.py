"""Scores side by side."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionnet.report.figures.scores import draw_scores


def drawn_dots(figure: Figure, panel: int) -> list[float]:
    lines = [line for line in figure.axes[panel].lines if line.get_linestyle() == "None"]
    return sorted(float(x) for line in lines for x in np.atleast_1d(line.get_xdata()))


def test_every_replicate_is_a_dot_at_its_score(results: tuple, table_of: Callable) -> None:
    figure = draw_scores(table_of())
    for panel, score in enumerate(("v_rand", "v_info")):
        assert drawn_dots(figure, panel) == sorted(replicate.metrics[score] for replicate in results[0])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["FusionNet", "U-Net", "mine"]
    heights = [float(line.get_ydata()[0]) for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert heights == pytest.approx([row + offset for row in range(3) for offset in np.linspace(-0.2, 0.2, 4)])


def looks(dots: list[Line2D]) -> set[tuple]:
    return {(dot.get_marker(), dot.get_fillstyle()) for dot in dots}


def test_each_fold_has_a_marker_of_its_own_however_many_they_are(table_of: Callable) -> None:
    table = table_of()
    one = table[(table["arm"] == "unet") & (table["seed"] == 0) & (table["fold"] == "0-1")]
    folds = [f"{number}-{number}" for number in range(30)]
    table = pd.concat([table[table["seed"].isna()], *(one.assign(fold=fold) for fold in folds)], ignore_index=True)
    figure = draw_scores(table)
    dots = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert len(dots) == len(looks(dots)) == len(folds)
    (legend,) = figure.legends
    assert looks(dots) == looks([key for key in legend.legend_handles if key.get_label() != "mean"])


def test_a_far_baseline_is_named_at_the_margin_and_a_near_one_drawn(results: tuple, table_of: Callable) -> None:
    far = draw_scores(table_of(v_rand=-9.0)).axes[0]
    assert far.get_xlim()[0] > -9.0
    assert any("← smoothed grey values: -9.000" in text.get_text() for text in far.texts)
    near = draw_scores(table_of(v_rand=min(r.metrics["v_rand"] for r in results[0]))).axes[0]
    assert not any("←" in text.get_text() for text in near.texts)
