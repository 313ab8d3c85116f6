"""`make verify` and `make status` on the finished small project."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from small_project import command_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(finished: Path, monkeypatch, capsys):
    """A function that runs a script of the project in its folder; returns exit code, output and errors."""

    def run_script(name: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(finished)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        try:
            runpy.run_path(str(ROOT / "scripts" / name), run_name="__main__")
            code = 0
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run_script


@pytest.fixture
def record(script, tmp_path: Path) -> Path:
    path = tmp_path / "repro.json"
    assert script("verify.py", "--record", "--record-file", str(path))[0] == 0
    return path


def test_results_meet_their_own_record(script, record: Path):
    assert script("verify.py", "--existing", "--record-file", str(record))[:2] == (
        0,
        "same: every file has the recorded bytes\n",
    )


def test_other_results_do_not(script, record: Path):
    content = json.loads(record.read_text())
    place = "results/phantom/replicates/unet/test/seed-0"
    content["outputs"][place]["checkpoint.pt"]["weights"] = "0" * 64
    record.write_text(json.dumps(content))
    code, output, _ = script("verify.py", "--existing", "--record-file", str(record))
    assert code == 1 and output.startswith("different") and f"{place}: checkpoint.pt: weights: 000000000000" in output


def test_a_record_must_be_there_and_of_the_experiment(script, record: Path):
    code, _, errors = script("verify.py", "--record-file", "nowhere.json")
    assert code == 1 and "nowhere.json: no such record; write one with --record" in errors
    code, _, errors = script("verify.py", "isbi2012", "--record-file", str(record))
    assert code == 1 and "is of 'phantom', not of 'isbi2012'" in errors


def test_a_record_is_of_the_whole_experiment(script, record: Path):
    before = record.read_text()
    code, _, errors = script("verify.py", "--record", "--replicate", "unet/test/seed-0", "--record-file", str(record))
    assert code == 1 and "leave --replicate out" in errors
    assert record.read_text() == before


def test_status_shows_the_finished_trainings(script):
    code, output, _ = script("status.py")
    assert code == 0
    rows = [line.split() for line in output.splitlines()[1:]]
    assert [row[:5] for row in rows] == [
        ["fusionnet", "test", "0", "finished", "4/4"],
        ["unet", "test", "0", "finished", "4/4"],
    ]


def test_own_stacks_named_by_relative_paths_are_found_from_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/v.tif").write_bytes(b"grey")
    link = runpy.run_path(str(ROOT / "scripts/verify.py"))["link_own_files"]
    link(["mine/v.tif", str(tmp_path / "mine/v.tif")], tmp_path / "copy")
    assert [path.read_bytes() for path in (tmp_path / "copy").rglob("*.tif")] == [b"grey"]


@pytest.mark.slow
def test_running_it_again_gives_the_same_bytes(finished: Path, record: Path):
    output = command_in(finished)(f"python scripts/verify.py --record-file {record}").stdout
    assert "same: every file has the recorded bytes" in output
