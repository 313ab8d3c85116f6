import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionnet.config.experiment import load
from fusionnet.errors import UserError
from fusionnet.files import write_json, write_text
from fusionnet.models.build import build
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.volumes.stacks import write_volume
from fusionnet.workflow.code import project_files
from fusionnet.workflow.plan import Plan
from fusionnet.workflow.repro_record import read_record
from fusionnet.workflow.verify import (
    SCRIPTS,
    TOLERANCE,
    files_recorded,
    make_record,
    only,
    paths_recorded,
    verdict,
)

ROOT = Path(__file__).parents[3]


FOLDER = "results/phantom/replicates/unet/test/seed-0"
PORTABLE = {
    **{"kind": "portable", "precision": "float32", "threads": 2},
    **{"architecture": "x86_64", "aten": "AVX2", "mkl": "COMPATIBLE"},
}


def write_metrics(folder: Path, v_rand: float, code: str) -> None:
    write_json(folder / "metrics.json", {"v_rand": v_rand, "v_info": 0.95, "provenance": {"code": code}})


@pytest.fixture
def experiment(tmp_path, monkeypatch, training_job):
    """A checkout with made-up results of the default experiment, and a function that records it."""
    monkeypatch.chdir(ROOT)
    config = load("phantom", {"arms": ["unet"]})
    for name in {file for script in SCRIPTS for file in project_files(f"scripts/{script}.py")}:
        write_text(tmp_path / name, (ROOT / name).read_text())
    stack = np.arange(2 * 8 * 9, dtype=np.uint8).reshape(2, 8, 9)
    for name in ("raw/phantom/train-volume", "augmented/phantom/volume", "augmented/phantom/labels"):
        write_volume(tmp_path / f"data/{name}.tif", stack, {})
    job = training_job()
    folder = tmp_path / "results/phantom/replicates/unet/test/seed-0"
    network = build(job.network, torch.Generator().manual_seed(0))
    save_checkpoint(folder / "checkpoint.pt", network, job, {"code": "a"})
    write_volume(folder / "probabilities.tif", stack.astype(np.float32) / 255, {"code": "a"})
    write_volume(folder / "segmentation.tif", stack, {"code": "a"})
    write_text(folder / "history.csv", "epoch\n1\n")
    write_text(folder / "ladder.csv", "rung\nthreshold\n")
    write_metrics(folder, 0.9, "a")
    write_json(folder / "training-time.json", {"device": "CPU", "arithmetic": PORTABLE, "seconds": 3.2})
    return tmp_path, folder, (network, job, stack), lambda: make_record("phantom", config, tmp_path)


def test_record_survives_json_and_is_met_by_itself(experiment):
    record = json.loads(json.dumps(experiment[-1]()))
    assert verdict(record, experiment[-1]()) == (True, "same: every file has the recorded bytes")


def test_other_provenance_with_the_same_numbers_is_the_same(experiment):
    root, folder, (network, job, stack), record = experiment
    before = record()
    with (root / "fusionnet/files.py").open("a") as file:
        file.write("# a comment\n")
    save_checkpoint(folder / "checkpoint.pt", network, job, {"code": "b"})
    write_volume(folder / "probabilities.tif", stack.astype(np.float32) / 255, {"code": "b"})
    write_volume(folder / "segmentation.tif", stack, {"code": "b"})
    write_metrics(folder, 0.9, "b")
    same, report = verdict(before, record())
    assert same and report.startswith("same: weights, probabilities, cells and scores")
    assert "code: train:" in report and "checkpoint.pt: file:" in report and "weights" not in report.splitlines()[-1]


def test_other_metrics_are_different(experiment):
    _, folder, _, record = experiment
    before = record()
    write_metrics(folder, 0.8, "a")
    same, report = verdict(before, record())
    assert not same and "metrics.json: numbers" in report


def test_other_segmentations_are_different(experiment):
    _, folder, (*_, stack), record = experiment
    before = record()
    write_volume(folder / "segmentation.tif", stack[::-1], {"code": "a"})
    write_text(folder / "ladder.csv", "rung\nlinkage\n")
    same, report = verdict(before, record())
    assert not same and "segmentation.tif: pixels" in report and "ladder.csv" in report


def test_what_a_record_has_of_each_task():
    plan = Plan("isbi2012-submission", load("isbi2012-submission"))
    assert plan.config.folds == ["test"] and plan.scored_folds == []
    assert files_recorded(plan, "test") == ["checkpoint.pt", "history.csv", "probabilities.tif", "segmentation.tif"]
    wanted = paths_recorded(Plan("phantom", load("phantom")), "unet/test/seed-0")
    assert wanted[0] == "results/phantom/replicates/unet/test/seed-0/checkpoint.pt" and wanted[-1].endswith(
        "ladder.csv"
    )
    nuclei = Plan("phantom-nuclei", load("phantom-nuclei"))
    assert files_recorded(nuclei, "test") == ["checkpoint.pt", "history.csv", "probabilities.tif", "metrics.json"]


def test_other_weights_are_different_and_named(experiment):
    _, folder, (network, job, _), record = experiment
    before = record()
    with torch.no_grad():
        next(network.parameters()).flatten()[0] += 1e-7
    save_checkpoint(folder / "checkpoint.pt", network, job, {"code": "a"})
    same, report = verdict(before, record())
    assert not same and report.startswith("different\ncauses that differ:\n  none")
    assert "results/phantom/replicates/unet/test/seed-0: checkpoint.pt: weights:" in report
    assert "probabilities" not in report


