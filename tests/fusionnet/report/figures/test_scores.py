"""Scores side by side."""

import numpy as np
from matplotlib.figure import Figure

from fusionnet.report.figures.scores import draw_scores
from fusionnet.report.results import baseline_metrics


def drawn_dots(figure: Figure, panel: int) -> list[float]:
    lines = [line for line in figure.axes[panel].lines if line.get_linestyle() == "None"]
    return sorted(float(x) for line in lines for x in np.atleast_1d(line.get_xdata()))


def test_every_replicate_is_a_dot_at_its_score(results: tuple) -> None:
    replicates, scored = results
    baseline = baseline_metrics(scored, 2.0)
    figure = draw_scores(replicates, [baseline])
    for panel, score in enumerate(("v_rand", "v_info")):
        assert drawn_dots(figure, panel) == sorted(replicate.metrics[score] for replicate in replicates)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["FusionNet", "U-Net", "mine"]


def test_a_far_baseline_is_named_at_the_margin_and_a_near_one_drawn(results: tuple) -> None:
    replicates, scored = results
    metrics = baseline_metrics(scored, 2.0)
    far = draw_scores(replicates, [metrics | {"v_rand": -9.0}]).axes[0]
    assert far.get_xlim()[0] > -9.0
    assert any("← smoothed grey values: -9.000" in text.get_text() for text in far.texts)
    near = draw_scores(replicates, [metrics | {"v_rand": min(r.metrics["v_rand"] for r in replicates)}]).axes[0]
    assert not any("←" in text.get_text() for text in near.texts)
