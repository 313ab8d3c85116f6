import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_results import arm_settings, cell_labels, write_results

from fusionnet.models.cost import Cost
from fusionnet.report.comparison import (
    BASELINE,
    compare,
    comparison_table,
    curves_table,
    headline_scores,
    pairs_of,
    summary,
)
from fusionnet.report.results import Replicate, baseline_metrics, read_replicates, read_scored_slices
from fusionnet.report.text import comparison_markdown, verdict_markdown

COSTS = {"fusionnet": Cost(75_034_369, 829_532_667_904), "unet": Cost(31_037_441, 384_735_117_312)}
NAMES = {"fusionnet": "FusionNet", "unet": "U-Net"}
PAIRS = [("fusionnet", "unet")]


@pytest.fixture(scope="module")
def replicates(tmp_path_factory: pytest.TempPathFactory) -> list[Replicate]:
    folder = tmp_path_factory.mktemp("report")
    labels = cell_labels(5, 64, np.random.default_rng(0), cells=8)
    job = write_results(folder / "demo", folder / "raw", labels, {"fusionnet": 0, "unet": 9}, ("0-1", "3-4"))
    return read_replicates(job, folder / "demo")


@pytest.fixture(scope="module")
def table(replicates: list[Replicate]) -> pd.DataFrame:
    raw = replicates[0].folder.parents[3] / "raw"
    baselines = {fold: baseline_metrics(read_scored_slices(fold, raw), 2.0) for fold in ("0-1", "3-4")}
    return comparison_table(replicates, COSTS, baselines)


def test_the_table_has_every_replicate_the_baseline_and_means(replicates: list[Replicate], table: pd.DataFrame) -> None:
    assert len(table) == 8 + 2 + 3
    means = table[table["fold"] == "mean"].set_index("arm")
    assert list(means.index) == ["fusionnet", "unet", BASELINE]
    for arm in ("fusionnet", "unet"):
        of_arm = [replicate for replicate in replicates if replicate.arm == arm]
        for score in ("v_rand", "v_info_split", "pixel_error"):
            assert means.loc[arm, score] == pytest.approx(np.mean([r.metrics[score] for r in of_arm]))
        assert means.loc[arm, "training_seconds"] == pytest.approx(62.0)
        assert means.loc[arm, "parameters"] == COSTS[arm].parameters
        assert means.loc[arm, "flops_per_slice"] == COSTS[arm].flops
        assert means.loc[arm, "training_device"] == "a processor, 2 threads"
    assert means.loc["fusionnet", "v_rand"] > means.loc["unet", "v_rand"]
    assert np.isnan(means.loc[BASELINE, "training_seconds"])


def test_the_table_survives_csv(table: pd.DataFrame) -> None:
    read = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    assert read["seed"].dropna().tolist() == [0, 1, 0, 1] * 2
    np.testing.assert_allclose(read["v_rand"], table["v_rand"], rtol=0, atol=1e-15)


def test_the_headline_scores_are_means_of_each_arm(replicates: list[Replicate], table: pd.DataFrame) -> None:
    means = table[table["fold"] == "mean"].set_index("arm")
    scores = headline_scores(replicates)
    assert list(scores) == ["v_rand", "v_info", "loss"]
    for arm in ("fusionnet", "unet"):
        assert scores["v_rand"][arm] == pytest.approx(means.loc[arm, "v_rand"])
        losses = [replicate.history["train_loss"].iloc[-1] for replicate in replicates if replicate.arm == arm]
        assert scores["loss"][arm] == pytest.approx(np.mean(losses))


def test_the_curves_are_those_of_every_replicate(replicates: list[Replicate]) -> None:
    curves = curves_table(replicates)
    assert list(curves)[:5] == ["arm", "fold", "seed", "epoch", "step"]
    assert len(curves) == sum(len(replicate.history) for replicate in replicates)
    one = replicates[-1]
    rows = curves[(curves["arm"] == one.arm) & (curves["fold"] == one.fold) & (curves["seed"] == one.seed)]
    assert rows["train_loss"].tolist() == one.history["train_loss"].tolist()


def test_effects_are_the_first_arm_minus_each_other(replicates: list[Replicate], table: pd.DataFrame) -> None:
    means = table[table["fold"] == "mean"].set_index("arm")
    effects = compare(replicates, PAIRS)
    assert [(e.arm, e.baseline, e.score) for e in effects] == [
        ("fusionnet", "unet", "v_rand"),
        ("fusionnet", "unet", "v_info"),
    ]
    for effect in effects:
        difference = means.loc["fusionnet", effect.score] - means.loc["unet", effect.score]
        assert effect.mean == pytest.approx(difference)
        assert effect.low < effect.mean < effect.high
        assert (effect.replicates, effect.slices) == (4, 4)
    assert compare(replicates, PAIRS) == effects


