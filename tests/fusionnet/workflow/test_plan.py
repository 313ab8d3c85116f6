import json
from pathlib import Path

import pytest
from small_project import ROOT

from fusionnet.config.experiment import EXPERIMENTS, load
from fusionnet.errors import UserError
from fusionnet.workflow.asked import asked_for, load_plans, targets_of
from fusionnet.workflow.plan import REPORTS, Plan

UNET = {"architecture": "unet", "width": 2}
LABELLED = {"dataset": "files", "volume": "v.tif", "labels": "l.tif"}
TWO_UNITS = {"architecture": "fusionnet", "width": 8, "chain": 2}


def plan_of(experiment: str, **overrides) -> Plan:
    return Plan(experiment, load(experiment, overrides))


@pytest.fixture
def overlays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of overlays of a project of its own, with the base and the overlay of the default experiment."""
    folder = tmp_path / EXPERIMENTS
    folder.mkdir(parents=True)
    (tmp_path / "config/config.yaml").write_text((ROOT / "config/config.yaml").read_text())
    (folder / "phantom.yaml").write_text("train: {}\n")
    monkeypatch.chdir(tmp_path)
    return folder


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


def test_a_faulty_overlay_stops_its_own_experiment_alone(overlays: Path):
    (overlays / "faulty.yaml").write_text("train: {epoch: 3}\n")
    plans, faults = load_plans({})
    assert set(plans) == {"phantom"} and set(faults) == {"faulty"}
    assert "unknown key 'train.epoch' (did you mean 'epochs'?)" in str(faults["faulty"])


def test_a_test_fold_needs_a_test_stack(overlays: Path):
    (overlays / "mine.yaml").write_text(json.dumps({"download": LABELLED, "folds": ["test"]}))
    (overlays / "ours.yaml").write_text(json.dumps({"download": LABELLED, "folds": ["3-4"]}))
    plans, faults = load_plans({})
    assert set(plans) == {"ours", "phantom"}
    assert isinstance(faults["mine"], UserError)
    assert str(faults["mine"]).startswith("config/experiments/mine.yaml: fold 'test' is a test stack")


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"folds": ["3-4"], "report": {"submission": True}}, "add 'test' to `folds`"),
        ({"folds": ["3-4"], "arms": ["unet", "U-Net"], "network": {"U-Net": UNET}}, "arms 'unet' and 'U-Net' look"),
        ({"folds": ["3-4"], "arms": ["a_b", "AB"], "network": {"a_b": UNET, "AB": UNET}}, "arms 'a_b' and 'AB' look"),
    ],
)
def test_what_cannot_be_reported_is_refused_before_anything_runs(overlays: Path, overlay: dict, message: str):
    (overlays / "mine.yaml").write_text(json.dumps({"download": LABELLED, **overlay}))
    assert message in str(load_plans({})[1]["mine"])


def test_overrides_win_over_every_overlay(overlays: Path):
    (overlays / "phantom.yaml").write_text("seeds: [1]\n")
    plans, _ = load_plans({"seeds": [7]})
    assert plans["phantom"].config.seeds == [7]


@pytest.mark.parametrize(
    ("line", "targets"),
    [
        ("", []),
        ("--cores 1 --config note=phantom", []),
        ("--dry-run -- isbi2012", ["isbi2012"]),
        ("isbi2012 --cores 2 --resources gpu=1", ["isbi2012"]),
        ("--force --allowed-rules train -- results/a/b.pt", ["results/a/b.pt"]),
        ("--target-jobs train:experiment=isbi2012,arm=unet --cores 1 --mode subprocess", ["isbi2012", "unet"]),
    ],
)
def test_targets_are_read_as_snakemake_reads_them(line: str, targets: list[str]):
    assert targets_of(line.split()) == targets


@pytest.mark.parametrize(
    ("targets", "experiments"),
    [
        ([], {"phantom"}),
        (["all", "isbi2012"], {"phantom", "isbi2012"}),
        (["figures"], {"phantom"}),
        (["results/isbi2012/report/summary.json"], {"isbi2012"}),
        (["data/augmented/nucmm-z/volume.tif"], {"nucmm-z"}),
        (["results/isbi2012-old/report/summary.json"], set()),
    ],
)
def test_targets_name_the_experiments_that_they_belong_to(targets: list[str], experiments: set[str]):
    assert asked_for(targets) == experiments