@pytest.mark.parametrize(
    ("path", "value"),
    [(("machine", "mkl"), "GenuineIntel, AVX-512"), (("environment", "torch"), "9.9"), (("config",), "0" * 64)],
)
def test_causes_are_named(experiment, path, value):
    record = experiment[-1]()
    other = copy.deepcopy(record)
    part = other
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    same, report = verdict(record, other)
    assert same and "although these differ" in report and ": ".join(path) in report


def test_missing_results_say_what_to_do(experiment):
    (experiment[1] / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"metrics.json: no such file; run the experiment first"):
        experiment[-1]()


@pytest.mark.parametrize(("v_rand", "alike"), [(0.89, True), (0.8, False)])
def test_where_bits_cannot_be_equal_scores_are_compared(experiment, v_rand: float, alike: bool):
    _, folder, _, record = experiment
    before = record()
    write_json(folder / "training-time.json", {"device": "GPU", "arithmetic": PORTABLE | {"kind": "native"}})
    write_text(folder / "history.csv", "epoch\n2\n")
    write_metrics(folder, v_rand, "a")
    same, report = verdict(before, record())
    assert same is alike
    assert report.startswith("alike" if alike else "different") and "scores are compared, not bytes" in report
    assert f"v_rand 0.9000 recorded, {v_rand:.4f} found" in report and "machine: kind: portable recorded" in report
    assert ("too far" in report) is not alike


def test_a_replicate_that_is_no_longer_part_of_the_experiment_is_not_alike(experiment):
    root, folder, _, record = experiment
    before = record()
    write_json(folder / "training-time.json", {"device": "GPU", "arithmetic": PORTABLE | {"kind": "native"}})
    before["outputs"] |= {str(folder.parent.relative_to(root) / "seed-1"): next(iter(before["outputs"].values()))}
    same, report = verdict(before, record())
    assert not same and "seed-1: v_rand 0.9000 recorded, no longer part of the experiment: too far" in report


def test_the_model_of_the_processor_plays_no_part_in_portable_arithmetic(experiment):
    _, folder, _, record = experiment
    before = record()
    write_json(folder / "training-time.json", {"device": "another CPU", "arithmetic": PORTABLE})
    assert verdict(before, record()) == (True, "same: every file has the recorded bytes")


def test_one_replicate_of_a_record(experiment):
    record = experiment[-1]()
    assert only(record, "unet/test/seed-0")["outputs"] == record["outputs"]
    with pytest.raises(UserError, match=r"'unet/test/seed-7' is not in the record, which has: unet/test/seed-0"):
        only(record, "unet/test/seed-7")


CHANGES = [
    *([key] for key in ("experiment", "config", "code", "environment", "data", "machine", "tolerance", "outputs")),
    *(["machine", key] for key in ("kind", "threads", "aten")),
    *(["tolerance", "v_rand"], ["environment", "torch"]),
    *(["outputs", FOLDER], ["outputs", FOLDER, "metrics.json"], ["outputs", FOLDER, "metrics.json", "v_info"]),
]


def test_a_damaged_record_is_refused_in_a_line(experiment, tmp_path: Path):
    """Whatever a merge or an editor left in the place of a value; what is not refused can be compared."""
    whole, path = json.loads(json.dumps(experiment[-1]())), tmp_path / "repro.json"
    write_json(path, whole)
    assert read_record(path, "phantom") == whole
    for keys in CHANGES:
        for value in (None, 3, [], [[]], {}, "x", {"a": {"b": []}}):
            record = copy.deepcopy(whole)
            part = record
            for key in keys[:-1]:
                part = part[key]
            before, part[keys[-1]] = part[keys[-1]], value
            write_json(path, record)
            try:
                verdict(read_record(path, "phantom"), whole)
            except UserError as error:
                assert str(path) in str(error) and "\n" not in str(error)
            else:
                assert type(value) is type(before) or (value == 3 and isinstance(before, float)), f"{keys}: {value}"


@pytest.mark.parametrize("content", [b"", b"\xff", b"<html>", b"{", b"3", b"[]", b"[" * 100_000])
def test_what_is_no_record_is_refused_in_a_line(tmp_path: Path, content: bytes):
    (tmp_path / "repro.json").write_bytes(content)
    with pytest.raises(UserError, match=r"repro\.json: (not valid JSON|lacks)"):
        read_record(tmp_path / "repro.json", "phantom")


def test_damaged_results_are_named(experiment):
    _, folder, _, record = experiment
    for name in ("metrics.json", "training-time.json"):
        whole = (folder / name).read_text()
        for content in ("", "{", "3", "{}", '{"arithmetic": 3, "device": 1}'):
            write_text(folder / name, content)
            with pytest.raises(UserError, match=name):
                record()
        write_text(folder / name, whole)


def test_the_tolerance_is_what_committed_seeds_differ_by():
    apart = dict.fromkeys(TOLERANCE, 0.0)
    folds = sorted((ROOT / "results/isbi2012/replicates").glob("*/*/"))
    config = load("isbi2012")
    assert len(folds) == len(config.arms) * len(config.folds)
    for fold in folds:
        seeds = [json.loads(file.read_text()) for file in fold.glob("seed-*/metrics.json")]
        assert len(seeds) == len(config.seeds)
        for name in apart:
            apart[name] = max(apart[name], abs(seeds[0][name] - seeds[1][name]))
    assert pytest.approx(apart, abs=1e-4) == TOLERANCE
    assert all(TOLERANCE[name] >= apart[name] for name in apart)
