"""Disks without room, folders that cannot be written, clocks that jump: one line, and what was there stays."""

import os
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from networks import MACHINE, SETTINGS, OneLayer
from small_disks import fill, make_read_only, small_disk

from fusionnet.config.stages import TrainingJob
from fusionnet.devices import set_up
from fusionnet.errors import UserError
from fusionnet.files import sha256, write_json
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.predict.predictor import Prediction, Predictor
from fusionnet.predict.store import PredictionStore
from fusionnet.style import save_figure
from fusionnet.train.folds import Fold, Stacks
from fusionnet.train.loop import Training, train
from fusionnet.train.progress import Progress
from fusionnet.train.states import StateFolder
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.stacks import write_volume

PART = "Disks and clocks"
JUMPS = int(os.environ.get("TORTURE_JUMPS", "30" if "TORTURE_RECORD" in os.environ else "2"))
STACK = np.random.default_rng(0).integers(0, 256, (4, 60, 70), np.uint8)
PLAN = OutputPlan((3, 64, 64), np.dtype(np.float32), (1, 32, 32), (50.0, 4.0, 4.0), {"stage": "predict"})


def write_output(name: str, folder: Path) -> None:
    """Write a volume as predictions are written: chunk by chunk into a store, and then what it becomes."""
    predictor = Predictor(OneLayer(), SETTINGS.model_copy(update={"tile_pixels": 32}), MACHINE)
    plan = predictor.plan(range(3), PLAN.shape[1:])
    store = PredictionStore([str(folder / name)], PLAN, plan, range(len(plan)), {"seed": 1})
    values = np.random.default_rng(1).random((64, 64), np.float32)
    try:
        for number in range(len(plan)):
            _, *region = plan[number].region
            store.write(plan[number], Prediction(values[*region], values[*region]))
        store.flush()
        store.finish()
    finally:
        store.close()


def write_state(folder: Path) -> None:
    StateFolder(folder / "work", "key").save(3, {"a": torch.arange(9000.0)})


def write_checkpoint(job: TrainingJob, folder: Path) -> None:
    training = Training.begin(job, MACHINE)
    save_checkpoint(folder / "checkpoint.pt", training.network, job, {"stage": "train"})


def write_figure(folder: Path) -> None:
    figure = Figure()
    figure.subplots().plot([1, 2, 3])
    save_figure(figure, folder / "figure.png")


def writers(job: TrainingJob) -> dict[str, Callable[[Path], None]]:
    """Return what writes each kind of file, by the file's name."""
    return {
        "metrics.json": lambda folder: write_json(folder / "metrics.json", {"v_rand": [0.9] * 3000}),
        "volume.tif": lambda folder: write_volume(folder / "volume.tif", STACK, {"stage": "augment"}),
        "checkpoint.pt": partial(write_checkpoint, job),
        "work": write_state,
        "figure.png": write_figure,
        "p.tif": partial(write_output, "p.tif"),
        "p.zarr": partial(write_output, "p.zarr"),
        "p.h5": partial(write_output, "p.h5:data"),
    }


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "ballast")
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def fails(write: Callable[[Path], None], folder: Path) -> bool:
    """Write; return whether that failed, in words for a person."""
    try:
        write(folder)
    except (OSError, UserError) as error:
        assert str(error)
        return True
    return False


@pytest.mark.torture
@pytest.mark.parametrize("name", list(writers(None)))  # type: ignore[arg-type]
def test_a_full_disk(
    name: str, tmp_path: Path, training_job: Callable[..., TrainingJob], tried: Callable[..., None]
) -> None:
    """A disk that runs full at any page of a file: it is not there, and with some room it comes whole."""
    write = writers(training_job())[name]
    (tmp_path / "whole").mkdir()
    write(tmp_path / "whole")
    expected = content(tmp_path / "whole")
    failures = 0
    with small_disk(tmp_path / "disk", "size=8m") as disk:
        for free in range(0, 200, 1 if len(expected) == 1 else 7):
            ballast = fill(disk, free)
            failed = fails(write, disk)
            failures += failed
            left = {each: value for each, value in content(disk).items() if not Path(each).parts[0].startswith(".")}
            assert all(expected.get(each) == value for each, value in left.items() if "lock" not in each)
            ballast.unlink()
            write(disk)
            assert {each: value for each, value in content(disk).items() if each in expected} == expected
            assert not [each for each in content(disk) if each not in expected], "something half-written stays"
            for each in disk.iterdir():
                _remove(each)
            if not failed:
                break
    assert failures
    tried(failures)


@pytest.mark.torture
@pytest.mark.parametrize("name", list(writers(None)))  # type: ignore[arg-type]
def test_a_disk_that_cannot_be_written_or_has_no_inode(
    name: str, tmp_path: Path, training_job: Callable[..., TrainingJob], tried: Callable[..., None]
) -> None:
    """A disk that is read-only, or has no inode left: refused in words, and what was there stays."""
    write = writers(training_job())[name]
    with small_disk(tmp_path / "disk", "size=8m") as disk:
        write(disk)
        before = content(disk)
        make_read_only(disk)
        assert fails(write, disk) and content(disk) == before
    with small_disk(tmp_path / "disk", "size=8m,nr_inodes=2") as disk:
        (disk / "last").touch()
        assert fails(write, disk) and set(content(disk)) == {"last"}
    tried(2)


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_clock_that_jumps(
    tmp_path: Path,
    training_job: Callable[..., TrainingJob],
    augmented: tuple[np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    tried: Callable[..., None],
) -> None:
    """A clock that jumps to and fro by up to a year while a network is trained: the same weights, and nothing fails."""
    job, rng, real = training_job(), random.Random(3), time.time

    def weights(name: str) -> dict[str, Any]:
        training = Training.begin(job, set_up("cpu"))
        stacks = Stacks(*augmented, Fold(train=[0, 1, 6, 7], validation=[2], scored=[4]), 8)
        progress = Progress(("unet", "test", 0), training.steps, tmp_path / name / "heartbeat.json")
        train(training, stacks, StateFolder(tmp_path / name, "key"), progress, save_every_seconds=0)
        return training.network.state_dict()

    expected = weights("steady")
    for number in range(JUMPS):
        monkeypatch.setattr(time, "time", lambda: real() + rng.uniform(-3e7, 3e7))
        found = weights(f"jumping-{number}")
        monkeypatch.undo()
        assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    tried(JUMPS)


def test_a_prediction_is_written_once_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names with spaces, colons, percent signs and letters of other alphabets are names like others."""
    folder = tmp_path / "at 12:30, 5% of β (1) 'x'"
    folder.mkdir()
    monkeypatch.setenv("LC_ALL", "C")
    predictor = Predictor(OneLayer().eval(), SETTINGS, MACHINE)
    assert predictor.predict_slice(STACK[0].astype(np.float32)).probability.shape == STACK.shape[1:]
    for name in ("p.tif", "p.zarr", "p.h5:data"):
        write_output(name, folder)
    assert {path.name for path in folder.iterdir()} == {"p.tif", "p.zarr", "p.h5"}
