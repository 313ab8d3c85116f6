"""Scores over what they cost."""

from collections.abc import Callable

import numpy as np
import pytest

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.report.figures.compute import draw_compute


def test_every_replicate_and_every_mean_stands_over_its_cost(results: tuple, table_of: Callable) -> None:
    replicates = results[0]
    operations = {"fusionnet": 100, "unet": 20, "mine": 50}
    figure = draw_compute(table_of())
    drawn = sorted(
        (x, y)
        for line in figure.axes[0].lines
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    )
    expected = sorted((operations[r.arm], r.metrics["v_rand"]) for r in replicates)
    np.testing.assert_allclose(drawn, expected)
    minutes = [x for line in figure.axes[3].lines if line.get_marker() == "o" for x in line.get_xdata()]
    assert sorted(minutes) == sorted(r.training["training_seconds"] / 60 for r in replicates)
    means = {line.get_color(): line for line in figure.axes[0].lines if line.get_marker() == "D"}
    of_unet = [r.metrics["v_rand"] for r in replicates if r.arm == "unet"]
    assert float(means[ARCHITECTURES["unet"].colour].get_ydata()[0]) == pytest.approx(np.mean(of_unet))
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["FusionNet", "U-Net", "mine", "one replicate"]
