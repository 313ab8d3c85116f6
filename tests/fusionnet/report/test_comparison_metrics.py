"""A further metric is a row of the table: tables, texts, effects and figures of the report follow."""

import dataclasses
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_results import cell_labels, write_results

from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import METRICS, Metric, headlines, metrics_of
from fusionnet.report.annotation import draw_annotation
from fusionnet.report.comparison import compare, score_columns
from fusionnet.report.figures.curves import draw_thresholds
from fusionnet.report.figures.effects import draw_effects
from fusionnet.report.figures.scores import draw_scores
from fusionnet.report.results import baseline_metrics, read_networks, read_replicates, read_scored_slices

ROOT = Path(__file__).parents[3]


@pytest.fixture
def further(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third headline, and an error beside the pixel error, registered for one test."""
    unthinned = dataclasses.replace(METRICS["unthinned_v_rand"], title="V_rand, as cut", shown="headline")
    monkeypatch.setitem(METRICS, "unthinned_v_rand", unthinned)
    missed = Metric(
        "missed", "text", lambda scores: 1 - scores.pixel_f1_by_threshold, higher_is_better=False, decimals=2
    )
    monkeypatch.setitem(METRICS, "missed", missed)
    monkeypatch.chdir(ROOT)


def test_the_report_follows_the_table(further: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = cell_labels(4, 64, np.random.default_rng(0), cells=8)
    arms = {"fusionnet-1-slice": 1, "unet-1-slice": 3}
    job = write_results(tmp_path / "results", tmp_path / "raw", labels, arms, seeds=(0, 1))
    words = ["--config", job.model_dump_json(), "--results", tmp_path / "results", "--raw", tmp_path / "raw"]
    monkeypatch.setattr(sys, "argv", ["report.py", *map(str, [*words, "--report-folder", tmp_path / "report"])])
    runpy.run_path("scripts/report.py", run_name="__main__")
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    assert all({"unthinned_v_rand", "missed"} <= arm.keys() for arm in summary["arms"].values())
    assert [list(effects) for effects in summary["effects"].values()] == [list(headlines())]
    assert len(headlines()) == 3
    text = (tmp_path / "report/comparison.md").read_text()
    assert "| arm | V_rand | V_info | V_rand, as cut | pixel error | missed | replicates |" in text
    replicates = read_replicates(job, tmp_path / "results")
    mean = np.mean([r.metrics["missed"] for r in replicates if r.arm == "unet-1-slice"])
    assert f"| {mean:.2f} ± " in text
    assert "V_rand, as cut: " in (tmp_path / "report/verdict.md").read_text()

    baselines = [baseline_metrics(read_scored_slices("1-2", tmp_path / "raw"), 2.0)]
    effects = compare(replicates, [tuple(arms)])
    for figure in (
        draw_scores(replicates, baselines),
        draw_thresholds(replicates, baselines),
        draw_effects(effects, list(arms)),
        draw_annotation(replicates, read_networks(job, replicates)),
    ):
        titles = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes]
        assert len(titles) == 3 and "V_rand, as cut" in titles[2], titles


def test_a_metric_of_which_lower_is_better_is_the_least_of_its_curve(further: None) -> None:
    rng = np.random.default_rng(1)
    labels = cell_labels(2, 48, rng, cells=6)
    scores = score_stack(labels, rng.random(labels.shape).astype(np.float32))
    metrics = metrics_of(scores)
    assert metrics["missed"] == min(metrics["missed_by_threshold"]) == pytest.approx(1 - metrics["pixel_f1"])
    assert metrics["v_rand"] == max(metrics["v_rand_by_threshold"]) == scores.v_rand


def test_a_headline_is_a_score() -> None:
    with pytest.raises(ValueError, match="wrong: a headline is a per-slice score of which higher is better"):
        Metric("wrong", "headline", higher_is_better=False)


def test_every_metric_is_complete() -> None:
    docs = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)
    for name, metric in METRICS.items():
        assert metric.title and metric.decimals > 0, name
        assert f"`{name}`" in docs, f"{name}: no page of docs/ has it"
    assert score_columns()[:4] == ["v_rand", "v_rand_merge", "v_rand_split", "v_rand_threshold"]
