"""The benchmarks of training run, on something small."""

import json
import re
import runpy
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmarks import inner_folds
from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs a benchmark in this process and returns what it prints."""

    def run_benchmark(name: str, *arguments: str) -> str:
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(ROOT / "benchmarks" / name), run_name="__main__")
        return capsys.readouterr().out

    return run_benchmark


def test_speed(run):
    options = ["--architecture", "unet", "--width", "1", "--crop-pixels", "32", "--rounds", "2", "--steps", "1"]
    beside = ["--stem", "half", "--beside", '{"architecture": "unet", "width": 1}']
    output = run("training.py", *options, "--device", "cpu", "--compile", "never", "--before", ".", *beside)
    assert "unet, width 1, 4 crops of 32 x 32" in output
    assert re.search(r"plain: \d+\.\d+ s a step \(median of 2 rounds\)", output)
    assert all(
        re.search(rf"ratio: \d+\.\d+ times as fast as {other} ", output) for other in ("plain", "before", "beside")
    )
    assert re.search(r"drawing: .* of our step", output)


def test_accuracy_goes_on_and_draws(run, tmp_path, augmented):
    for name, stack in zip(("volume", "labels"), augmented, strict=True):
        write_volume(tmp_path / f"{name}.tif", stack, {})
    files = ["--volume", tmp_path / "volume.tif", "--labels", tmp_path / "labels.tif", "--folds", "4-5"]
    files += ["--table", tmp_path / "table.csv", "--figure", tmp_path / "curves.png"]
    small = ["augment.elastic_copies=1", "augment.crop_pixels=32", "split.validation_slices=0", "train.device=cpu"]
    small += ["network.unet.width=1", "train.batch_size=1", "predict.orientation_average=false"]
    small += ["train.precision=float32", "train.learning_rate=1e-3"]  # read as overlays are, not as JSON
    options = [*map(str, files), "--arms", "unet", "--name", "small", "--set", *small]
    run("accuracy.py", *options, "--steps", "2")
    run("accuracy.py", *options, "--steps", "2", "3", "--seeds", "0", "1")
    trained = ROOT / "results/isbi2012/report/comparison.csv"
    run("accuracy.py", *options, "--steps", "2", "--trained", str(trained))
    table = pd.read_csv(tmp_path / "table.csv")
    test = ["--folds", "test", "--test", *files[1:4:2], "--table", tmp_path / "test.csv", "--steps", "2"]
    run("accuracy.py", *options, *map(str, test))
    assert pd.read_csv(tmp_path / "test.csv")["fold"].tolist() == ["test"]
    assert table["steps"].tolist() == [2, 2, 3, 3] + 12 * [800] and table["seed"].tolist()[:4] == [0, 1, 0, 1]
    assert table["width"].tolist() == 4 * [1] + 12 * [8]  # the experiment's trainings had no part in --set
    assert table["v_rand"].between(0, 1).all() and table["minutes"].tolist()[-1] > 1
    assert Image.open(tmp_path / "curves.png").size == (1350, 540)


def test_edges_are_taught_by_inner_folds_too(run, tmp_path, augmented):
    for name, stack in zip(("volume", "labels"), augmented, strict=True):
        write_volume(tmp_path / f"{name}.tif", stack, {})
    small = {"augment": {"elastic_copies": 1, "crop_pixels": 32}, "split": {"validation_slices": 0}}
    small |= {"network": {"unet": {"width": 1}}, "train": {"batch_size": 1}, "predict": {"orientation_average": False}}
    options = ["--volume", tmp_path / "volume.tif", "--labels", tmp_path / "labels.tif", "--folds", "7-7"]
    options += ["--table", tmp_path / "table.csv", "--steps", "2", "--inner", "2", "--set", json.dumps(small)]
    for _ in range(2):
        run("inner_folds.py", *map(str, options))
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["taught_by"].tolist() == ["threshold", "seen", "inner folds"]
    assert table["v_rand"].between(0, 1).all() and table["error_taught"].between(0, 1).all()


def test_inner_folds_of_another_number_or_setting_are_measured_too(monkeypatch, tmp_path):
    monkeypatch.setattr(inner_folds, "read_stacks", lambda *_: None)
    monkeypatch.setattr(inner_folds, "set_up", lambda *_: None)
    monkeypatch.setattr(inner_folds, "measure", lambda job, *_: [{"batch": job.train.batch_size}])
    files = ["--volume", "v.tif", "--labels", "l.tif", "--table", str(tmp_path / "table.csv"), "--folds", "0-4"]
    two = ["--set", '{"train": {"batch_size": 2, "epochs": 3}}']
    same = ["--set", '{"train": {"epochs": 3, "batch_size": 2}}']
    for options in ([], [], ["--inner", "2"], two, same):
        monkeypatch.setattr(sys, "argv", ["inner_folds.py", *files, *options])
        inner_folds.main()
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["inner"].tolist() == [3, 2, 3] and table["batch"].tolist()[2] == 2
