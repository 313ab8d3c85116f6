"""Numbers of measurements in the pages are those of the committed results and tables that they come from."""

import csv
import json
import re
from pathlib import Path
from statistics import mean

import pandas as pd
import pytest
import torch
from committed_scores import interval_of, scores_by_arm
from pages import page

from fusionnet.config.experiment import load
from fusionnet.models.pretrained import find, load_checkpoint, load_trained, names
from fusionnet.train.folds import fewer_slices, make_fold
from workflow.fill_pages import filled, hardest_slices

ROOT = Path(__file__).parents[1]
SCORES = ("v_rand", "v_info")
NETWORKS = ("fusionnet", "unet")
WAYS = ("threshold", "edges_beside")


def replicates_of_config(experiment: str) -> int:
    config = load(experiment)
    return len(config.arms) * len(config.folds) * len(config.seeds)


@pytest.mark.parametrize("name", ["README.md", "docs/results.md", "docs/segment.md"])
def test_the_tables_of_the_pages_are_those_of_the_committed_reports(name: str, monkeypatch: pytest.MonkeyPatch):
    """`make pages` would change nothing."""
    monkeypatch.chdir(ROOT)
    text = Path(name).read_text()
    assert "<!-- isbi2012: " in text and filled(text) == text


def test_the_hardest_slice_of_isbi2012():
    scores: dict[int, list[float]] = {}
    for path in (ROOT / "results/isbi2012/replicates").glob("*/*/*/ladder.csv"):
        with path.open() as file:
            for row in csv.DictReader(file):
                if row["rung"] == "threshold":
                    z = int(path.parts[-3].split("-")[0]) + int(row["slice"])
                    scores.setdefault(z, []).append(float(row["v_rand"]))
    assert sorted(scores) == list(range(30)) and {len(found) for found in scores.values()} == {36 // 6}
    ranking = sorted(scores, key=lambda z: mean(scores[z]))
    for z in ranking[:6]:
        assert f"| {z} | {mean(scores[z]):.4f} |" in page("docs/results.md")
    assert ranking[:3] == [18, 20, 24]


def test_what_an_earlier_configuration_left_is_on_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("config").symlink_to(ROOT / "config")
    ladders = [*(ROOT / "results/isbi2012/replicates").glob("*/*/seed-[01]/ladder.csv")]
    for ladder in ladders:
        copy = Path(ladder.relative_to(ROOT))
        copy.parent.mkdir(parents=True)
        copy.write_bytes(ladder.read_bytes())
    before = hardest_slices(Path("results/isbi2012"))
    left = Path("results/isbi2012/replicates/unet/0-4/seed-2")
    left.mkdir()
    table = pd.read_csv(ladders[0])
    table.assign(v_rand=0.0).to_csv(left / "ladder.csv")
    assert hardest_slices(Path("results/isbi2012")) == before


def test_the_thresholds_that_prediction_advises():
    """docs/predict.md, from the committed scores of isbi2012."""
    found = [json.loads(file.read_text()) for file in ROOT.glob("results/isbi2012/replicates/*/*/*/metrics.json")]
    high = [scores for scores in found if round(scores["v_rand_threshold"], 1) in (0.8, 0.9)]
    assert len(found) == replicates_of_config("isbi2012") and len(high) > len(found) / 2
    curves = [
        json.loads(file.read_text())["v_rand_by_threshold"]
        for file in ROOT.glob("results/isbi2012/replicates/fusionnet/*/*/metrics.json")
    ]
    means = [mean(column) for column in zip(*curves, strict=True)]
    assert f"FusionNet's mean V_rand {means[5]:.2f} instead of {max(means):.2f}" in page("docs/predict.md")


def test_nuclei_and_bodies_are_those_of_the_committed_report():
    rows = re.findall(
        r"^\| (FusionNet|U-Net) \| (.*) \|$", (ROOT / "results/phantom-nuclei/report/bodies.md").read_text(), re.M
    )
    written = page("docs/results.md")
    for name, cells in rows[:2]:
        dice, iou, _, _, f1, true, found, matched = cells.split(" | ")
        counts = " | ".join(f"{float(count):.0f}" for count in (true, found, matched))
        assert f"| {name} | {dice} | {iou} | {f1} | {counts} |" in written
        assert f"{float(dice):.2f}" == "0.80" and f"{float(f1):.2f}" == "0.21"
    assert "Dice 0.80 for both; FusionNet matches 7 of 12 nuclei and U-Net 8" in page("docs/nuclei.md")
    assert "they find 55 and 63 bodies (F1 0.21 for both)" in page("docs/nuclei.md")


def test_what_the_committed_experiments_trained():
    for name, steps in {"isbi2012": 800, "isbi2012-ablations": 800, "annotation-budget": 400}.items():
        settings = load(name)
        assert settings.train.steps == steps, name
        assert (settings.train.batch_size, settings.augment.crop_pixels) == (4, 192)
    assert "width 8 and 800 steps of 4 crops of 192 x 192 unless stated otherwise" in page("docs/results.md")
    assert "slices 12–16 and 3–7, which lie in the blocks 0–4, 5–9, 10–14 and 15–19" in page("docs/train.md")
    assert load("isbi2012").folds == ["0-4", "5-9", "10-14", "15-19", "20-24", "25-29"]


def replicates_of(experiment: str) -> list[dict[str, str]]:
    """Return the rows of an experiment's table that are a training's."""
    with (ROOT / f"results/{experiment}/report/comparison.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["seed"].isdigit() and row["training_seconds"]]


def test_the_trainings_of_isbi2012():
    rows = replicates_of("isbi2012")
    assert len(rows) == replicates_of_config("isbi2012")
    minutes = sum(float(row["training_seconds"]) for row in rows) / 60
    assert f"{len(rows)} trainings of 800 steps took {minutes:.0f} minutes" in page("docs/results.md")
    unet = [float(row["training_seconds"]) / 60 for row in rows if row["arm"] == "unet"]
    assert f"one network took from {min(unet):.1f} to {max(unet):.1f} minutes" in page("docs/results.md")
    names = {"fusionnet": "FusionNet", "unet": "U-Net", "unet-matched": "U-Net of equal parameters"}
    for arm, name in names.items():
        scores = [float(row["v_rand"]) for row in rows if row["arm"] == arm]
        assert f"| {name} | {min(scores):.4f}, {max(scores):.4f} |" in page("docs/results.md")
    seconds = min(float(row["prediction_seconds_per_slice"]) for row in rows if row["arm"] == "fusionnet")
    hours = 1e9 / 512**2 * seconds / 3600
    assert f"takes {seconds:.1f} seconds for a slice of 512²" in page("docs/predict.md")
    assert f"{hours:.1f} hours for 10⁹ voxels" in page("docs/predict.md")


def test_what_the_annotation_budget_tells():
    """The sentences below its table; which slices a seed draws is of the fold."""
    text = page("docs/results.md")
    ways = {rung: scores_by_arm("annotation-budget", rung, "v_rand").loc["25-29"] for rung in WAYS}
    config = load("annotation-budget")
    fold = make_fold("25-29", 30, config.split)
    for seed, slices in ((0, [15]), (1, [10])):
        assert fewer_slices(fold, 1, seed).train == slices
        both = " and ".join(f"{ways['threshold'].loc[seed, f'{arm}-1-slice']:.2f}" for arm in NETWORKS)
        assert re.search(rf"slice {slices[0]} alone (gives V_rand )?{both}", text, re.I)
    for rung, least in zip(WAYS, (0.92, 0.96), strict=True):
        many = [f"{arm}-{count}-slices" for arm in NETWORKS for count in (10, 20)]
        assert ways[rung][many].min(axis=None) > least
        assert " and ".join(f"{ways[rung][f'{arm}-5-slices'].mean():.3f}" for arm in NETWORKS) in text
    effects = json.loads((ROOT / "results/annotation-budget/report/summary.json").read_text())["effects"]
    assert len(effects) == 5
    for scores in effects.values():
        assert all(scores[score]["low"] < 0 < scores[score]["high"] and scores[score]["mean"] < 0 for score in SCORES)
    gains = {arm: ways["edges_beside"][[f"{arm}-10-slices", f"{arm}-20-slices"]] for arm in NETWORKS}
    apart = {arm: found.iloc[:, 1].min() > found.iloc[:, 0].max() for arm, found in gains.items()}
    assert apart == {"fusionnet": True, "unet": False}
    assert "({:.4f} to {:.4f} in the mean)".format(*gains["fusionnet"].mean()) in text


def test_what_one_and_two_annotated_slices_tell():
    text = page("docs/results.md")
    threshold, linked, learned = (
        scores_by_arm("annotation-budget", rung, "v_rand").loc["25-29"]
        for rung in ("threshold", "linkage", "edges_beside")
    )
    for arm, sentence in (("fusionnet", "higher means for FusionNet ({}),"), ("unet", "as high ones for U-Net ({})")):
        few = [f"{arm}-1-slice", f"{arm}-2-slices"]
        means = (" and ".join(f"{way[budget].mean():.3f}" for budget in few) for way in (linked, learned))
        assert sentence.format(" against ".join(means)) in text
    few = ["fusionnet-1-slice", "fusionnet-2-slices"]
    gains = linked[few] - learned[few]
    assert (gains.loc[1] > 0.07).all() and (gains.drop(1) < 0.002).all(axis=None), "one draw makes it"
    five = " and ".join(f"{linked[f'{arm}-5-slices'].mean():.3f}" for arm in NETWORKS)
    assert f"by learned edges, and {five} by linkage" in text
    third = " and ".join(f"{threshold.loc[2, f'{arm}-1-slice']:.2f}" for arm in NETWORKS)
    assert f"the third draw {third}" in text


def test_what_half_the_resolution_costs():
    report = ROOT / "results/isbi2012-half/report"
    summary = json.loads((report / "summary.json").read_text())
    rand = {arm: scores["v_rand"] for arm, scores in summary["effects"].items()}
    half = rand["unet minus unet-half"]
    assert len(rand) == 4 and min(rand.values(), key=lambda found: found["high"] - found["low"]) == half
    assert all(found["low"] < 0 < found["high"] for scores in summary["effects"].values() for found in scores.values())
    assert f"contains 0 ({half['low']:+.4f} to {half['high']:+.4f})" in page("docs/results.md")
    means = {arm: scores["v_rand"] for arm, scores in summary["arms"].items()}
    assert abs(means["fusionnet"] - means["fusionnet-half"]) < abs(half["mean"])
    threshold, edges = (scores_by_arm("isbi2012-half", rung, "v_rand") for rung in WAYS)
    assert (threshold["unet-half-z"] < threshold["unet-half"]).all()
    of_arm = edges.mean()
    assert (of_arm.idxmax(), of_arm.idxmin()) == ("unet", "unet-half") and of_arm["unet-half-z"] > of_arm["unet-half"]
    apart = edges["unet"] - edges["unet-half"]
    assert apart.drop("20-24").mean() < 0 < apart["20-24", 0]
    low, high = interval_of(apart)
    assert low < 0 < high


def test_what_the_ablations_tell():
    text = page("docs/results.md")
    summary = json.loads((ROOT / "results/isbi2012-ablations/report/summary.json").read_text())
    arms, effects = summary["arms"], summary["effects"]
    assert len(effects) == 4
    for scores in effects.values():
        assert all(scores[score]["low"] < 0 < scores[score]["high"] for score in SCORES)
    skips = effects["fusionnet minus concat-skips"]["v_rand"]
    assert f"give {skips['mean']:+.4f} of V_rand, and the interval ends at {skips['high']:+.4f};" in text
    report = (ROOT / "results/isbi2012-ablations/report/comparison.md").read_text()
    found = [float(cell) for cell in re.findall(r"\| V_rand \|.*\| ([\d.]+) \| \d+ folds \|", report)]
    assert f"difference of V_rand of {min(found):.3f} at the least (the skips) and {max(found):.3f} at the most" in text
    for score in SCORES:
        by_edges = scores_by_arm("isbi2012-ablations", "edges_beside", score)
        assert by_edges.mean().idxmax() == "concat-skips"
        ends = [interval_of(by_edges["fusionnet"] - by_edges[arm]) for arm in by_edges.columns.drop("fusionnet")]
        assert len(ends) == 4 and all(low < 0 < high for low, high in ends)
    chain = arms.pop("fusionnet-chain2")
    of_networks = [scores for arm, scores in arms.items() if arm in load("isbi2012-ablations").arms]
    assert all(chain[score] > max(other[score] for other in of_networks) for score in SCORES)
    assert chain["pixel_error"] < min(other["pixel_error"] for other in of_networks)
    units = pd.read_csv(ROOT / "results/isbi2012-ablations/report/refinement.csv").set_index(["unit", "fold"])
    gains = units.loc[2][list(SCORES)] - units.loc[1][list(SCORES)]
    assert len(gains) == 3 and (gains > 0).all(axis=None)
    assert "{:+.4f} and {:+.4f}".format(*gains.mean()) in text


def test_the_keys_of_the_scores_are_in_their_file():
    listed = page("docs/evaluate.md").partition("The JSON has ")[2].partition("and all of them by threshold")[0]
    names = re.findall(r"`(\w+)`", listed)
    scores = json.loads(next(ROOT.glob("results/isbi2012/replicates/*/*/*/metrics.json")).read_text())
    assert len(names) == 8
    for name in names:
        assert name in scores and f"{name}_by_threshold" in scores
    assert "0, 0.1, 0.2, 0.30000000000000004, ... 0.9999999999999999" in page("docs/evaluate.md")
    assert [scores["thresholds"][place] for place in (0, 1, 2, 3, -1)] == [
        0,
        0.1,
        0.2,
        0.30000000000000004,
        0.9999999999999999,
    ]


@pytest.mark.parametrize("name", names())
def test_the_card_of_a_published_network_has_its_replicates_scores(name: str):
    """One of each arm of isbi2012, chosen by its validation slices alone."""
    card, arm = page(f"fusionnet/models/weights/{name}.md"), name.removesuffix("-isbi2012")
    replicates = ROOT / f"results/isbi2012/replicates/{arm}/25-29"
    last = {}
    for seed in ("seed-0", "seed-1"):
        with (replicates / seed / "history.csv").open() as file:
            last[seed] = float(list(csv.DictReader(file))[-1]["validation_v_rand"])
    chosen = max(last, key=last.__getitem__)
    listed = ", ".join(f"{arm}/25-29/{seed} {score:.5f}" for seed, score in last.items())
    assert f"| chosen | {arm}/25-29/{chosen}, by V_rand on the validation slices ({listed}) |" in card
    scores = json.loads((replicates / chosen / "metrics.json").read_text())
    score = f"V_rand {scores['v_rand']:.4f} (at {scores['v_rand_threshold']:.1f}), V_info {scores['v_info']:.4f}"
    assert f"| score on slices 25-29 | {score}; orientations: 8 |" in card
    if arm == "fusionnet":
        example = (ROOT / "examples/predict_a_stack.py").read_text()
        assert "at this one it scored best" in example and f"THRESHOLD = {scores['v_rand_threshold']:.1f} " in example


def test_a_network_of_each_arm_of_isbi2012_comes_with_the_package():
    """With the weights of its replicate, where DVC has brought that one."""
    assert names() == sorted(f"{arm}-isbi2012" for arm in load("isbi2012").arms)
    for name in names():
        network, job, _ = load_trained(find(name))
        checkpoint = ROOT / f"results/isbi2012/replicates/{job.arm}/{job.fold}/seed-{job.seed}/checkpoint.pt"
        if checkpoint.is_file():
            trained = load_checkpoint(checkpoint)[0].state_dict()
            assert all(torch.equal(tensor, trained[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize(("experiment", "arms"), [("isbi2012-half", NETWORKS), ("isbi2012-ablations", ["fusionnet"])])
def test_arms_of_two_experiments_that_are_the_same_have_the_same_scores(experiment: str, arms: list[str]):
    """They were trained again, beside other work."""
    replicates = ROOT / f"results/{experiment}/replicates"
    again = [path for arm in arms for path in replicates.glob(f"{arm}/*/*/metrics.json")]
    for path in again:
        first = json.loads((ROOT / "results/isbi2012" / path.relative_to(ROOT / "results" / experiment)).read_text())
        assert {**json.loads(path.read_text()), "provenance": None} == {**first, "provenance": None}
    assert len(again) == 3 * len(arms)
