"""`make verify` and `make status` on the finished small project."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest
from small_project import command_in

from fusionnet.config.experiment import load

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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The parts of a project that are copied to run it again; it is the current folder."""
    folder = tmp_path / "project"
    for name in ("config/experiments", "fusionnet", "scripts", "workflow", "mine/folder.n5", "disk/isbi2012"):
        (folder / name).mkdir(parents=True)
    for name in ("pyproject.toml", "config/config.yaml", "config/experiments/phantom.yaml"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("../beside.tif", "mine/both.h5", "mine/v.tif"):
        (folder / name).touch()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"volume": "mine/both.h5:raw", "labels": "mine/both.h5:labels"}, {}),  # twice the same file
        ({"volume": "../beside.tif", "labels": "mine/v.tif"}, {}),
        ({"volume": "n5://mine/folder.n5", "labels": "mine/both.h5"}, {"volume": "n5://{folder}/mine/folder.n5"}),
        ({"volume": "{folder}/mine/v.tif", "labels": "n5://{folder}/mine/folder.n5"}, {}),
    ],
)
def test_own_stacks_are_found_from_the_copy(project: Path, tmp_path: Path, monkeypatch, named: dict, expected: dict):
    named = {key: path.replace("{folder}", str(project)) for key, path in named.items()}
    own = {"folds": ["1-2"], "download": {"dataset": "files", **named}}
    Path("config/experiments/mine.yaml").write_text(json.dumps(own))
    before, copy = load("mine"), tmp_path / "elsewhere/copy"
    copy.mkdir(parents=True)
    runpy.run_path(str(ROOT / "scripts/verify.py"))["copy_project"](copy)
    monkeypatch.chdir(copy)
    there = load("mine")
    for key, path in named.items():
        absolute = path if str(project) in path else f"{project}/{path}"
        assert getattr(there.download, key) == expected.get(key, absolute).replace("{folder}", str(project))
    there.download.require_own_files()
    assert there.model_copy(update={"download": before.download}) == before
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_symlink()) == []


def test_a_relative_mirror_is_found_from_the_copy(project: Path, tmp_path: Path, monkeypatch):
    """Also that of another experiment, by which shared stacks are fetched; what names none stays as it was written."""
    for name, mirror in (("first", "disk"), ("second", None), ("third", "/disk")):
        overlay = {"download": {"dataset": "isbi2012" if name != "third" else "vnc", "mirror": mirror}}
        Path(f"config/experiments/{name}.yaml").write_text(json.dumps(overlay))
    (tmp_path / "copy").mkdir()
    runpy.run_path(str(ROOT / "scripts/verify.py"))["copy_project"](tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    assert load("first").download.mirror == f"{project}/disk" and load("third").download.mirror == "/disk"
    for name in ("second", "third", "phantom"):
        overlay = f"config/experiments/{name}.yaml"
        assert Path(overlay).read_bytes() == (project / overlay).read_bytes()


@pytest.mark.slow
def test_running_it_again_gives_the_same_bytes(finished: Path, record: Path):
    output = command_in(finished)(f"python scripts/verify.py --record-file {record}").stdout
    assert "same: every file has the recorded bytes" in output
