"""A further metric is a row of the table: tables, texts, effects and figures of the report follow."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from fake_results import cell_labels, write_results

from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import METRICS, Metric, metrics_of
from fusionnet.models.cost import network_cost
from fusionnet.report.annotation import draw_annotation
from fusionnet.report.comparison import (
    compare,
    comparison_table,
    headline_scores,
    pairs_of,
    score_columns,
    summary,
)
from fusionnet.report.figures.compute import draw_compute
from fusionnet.report.figures.curves import draw_thresholds
from fusionnet.report.figures.effects import draw_effects
from fusionnet.report.figures.scores import draw_scores
from fusionnet.report.results import baseline_metrics, read_networks, read_replicates, read_scored_slices
from fusionnet.report.text import comparison_markdown, verdict_markdown
from fusionnet.style import display_names

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


def test_the_report_follows_the_table(further: None, tmp_path: Path) -> None:
    labels = cell_labels(4, 64, np.random.default_rng(0), cells=8)
    arms = ["fusionnet-1-slice", "unet-1-slice"]
    job = write_results(tmp_path / "results", tmp_path / "raw", labels, dict(zip(arms, (1, 3), strict=True)))
    replicates = read_replicates(job, tmp_path / "results")
    networks = read_networks(job, tmp_path / "results")
    costs = {arm: network_cost(network, side_pixels=64) for arm, network in networks.items()}
    baselines = {"1-2": baseline_metrics(read_scored_slices("1-2", tmp_path / "raw"), 2.0)}
    effects = compare(replicates, pairs_of(networks))
    table = comparison_table(replicates, costs, baselines)

    numbers = summary(table, effects)
    assert all({"unthinned_v_rand", "missed"} <= arm.keys() for arm in numbers["arms"].values())
    assert [list(of_pair) for of_pair in numbers["effects"].values()] == [["v_rand", "v_info", "unthinned_v_rand"]]
    page = comparison_markdown(table, display_names(arms), effects)
    assert "| arm | V_rand | V_info | V_rand, as cut | pixel error | missed | replicates |" in page
    assert "| V_rand, as cut | merge part | split part | pixel error | missed |" in page
    mean = np.mean([replicate.metrics["missed"] for replicate in replicates if replicate.arm == arms[1]])
    assert f"| {mean:.2f} ± " in page
    assert "V_rand, as cut: " in verdict_markdown(effects, display_names(arms), ["1-2"])
    assert "unthinned_v_rand" in headline_scores(replicates)

    of_folds = list(baselines.values())
    figures = [draw_scores(table), draw_thresholds(replicates, of_folds), draw_effects(effects, arms)]
    for figure in [*figures, draw_annotation(replicates, networks)]:
        titles = [axis.get_title(loc="left") for axis in figure.axes]
        assert len(titles) == 3 and "V_rand, as cut" in titles[2], titles
    assert len(draw_compute(table).axes) == 6


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
