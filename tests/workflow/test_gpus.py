"""GPUs under Snakemake: two trainings at once on two devices, and an offer of none refused. Real processes."""

import re
import shutil
from pathlib import Path

import pytest
from fake_gpus import AT_ONCE, GPUS, add_to
from small_project import Command, command_in

TRAININGS = "--forcerun train --until train"


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished project that sees two GPUs; leases of other tests are out of its sight."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("work", ".git", ".dvc"))
    add_to(folder)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")  # what the workflow goes by, which does not ask torch
    return folder


def held(project: Path) -> list[str]:
    """Return which GPU each job held."""
    return sorted(file.read_text() for file in project.glob("held-by-*"))


def test_two_trainings_at_once_hold_two_gpus(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(AT_ONCE, "2")
    command_in(project)(f"snakemake --cores 8 {TRAININGS} --resources gpu=2")
    assert held(project) == sorted(GPUS)


def test_one_gpu_is_held_by_one_training_after_the_other(project: Path):
    command_in(project)(f"snakemake --cores 8 {TRAININGS} --resources gpu=1")
    assert one_after_the_other(log_of(project))
    assert held(project) == [GPUS[0], GPUS[0]]


def test_trainings_that_need_all_gpu_memory_run_one_after_the_other(project: Path):
    offer = "--set-resources train:gpu_memory_gb=20 --resources gpu=2 gpu_memory_gb=24"
    command_in(project)(f"snakemake --cores 8 {TRAININGS} {offer}")
    asked = re.findall(r"^ {4}resources: .*\bgpu_memory_gb=20\b", log_of(project), flags=re.M)
    assert len(asked) == 2 and one_after_the_other(log_of(project))


def log_of(project: Path) -> str:
    """Return Snakemake's own log of the last run, which has more than it shows."""
    return max(project.glob(".snakemake/log/*.log")).read_text()


def one_after_the_other(snakemake_log: str) -> bool:
    """Return whether the first training was finished before the second began."""
    events = re.findall(r"^localrule train:|^Finished jobid: \d+ \(Rule: train\)", snakemake_log, flags=re.M)
    return [event.split()[0] for event in events] == ["localrule", "Finished", "localrule", "Finished"]


@pytest.mark.parametrize(
    ("command", "got"),
    [
        ("snakemake --cores 8 --resources gpu=0", "got gpu=0"),
        ("snakemake --cores 8 --resources mem_mb=9000", "got no gpu"),
        ("snakemake --cores 8 --workflow-profile none", "got no gpu"),
        ("snakemake -s workflow/volume.smk --config checkpoint=c volume=v probabilities=p --resources gpu=0", "gpu=0"),
    ],
)
def test_an_offer_of_no_gpu_is_one_clear_line_and_nothing_runs(finished: Path, command: str, got: str):
    run: Command = command_in(finished)
    done = run(command, succeeds=False)
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if got in line)
    assert line.startswith("--resources: ") and "expected gpu=1 or more" in line
    assert "Traceback" not in done.stdout and "rule " not in done.stdout
