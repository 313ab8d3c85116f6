import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fake_results import cell_labels, write_results

from fusionnet.config.reporting import ReportJob

OUTPUTS = {
    *("comparison.csv", "curves.csv", "comparison.md", "verdict.md", "summary.json", "scores.json"),
    *("scores.png", "segmentations.png", "training.png", "thresholds.png", "effects.png", "compute.png"),
    *("proofreading.png", "index.html"),
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportJob, Path]:
    folder = tmp_path_factory.mktemp("experiment")
    labels = cell_labels(4, 64, np.random.default_rng(0), cells=8)
    return write_results(folder / "results", folder / "raw", labels, {"fusionnet": 1, "unet": 3}), folder


def arguments(config: str, folder: Path, output: Path) -> list[str]:
    given = {"config": config, "results": folder / "results", "raw": folder / "raw", "report-folder": output}
    return [word for key, value in given.items() for word in (f"--{key}", str(value))]


def run_here(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the script in this process, which spares starting torch again."""
    monkeypatch.setattr(sys, "argv", ["scripts/report.py", *words])
    try:
        runpy.run_path("scripts/report.py", run_name="__main__")
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_it_writes_every_file_and_the_same_bytes_again(
    experiment: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, folder = experiment
    first, second = tmp_path / "first", tmp_path / "second"
    words = arguments(job.model_dump_json(), folder, first)
    command = [sys.executable, "scripts/report.py", *words, "--log", str(tmp_path / "log.txt")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert run_here(arguments(job.model_dump_json(), folder, second), monkeypatch) == 0
    assert {path.name for path in first.iterdir()} == {path.name for path in second.iterdir()} == OUTPUTS
    for name in OUTPUTS:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    verdict = (first / "verdict.md").read_text()
    assert "2 paired trainings, 1 fold, 2 slices" in verdict
    assert verdict.splitlines()[0] in (tmp_path / "log.txt").read_text()
    assert verdict.splitlines()[0] in done.stderr


def test_a_persons_mistakes_end_in_one_line_and_leave_nothing(
    experiment: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job, folder = experiment
    more_seeds = job.model_copy(update={"seeds": [0, 1, 2]}).model_dump_json()
    misspelt = job.model_dump_json().replace("slices_shown", "slices_show")
    test_stack = job.model_copy(update={"folds": ["test"]}).model_dump_json()
    for config, message in [
        (more_seeds, "fusionnet/1-2/seed-2/checkpoint.pt and 15 more files: missing"),
        (misspelt, "did you mean 'slices_shown'?"),
        (test_stack, "/test/seed-0/checkpoint.pt"),
        ("{", "not valid JSON"),
    ]:
        assert run_here(arguments(config, folder, tmp_path / "out"), monkeypatch) == 1
        stderr = capsys.readouterr().err
        assert message in stderr
        assert len(stderr.splitlines()) == 1
        assert not (tmp_path / "out").exists()


def test_labels_of_another_shape_are_refused(
    experiment: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job, folder = experiment
    labels = tifffile.imread(folder / "raw/train-labels.tif")
    raw = tmp_path / "raw"
    raw.mkdir()
    (tmp_path / "results").symlink_to(folder / "results")
    (raw / "train-volume.tif").write_bytes((folder / "raw/train-volume.tif").read_bytes())
    tifffile.imwrite(raw / "train-labels.tif", labels[:3], photometric="minisblack")
    assert run_here(arguments(job.model_dump_json(), tmp_path, tmp_path / "out"), monkeypatch) == 1
    assert "both must cover the same" in capsys.readouterr().err
