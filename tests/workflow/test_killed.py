"""A workflow killed while it trains: the same command goes on, and ends in the bytes of an uninterrupted run."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from small_project import command_in, copy_project, edit_yaml, put_under_git

from fusionnet.files import sha256

CHECKPOINTS = [f"results/phantom/replicates/{arm}/test/seed-0/checkpoint.pt" for arm in ("fusionnet", "unet")]


@pytest.fixture
def project(tmp_path: Path):
    """A function that makes a copy of the project, with trainings of some seconds that save after every step."""

    def make(name: str) -> Path:
        folder = copy_project(tmp_path / name)
        edit_yaml(folder / "config/config.yaml", {"train": {"epochs": 20, "steps_per_epoch": 10}})
        rules = folder / "workflow/rules/train.smk"
        text = rules.read_text()
        assert "scripts/train.py --config" in text
        rules.write_text(text.replace("scripts/train.py --config", "scripts/train.py --save-every-seconds 0 --config"))
        return folder

    return make


def steps_on_disk(folder: Path) -> int:
    """Return how many steps the trainings of both arms have saved together."""
    newest = {}
    for state in folder.glob("work/phantom/*/test/seed-0/state-*.pt"):
        newest[state.parent] = max(int(state.name.split("-")[1]), newest.get(state.parent, 0))
    return sum(newest.values())


def kill_while_training(folder: Path, line: str) -> None:
    """Start a command line and kill all its processes once it has trained for 20 steps."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    before, deadline = steps_on_disk(folder), time.monotonic() + 1200
    process = subprocess.Popen(["bash", "-c", line], cwd=folder, env=environment, start_new_session=True)
    while steps_on_disk(folder) < before + 20:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("line", ["snakemake --cores 8 --resources gpu=1", "dvc repro"])
def test_the_same_command_goes_on_to_the_same_bytes(project, line):
    whole, killed = project("whole"), project("killed")
    command_in(whole)("snakemake --cores 8 --resources gpu=1")
    run = command_in(killed)
    put_under_git(killed)
    kill_while_training(killed, line)
    kill_while_training(killed, line)
    run(line)
    logs = [log.read_text() for log in killed.glob("logs/phantom/*/test/seed-0/train.log")]
    assert any("going on from step" in log for log in logs)  # Snakemake begins each log anew
    assert [sha256(killed / file) for file in CHECKPOINTS] == [sha256(whole / file) for file in CHECKPOINTS]
