"""Curves: what is drawn is what the replicates have, and equal input gives equal bytes."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from fusionnet.report.figures.curves import LEAST_DISTANCE, draw_thresholds, draw_training
from fusionnet.report.results import Replicate, baseline_metrics
from fusionnet.style import save_figure


def test_the_marked_maximum_is_the_score_of_a_single_replicate(results: tuple) -> None:
    replicates, scored = results
    figure = draw_thresholds(replicates[:1], [baseline_metrics(scored, 2.0)])
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    network = marks[-1]
    assert float(network.get_xdata()[0]) == pytest.approx(replicates[0].metrics["v_rand_threshold"])
    assert float(network.get_ydata()[0]) == pytest.approx(min(replicates[0].metrics["v_rand"], 1 - LEAST_DISTANCE))


def test_training_curves_skip_epochs_that_were_not_validated(results: tuple) -> None:
    replicates, _ = results
    figure = draw_training(replicates[:1])
    train, *validation = (axis.lines[0] for axis in figure.axes)
    assert list(train.get_xdata()) == list(range(1, 13))
    assert [list(line.get_xdata()) for line in validation] == [[2, 4, 6, 8, 10, 12]] * 2


def test_training_without_validation_slices_is_drawn(results: tuple, tmp_path: Path) -> None:
    replicate = results[0][0]
    history = replicate.history.assign(validation_loss=np.nan, validation_v_rand=np.nan)
    unvalidated = Replicate(**{**replicate.__dict__, "history": history})
    save_figure(draw_training([unvalidated]), tmp_path / "training.png")


def test_equal_input_gives_equal_bytes_whatever_the_persons_settings(results: tuple, tmp_path: Path) -> None:
    replicates, scored = results
    baselines = [baseline_metrics(scored, 2.0)]
    save_figure(draw_thresholds(replicates, baselines), tmp_path / "first.png")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "savefig.dpi": 20}):
        save_figure(draw_thresholds(replicates, baselines), tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as image:
        assert image.width == 1350
        assert "Software" not in image.info
