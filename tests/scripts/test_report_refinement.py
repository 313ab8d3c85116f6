import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_results import cell_labels, write_results
from networks import SETTINGS
from PIL import Image


def report(folder: Path, job: str, output: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    given = {"config": job, "predict": SETTINGS.model_dump_json(), "results": folder / "results"}
    given |= {"raw": folder / "raw", "report-folder": output}
    words = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    monkeypatch.setattr(sys, "argv", ["scripts/report_refinement.py", *words])
    try:
        runpy.run_path("scripts/report_refinement.py", run_name="__main__")
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_it_shows_and_scores_every_unit_and_gives_the_same_bytes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = cell_labels(4, 64, np.random.default_rng(0), cells=8)
    arms = {"fusionnet-chain2": 1}
    job = write_results(tmp_path / "results", tmp_path / "raw", labels, arms, ("0-1", "3-3"), (0,))
    for name in ("first", "second"):
        assert report(tmp_path, job.model_dump_json(), tmp_path / name, monkeypatch) == 0
    names = {"refinement.png", "refinement.csv", "refinement.md"}
    assert {path.name for path in (tmp_path / "first").iterdir()} == names
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    table = pd.read_csv(tmp_path / "first/refinement.csv")
    assert list(zip(table["fold"], table["unit"], strict=True)) == [("0-1", 1), ("0-1", 2), ("3-3", 1), ("3-3", 2)]
    with Image.open(tmp_path / "first/refinement.png") as image:
        assert image.width == 1350


def test_missing_results_end_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = cell_labels(2, 64, np.random.default_rng(0), cells=8)
    job = write_results(tmp_path / "results", tmp_path / "raw", labels, {"fusionnet-chain2": 1}, ("0-1",), (0,))
    more = job.model_copy(update={"seeds": [0, 1]}).model_dump_json()
    assert report(tmp_path, more, tmp_path / "out", monkeypatch) == 1
    stderr = capsys.readouterr().err
    assert "fusionnet-chain2/0-1/seed-1/checkpoint.pt" in stderr and len(stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
