import runpy
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fake_results import cell_labels

from fusionnet.evaluate.submission import COLUMNS, enter
from fusionnet.volumes.stacks import read_provenance, write_volume
from fusionnet.volumes.volume import read_volume

LABELS = cell_labels(2, 64, np.random.default_rng(0), cells=8)


@pytest.fixture
def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """A function that submits two trainings' probabilities; it returns the exit code and what was said."""
    write_volume(tmp_path / "labels.tif", LABELS * np.uint8(255), {})

    def run(*words: str, noise: float = 2.0, width: int = 8) -> tuple[int, str]:
        rng = np.random.default_rng(1)
        for seed in (0, 1):
            made = {"config": {"predict": {}, "job": {"seed": seed, "width": width}}, "code": "c0de"}
            stack = np.clip(LABELS + rng.normal(0, noise, LABELS.shape), 0, 1).astype(np.float32)
            write_volume(tmp_path / f"{seed}.tif", stack, made)
        command = ["scripts/submit.py", "--arm", "unet", "--submission", str(tmp_path / "out.tif")]
        command += ["--ledger", str(tmp_path / "ledger.csv"), "--log", str(tmp_path / "log.txt"), *words]
        monkeypatch.setattr(
            sys, "argv", [*command, "--probabilities", str(tmp_path / "0.tif"), str(tmp_path / "1.tif")]
        )
        try:
            runpy.run_path("scripts/submit.py", run_name="__main__")
        except SystemExit as stop:
            return int(stop.code or 0), capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


def test_without_truth_the_mean_is_written_and_nothing_scored(submit, tmp_path: Path) -> None:
    code, said = submit()
    assert code == 0 and "no truth at hand" in said
    assert "no truth at hand" in (tmp_path / "log.txt").read_text()
    mean = read_volume(tmp_path / "out.tif")
    stacks = [read_volume(tmp_path / f"{seed}.tif").astype(float) for seed in (0, 1)]
    np.testing.assert_array_equal(mean, np.mean(stacks, axis=0).astype(np.float32))
    assert set(read_provenance(tmp_path / "out.tif")["inputs"]) == {"probabilities 0", "probabilities 1"}
    assert not (tmp_path / "ledger.csv").exists()


def test_the_ledger_has_a_line_for_each_configuration_that_was_scored(submit, tmp_path: Path) -> None:
    truth = ("--labels", str(tmp_path / "labels.tif"))
    assert "a new line" in submit(*truth)[1]
    first = (tmp_path / "ledger.csv").read_text()
    assert "in it already" in submit(*truth)[1]
    assert (tmp_path / "ledger.csv").read_text() == first
    assert "a new line" in submit(*truth, width=16, noise=0.1)[1]
    lines = (tmp_path / "ledger.csv").read_text().splitlines()
    assert lines[:2] == first.splitlines() and len(lines) == 3
    v_rand = [float(line.split(",")[5]) for line in lines[1:]]
    assert 0 < v_rand[0] < v_rand[1] <= 1


def test_a_persons_mistakes(submit, tmp_path: Path) -> None:
    write_volume(tmp_path / "short.tif", LABELS[:1] * np.uint8(255), {})
    code, said = submit("--labels", str(tmp_path / "short.tif"))
    assert code == 1 and "choose the same range of slices" in said
    (tmp_path / "ledger.csv").write_text("arm,score\n")
    code, said = submit("--labels", str(tmp_path / "labels.tif"))
    assert code == 1 and "restore it from git" in said
    assert (tmp_path / "ledger.csv").read_text() == "arm,score\n"


def test_what_is_no_probability_is_refused_and_nothing_written(submit, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("numpy.clip", lambda stack, low, high: np.full(stack.shape, np.nan))
    code, said = submit()
    assert code == 1 and "NaN" in said
    assert not (tmp_path / "out.tif").exists()


def test_without_provenance_nothing_is_written(submit, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("fusionnet.evaluate.submission.read_provenance", lambda path: {})
    code, said = submit("--labels", str(tmp_path / "labels.tif"))
    assert code == 1 and "without provenance" in said
    assert not (tmp_path / "out.tif").exists()


def test_arms_that_are_submitted_at_once_both_have_a_line(tmp_path: Path) -> None:
    rows = [dict.fromkeys(COLUMNS, "x") | {"arm": arm, "submission": arm} for arm in "abcdefgh"]
    with ProcessPoolExecutor(4) as pool:
        assert all(pool.map(enter, [tmp_path / "ledger.csv"] * len(rows), rows))
    lines = (tmp_path / "ledger.csv").read_text().splitlines()
    assert sorted(line[0] for line in lines[1:]) == list("abcdefgh")
