"""The score against the number of annotated slices."""

from pathlib import Path

import numpy as np
import pytest
from fake_results import arm_settings, cell_labels, write_results

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.report.annotation import draw_annotation, lines_of
from fusionnet.report.results import read_replicates


def test_the_annotation_curve_has_a_line_for_each_network(tmp_path: Path) -> None:
    arms = {"fusionnet-1-slice": 9, "fusionnet-5-slices": 2, "unet-1-slice": 12, "unet-5-slices": 4, "fusionnet": 1}
    job = write_results(tmp_path / "demo", tmp_path / "raw", cell_labels(3, 64, np.random.default_rng(0), 8), arms)
    replicates, networks = read_replicates(job, tmp_path / "demo"), {arm: arm_settings(arm) for arm in arms}
    assert lines_of(networks) == {
        "fusionnet": {1: "fusionnet-1-slice", 5: "fusionnet-5-slices"},
        "unet": {1: "unet-1-slice", 5: "unet-5-slices"},
    }
    axis = draw_annotation(replicates, networks).axes[0]
    means = {line.get_color(): line for line in axis.lines if line.get_marker() == "D"}
    for architecture in ("fusionnet", "unet"):
        line = means[ARCHITECTURES[architecture].colour]
        for x, y, slices in zip(line.get_xdata(), line.get_ydata(), (1, 5), strict=True):
            of_arm = [r.metrics["v_rand"] for r in replicates if r.arm.startswith(f"{architecture}-{slices}-")]
            assert x == pytest.approx(slices, rel=0.03)
            assert y == pytest.approx(np.mean(of_arm))
    assert len([line for line in axis.lines if line.get_marker() == "o"]) == 4
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "5"]
    wider = arm_settings("unet-1-slice").model_copy(update={"width": 3})
    assert set(lines_of(networks | {"wide": wider})) == {"fusionnet", "unet-1-slice", "wide"}
