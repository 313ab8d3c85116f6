"""The command line as rules call it, killed and gone on with as clusters do."""

import json
import os
import random
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from fusionnet.files import sha256
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[2]
PATIENCE = 1200  # seconds, with which a busy machine is waited for: what hangs fails all the same
WINDOW = [310.0, 4300.0]  # of a volume of 16 bits, as the stages before keep it


class Project:
    """A folder with an augmented stack, and the command that trains on it."""

    def __init__(self, folder: Path, job, augmented):
        self.folder, self.job = folder, job
        for name, stack in zip(("volume", "labels"), augmented, strict=True):
            write_volume(folder / f"{name}.tif", stack, {"grey_window": WINDOW} if name == "volume" else {})

    def arguments(self, name: str, *options: str, **keys) -> list[str]:
        job = json.loads(self.job.model_dump_json())
        job["seed"] = keys.pop("seed", job["seed"])
        job["train"] |= keys
        out = self.folder / name
        words = [
            *("--config", json.dumps(job), "--volume", self.folder / "volume.tif"),
            *("--labels", self.folder / "labels.tif", "--checkpoint", out / "checkpoint.pt"),
            *("--history", out / "history.csv", "--timing", out / "time.json"),
            *("--work-folder", out / "work", "--log", out / "train.log", *options),
        ]
        return [str(word) for word in words]

    def start(self, name: str, *options: str, group: bool = False, **keys) -> subprocess.Popen[str]:
        """Start a process of its own, to be killed or compared byte by byte."""
        return subprocess.Popen(
            [sys.executable, "scripts/train.py", *self.arguments(name, *options, **keys)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            text=True,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=group,
        )

    def finish(self, process: subprocess.Popen[str]) -> str:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        return errors

    def wait_for_step(self, name: str, step: int, process: subprocess.Popen[str]) -> None:
        """Wait until a state of at least so many steps is on disk."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            states = [int(path.name.split("-")[1]) for path in (self.folder / name / "work").glob("state-*.pt")]
            if states and max(states) >= step:
                return
            time.sleep(0.02)
        raise AssertionError(f"step {step} not reached: {process.communicate()}")

    def hashes(self, name: str) -> list[str]:
        return [sha256(self.folder / name / file) for file in ("checkpoint.pt", "history.csv")]


@pytest.fixture
def project(tmp_path, training_job, augmented) -> Project:
    return Project(tmp_path, training_job(epochs=40), augmented)


@pytest.fixture
def run_here(project, monkeypatch, capsys):
    """A function that runs the script in this process, which saves the seconds of a start."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run_script(name: str, *options: str, **keys) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["train.py", *project.arguments(name, *options, **keys)])
        try:
            runpy.run_path(str(ROOT / "scripts/train.py"), run_name="__main__")
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    yield run_script
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_killed_and_terminated_it_ends_in_the_bytes_of_an_uninterrupted_run(project):
    whole = project.start("whole")
    process = project.start("killed", "--save-every-seconds", "0")
    project.wait_for_step("killed", 5, process)
    process.kill()
    process.communicate()
    process = project.start("killed", "--save-every-seconds", "1000")
    while "going on from step" not in (line := process.stderr.readline()):
        assert line, process.wait()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143 and "the same command goes on from" in errors
    assert "going on from step" in project.finish(project.start("killed"))
    project.finish(whole)
    assert project.hashes("killed") == project.hashes("whole")
    log = (project.folder / "killed" / "train.log").read_text()
    assert log.count("going on from step") == 2 and "stopped at step" in log
    assert json.loads((project.folder / "killed/work/heartbeat.json").read_text())["state"] == "finished"


def test_a_signal_to_the_whole_group_reaches_loader_workers_too(project):
    """As a cluster's time limit does it, and `timeout`."""
    process = project.start("group", "--save-every-seconds", "0", "--loader-workers", "2", group=True, epochs=400)
    project.wait_for_step("group", 5, process)
    os.killpg(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143 and "the same command goes on from" in errors and "Traceback" not in errors, errors


def test_the_same_training_started_twice_at_once_ends_in_the_same_bytes(project, run_here):
    """The second waits for the first one's end, and then has nothing left to do but to write the same."""
    first = project.start("twice", "--save-every-seconds", "0")
    project.wait_for_step("twice", 1, first)
    first.send_signal(signal.SIGSTOP)  # however busy the machine is, it trains while the second one starts
    second = project.start("twice")
    while "another process is training here" not in (line := second.stderr.readline()):
        assert line, second.wait()
    first.send_signal(signal.SIGCONT)
    project.finish(first)
    once = project.hashes("twice")
    project.finish(second)
    assert project.hashes("twice") == once
    assert run_here("alone")[0] == 0
    assert project.hashes("alone")[1] == once[1], "the same losses; the checkpoint names the modules that were loaded"


@pytest.mark.slow
def test_twenty_kills_at_random_moments(project):
    project.finish(project.start("whole", epochs=200))
    moments = random.Random(0)
    for _ in range(20):
        process = project.start("killed", "--save-every-seconds", "0", epochs=200)
        # Some kills come before the first step, most while steps are taken, states written or slices validated.
        while "training" not in (line := process.stderr.readline()):
            assert line, process.wait()
        time.sleep(moments.uniform(0.0, 1.0))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it finished before the last kill: give it more epochs"
    project.finish(project.start("killed", epochs=200))
    assert project.hashes("killed") == project.hashes("whole")


def test_outputs(project, run_here):
    code, errors = run_here("out", epochs=2)
    assert code == 0, errors
    network, job, made_from = load_checkpoint(project.folder / "out/checkpoint.pt")
    assert job.train.epochs == 2 and made_from["stage"] == "train"
    assert made_from["grey_window"] == WINDOW
    assert made_from["inputs"]["volume"] == sha256(project.folder / "volume.tif")
    assert network(torch.zeros(1, 1, 48, 48)).shape == (1, 1, 48, 48)
    history = pd.read_csv(project.folder / "out/history.csv")
    assert (project.folder / "out/history.csv").read_text() == history.to_csv(index=False, lineterminator="\n")
    assert list(history.columns) == [
        "epoch", "step", "learning_rate", "train_loss", "validation_loss", "validation_v_rand",
    ]  # fmt: skip
    assert len(history) == 2 and history.notna().all().all()
    timing = json.loads((project.folder / "out/time.json").read_text())
    assert timing["training_seconds"] > 0 and timing["arithmetic"]["threads"] >= 1 and timing["peak_memory_bytes"] > 1e7
    assert "epoch 2: training loss" in (project.folder / "out/train.log").read_text()


def test_loader_workers_leave_no_trace(project, run_here):
    """They are a matter of the machine: the file, not only the weights, is the same."""
    for workers in ("0", "1", "4"):
        code, errors = run_here(workers, "--loader-workers", workers, epochs=2)
        assert code == 0, errors
    assert project.hashes("0") == project.hashes("1") == project.hashes("4")
    code, errors = run_here("out", "--loader-workers", "-1")
    assert code == 2 and "--loader-workers" in errors


def test_a_changed_job_starts_afresh(project, run_here):
    assert run_here("out", epochs=2)[0] == 0
    code, errors = run_here("out", epochs=2, learning_rate=1e-3)
    assert code == 0 and "another configuration" in errors
    assert len({path.name.split("-")[2] for path in (project.folder / "out/work").glob("state-*.pt")}) == 1
    assert run_here("fresh", epochs=2, learning_rate=1e-3)[0] == 0
    assert project.hashes("out") == project.hashes("fresh")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"loss": "bse"}, "train.loss: got 'bse'"),
        ({"seed": -1}, "seed: got -1"),
        ({"epoch": 3}, "unknown key 'train.epoch' (did you mean 'epochs'?)"),
        ({"learning_rate": 1e9, "gradient_clip": 0.0, "epochs": 40}, "training diverged at step"),
    ],
)
def test_mistakes_end_in_one_line_and_no_output(project, run_here, keys, message):
    code, errors = run_here("out", **keys)
    assert code == 1 and message in errors and "Traceback" not in errors, errors
    assert not (project.folder / "out/checkpoint.pt").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="tests a machine without CUDA")
def test_cuda_without_cuda(run_here):
    code, errors = run_here("out", device="cuda")
    assert code == 1 and "sees no CUDA device" in errors


def test_a_crop_larger_than_the_stack(project, run_here):
    project.job = project.job.model_copy(
        update={"augment": project.job.augment.model_copy(update={"crop_pixels": 1024})}
    )
    code, errors = run_here("out")
    assert code == 1 and "crop" in errors and "Traceback" not in errors, errors
