import json
from pathlib import Path

import pytest
from small_project import ROOT

from fusionnet.config.experiment import EXPERIMENTS
from fusionnet.errors import UserError
from fusionnet.workflow.plans import asked_for, load_plans, plans_by_stacks, targets_of

UNET = {"architecture": "unet", "width": 2}
LABELLED = {"dataset": "files", "volume": "v.tif", "labels": "l.tif"}


@pytest.fixture
def overlays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of overlays of a project of its own, with the base and the overlay of the default experiment."""
    folder = tmp_path / EXPERIMENTS
    folder.mkdir(parents=True)
    (tmp_path / "config/config.yaml").write_text((ROOT / "config/config.yaml").read_text())
    (folder / "phantom.yaml").write_text("train: {}\n")
    monkeypatch.chdir(tmp_path)
    return folder


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


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        (["0-4", "3-7"], "folds '0-4' and '3-7' both have slice 3; expected each slice in one fold at most"),
        (["8-11", "test", "0-9", "12-12"], "folds '0-9' and '8-11' both have slice 8;"),
        (["12-13", "10-19"], "folds '10-19' and '12-13' both have slice 12;"),
    ],
)
def test_folds_that_share_a_slice_are_refused(overlays: Path, folds: list[str], message: str):
    """The verdict would count the slice twice, as if two blocks of tissue had said the same."""
    (overlays / "mine.yaml").write_text(json.dumps({"download": {**LABELLED, "test_volume": "t.tif"}, "folds": folds}))
    assert f"config/experiments/mine.yaml: {message}" in str(load_plans({})[1]["mine"])
    assert "change one of them" in str(load_plans({})[1]["mine"])


def test_folds_that_touch_are_not(overlays: Path):
    mine = {"download": {**LABELLED, "test_volume": "t.tif"}, "folds": ["5-9", "0-4", "10-10", "test"]}
    (overlays / "mine.yaml").write_text(json.dumps(mine))
    assert load_plans({})[1] == {}


def on_isbi2012(overlays: Path, **mirrors: str | None) -> None:
    for name, mirror in mirrors.items():
        (overlays / f"{name}.yaml").write_text(json.dumps({"download": {"dataset": "isbi2012", "mirror": mirror}}))


@pytest.mark.parametrize("named", ["first", "second", "third"])
def test_stacks_that_experiments_share_come_from_the_mirror_that_one_names(overlays: Path, named: str):
    on_isbi2012(overlays, **{"first": None, "second": None, "third": None, named: "disk"})
    plans, faults = load_plans({})
    by_stacks = plans_by_stacks(plans)
    assert by_stacks["isbi2012"].config.download.mirror == "disk" and faults == {}
    assert set(by_stacks) == {"isbi2012", "phantom"}


def test_a_mirror_may_be_named_twice(overlays: Path):
    on_isbi2012(overlays, first="disk", second="disk")
    assert load_plans({})[1] == {}


def test_two_mirrors_of_one_dataset_are_refused(overlays: Path):
    on_isbi2012(overlays, first="disk", second="share", third=None)
    plans, faults = load_plans({})
    assert set(plans) == {"phantom"} and set(faults) == {"first", "second", "third"}
    assert str(faults["third"]).startswith(
        "config/experiments: data/raw/isbi2012 is fetched once for first, second, third"
    )
    assert "'disk' in first.yaml and 'share' in second.yaml; expected one folder" in str(faults["first"])


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