def test_the_page_shows_scores_cost_time_and_device(replicates: list[Replicate], table: pd.DataFrame) -> None:
    page = comparison_markdown(table, NAMES, compare(replicates, PAIRS))
    fusionnet = next(line for line in page.splitlines() if line.startswith("| FusionNet |"))
    values = table[(table["arm"] == "fusionnet") & (table["fold"] != "mean")]["v_rand"]
    assert f"{values.mean():.4f} ± {values.std():.4f}" in fusionnet
    assert "75.03 M | 829.5 G | 62 s | 0.75 s" in fusionnet
    assert "Each arm: mean over 4 replicates (2 folds x 2 seeds), ± standard deviation." in page
    assert "| 4 | 75.03 M" in fusionnet
    assert "a processor, 2 threads" in page
    widths = {len(line.split(" | ")) for line in page.splitlines() if line.startswith("| ") and "0-1" in line}
    assert widths == {10}


def test_the_verdict_names_what_was_scored(replicates: list[Replicate]) -> None:
    verdict = verdict_markdown(compare(replicates, PAIRS), NAMES, ["0-1", "3-4"])
    first = verdict.splitlines()[0]
    assert "V_rand: FusionNet" in first and "V_info: FusionNet" in first
    assert "4 paired trainings, 2 folds, 4 slices" in first
    assert "held-out slices of the labelled stack" in verdict
    assert "held-out" not in verdict_markdown(compare(replicates, PAIRS), NAMES, ["test"])
    assert "one arm, and so nothing to compare" in verdict_markdown([], {"unet": "U-Net"}, ["test"])


def test_arms_are_compared_with_those_of_the_same_number_of_training_slices() -> None:
    arms = ["fusionnet", "unet", "no-residual"]
    assert pairs_of({arm: arm_settings(arm) for arm in arms}) == [("fusionnet", "unet"), ("fusionnet", "no-residual")]
    arms = ["fusionnet-1-slice", "fusionnet-5-slices", "unet-1-slice", "unet-5-slices"]
    pairs = [("fusionnet-1-slice", "unet-1-slice"), ("fusionnet-5-slices", "unet-5-slices")]
    assert pairs_of({arm: arm_settings(arm) for arm in arms}) == pairs
    assert pairs_of({"fusionnet": arm_settings("fusionnet")}) == []


def test_arms_of_unlike_budgets_are_not_one_arm() -> None:
    """None is compared with another, and the verdict says why."""
    budgets = {
        arm: arm_settings(arm).model_copy(update={"training_slices": number}) for number, arm in enumerate(NAMES, 3)
    }
    assert len(budgets) > 1 and pairs_of(budgets) == []
    verdict = verdict_markdown([], NAMES, ["test"])
    assert f"The {len(NAMES)} arms were trained on different numbers of slices" in verdict and "one arm" not in verdict


def test_the_verdict_has_a_row_for_each_pair(replicates: list[Replicate]) -> None:
    names = NAMES | {"no-residual": "without residuals"}
    three = [*replicates, *(replace(r, arm="no-residual") for r in replicates if r.arm == "unet")]
    effects = compare(three, [*PAIRS, ("fusionnet", "no-residual")])
    verdict = verdict_markdown(effects, names, ["0-1", "3-4"]).splitlines()
    assert verdict[0] == verdict_markdown(compare(replicates, PAIRS), names, ["0-1", "3-4"]).splitlines()[0]
    rows = [line for line in verdict if line.startswith("| FusionNet minus")]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| FusionNet minus U-Net", "4 (2 folds)"],
        ["| FusionNet minus without residuals", "4 (2 folds)"],
    ]
    assert f"{effects[1].mean:+.4f} ({effects[1].low:+.4f} to {effects[1].high:+.4f})" in rows[1]


def test_the_summary_is_plain_json_for_dvc(replicates: list[Replicate], table: pd.DataFrame) -> None:
    effects = compare(replicates, PAIRS)
    content = summary(table, effects)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["arms"]["unet"]["parameters"] == 31_037_441
    assert content["effects"]["fusionnet minus unet"]["v_info"]["low"] == effects[1].low
    single = compare([r for r in replicates if r.fold == "0-1" and r.seed == 0], PAIRS)
    assert json.dumps(summary(table, single), allow_nan=False)
