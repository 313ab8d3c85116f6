import json
from pathlib import Path

import pytest

from fusionnet.config.experiment import load
from fusionnet.workflow.plan import REPORTS, Plan

TWO_UNITS = {"architecture": "fusionnet", "width": 8, "chain": 2}


def plan_of(experiment: str, **overrides) -> Plan:
    return Plan(experiment, load(experiment, overrides))


def test_the_files_of_the_default_experiment_are_those_of_every_stage():
    files = plan_of("phantom").files()
    assert len(set(files)) == len(files)
    assert {path for path in files if path.startswith("data/")} == {
        *(f"data/raw/phantom/{stack}-{kind}.tif" for stack in ("train", "test") for kind in ("volume", "labels")),
        "data/augmented/phantom/volume.tif",
        "data/augmented/phantom/labels.tif",
    }
    replicate = "results/phantom/replicates/unet/test/seed-0"
    assert {Path(path).name for path in files if path.startswith(f"{replicate}/")} == {
        "checkpoint.pt",
        "history.csv",
        "training-time.json",
        "probabilities.tif",
        "deviation.tif",
        "prediction-time.json",
        "segmentation.tif",
        "linkage.tif",
        "edges.tif",
        "edges.safetensors",
        "segmentation-time.json",
        "ladder.csv",
        "metrics.json",
        "slices.csv",
    }
    report = {path for path in files if path.startswith("results/phantom/report/")}
    assert {"results/phantom/report/scores.png", "results/phantom/report/summary.json"} <= report
    assert {path for path in report if path.endswith(".png")} == set(plan_of("phantom").figures())
    assert not any("submission" in path or "bodies" in path for path in files)


def test_every_arm_fold_and_seed_is_a_replicate():
    plan = plan_of("isbi2012")
    config = plan.config
    trained = [path for path in plan.files() if path.endswith("checkpoint.pt")]
    assert len(set(trained)) == len(trained) == len(config.arms) * len(config.folds) * len(config.seeds) > 1
    assert "results/isbi2012/replicates/unet/10-14/seed-1/checkpoint.pt" in trained


def test_experiments_on_a_published_dataset_share_its_stacks():
    assert plan_of("isbi2012-ablations").raw_folder() == plan_of("isbi2012").raw_folder() == "data/raw/isbi2012"
    assert plan_of("phantom").raw_folder() == "data/raw/phantom"
    with_truth = {"download": {"test_labels": "truth.tif"}, "report": {"submission": True}}
    assert plan_of("isbi2012-submission", **with_truth).raw_folder() == "data/raw/isbi2012-submission"


def test_a_test_stack_without_labels_is_predicted_and_submitted_but_not_scored():
    plan = plan_of("isbi2012-submission")
    assert plan.scored_folds == [] and plan.reports == [] and plan.test_labels() == []
    assert plan.figures() == ["results/isbi2012-submission/report/augmentation.png"]
    files = plan.files()
    assert "results/isbi2012-submission/replicates/unet/test/seed-0/probabilities.tif" in files
    assert "results/isbi2012-submission/submission/unet.tif" in files
    assert not any(path.endswith(("metrics.json", "summary.json")) for path in files)
    assert plan.test_probabilities("unet") == [
        f"results/isbi2012-submission/replicates/unet/test/seed-{seed}/probabilities.tif" for seed in (0, 1)
    ]


def test_a_test_stack_with_labels_is_scored():
    plan = plan_of("isbi2012-submission", download={"test_labels": "truth.tif"})
    assert plan.scored_folds == ["test"] and "report" in plan.reports
    assert plan.test_labels() == ["data/raw/isbi2012-submission/test-labels.tif"]
    assert plan.scored_stack("test", "labels") in plan.stacks_reported()


def test_slices_of_the_labelled_stack_are_named_and_a_test_stack_is_taken_whole():
    plan = plan_of("isbi2012")
    assert plan.scored_stack("25-29", "volume") == "data/raw/isbi2012/train-volume.tif"
    assert plan.scored_stack("test", "volume") == "data/raw/isbi2012/test-volume.tif"
    assert plan.slices_option("25-29", "--slices") == "--slices 25-29"
    assert plan.slices_option("test", "--slices") == ""
    assert plan.stacks_reported() == [f"data/raw/isbi2012/train-{kind}.tif" for kind in ("volume", "labels")]


@pytest.mark.parametrize(
    ("experiment", "reports"),
    [
        ("phantom", ["report", "report_segmentation"]),
        ("phantom-nuclei", ["report", "report_bodies"]),
        ("annotation-budget", ["report", "report_segmentation", "report_annotation"]),
        ("isbi2012-submission", []),
    ],
)
def test_an_experiment_has_the_reports_that_it_has_something_for(experiment: str, reports: list[str]):
    plan = plan_of(experiment)
    assert plan.reports == reports
    shown = {Path(figure).stem for figure in plan.figures()}
    assert shown == {figure for name in reports for figure in REPORTS[name].figures} | {"augmentation"}


def test_bodies_are_scored_where_the_dataset_labels_nuclei():
    read = plan_of("phantom-nuclei").replicates_reported("report_bodies")
    assert {Path(path).name for path in read} == {"bodies.json", "bodies.csv"}
    assert set(read) <= set(plan_of("phantom-nuclei").files())


def test_only_arms_of_several_units_are_in_the_report_on_refinement():
    plan = plan_of("phantom", arms=["unet", "chained"], network={"chained": TWO_UNITS})
    assert plan.reports == ["report", "report_segmentation", "report_refinement"]
    assert plan.arms_of("report_refinement") == ["chained"] and plan.arms_of("report") == ["unet", "chained"]
    assert json.loads(plan.report_job("report_refinement"))["arms"] == ["chained"]
    assert not any("/unet/" in path for path in plan.replicates_reported("report_refinement"))
    assert "results/phantom/report/refinement.csv" in plan.files()


def test_what_jobs_are_given_is_the_configuration_as_json():
    plan = plan_of("phantom")
    job = json.loads(plan.training_job("unet", "test", "0"))
    assert (job["arm"], job["fold"], job["seed"]) == ("unet", "test", 0)
    assert job["network"] == plan.config.network["unet"].model_dump()
    assert json.loads(plan.section("predict")) == plan.config.predict.model_dump()
    assert json.loads(plan.download_job())["phantom"]["seed"] == plan.config.download.phantom.seed
    assert json.loads(plan_of("isbi2012").download_job())["phantom"] is None
    assert json.loads(plan.report_job("report"))["folds"] == ["test"]
