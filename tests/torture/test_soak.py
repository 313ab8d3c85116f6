"""Hours of work leave the process as it was: trainings, predictions and their interruptions, over and over."""

import gc
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from networks import MACHINE, SETTINGS, make_network

from fusionnet.config.stages import TrainingJob
from fusionnet.devices import set_up
from fusionnet.predict.predictor import Predictor
from fusionnet.style import new_figure, save_figure, styled
from fusionnet.train.folds import Fold, Stacks
from fusionnet.train.loop import StoppedError, Training, train
from fusionnet.train.progress import Progress
from fusionnet.train.states import StateFolder

PART = "Hours of work"
MINUTES = float(os.environ.get("TORTURE_MINUTES", "30"))
GROWTH_MB = 60  # of memory, from the tenth round to the last


def used() -> tuple[int, float, int]:
    """Return this process's open files, its memory in MB, and its threads."""
    gc.collect()
    process = psutil.Process()
    return process.num_fds(), process.memory_info().rss / 1e6, process.num_threads()


@pytest.mark.torture
def test_trainings_and_predictions_in_a_loop(
    tmp_path: Path,
    training_job: Callable[..., TrainingJob],
    augmented: tuple[np.ndarray, np.ndarray],
    tried: Callable[..., None],
) -> None:
    """Trainings that are stopped and go on, predictions and figures in a loop: open files, threads and memory stay."""
    rng, job, rounds = random.Random(5), training_job(), 0
    predictor = Predictor(make_network(), SETTINGS, MACHINE)
    until, first = time.monotonic() + 60 * MINUTES, None
    while time.monotonic() < until or rounds < 12:
        folder = tmp_path / "work"
        fold = Fold(train=[0, 1, 6, 7], validation=[2], scored=[4])
        while True:
            training = Training.begin(job, set_up("cpu"))
            progress = Progress(("unet", "test", 0), training.steps, folder / "heartbeat.json")
            states, asked = StateFolder(folder, "key"), lambda: rng.random() < 0.2
            try:
                with states.alone():
                    train(training, Stacks(*augmented, fold, 8), states, progress, asked, 0.0, rounds % 2)
                break
            except StoppedError:
                pass
        assert len(list(folder.iterdir())) <= 4, "states pile up"
        predictor.predict_slice(augmented[0][0].astype(np.float32))
        with styled():
            figure, _ = new_figure(2.0)
        save_figure(figure, tmp_path / "figure.png")
        shutil.rmtree(folder)
        rounds += 1
        if rounds == 10:
            first = used()
    last = used()
    assert first is not None
    assert last[0] <= first[0] + 2 and last[2] <= first[2] + 2, f"files, MB, threads: {first} at first, {last} at last"
    assert last[1] < first[1] + GROWTH_MB, f"memory in MB: {first[1]:.0f} at first, {last[1]:.0f} at last"
    tried(rounds, f"{MINUTES:g} minutes of trainings, predictions and figures in a loop: files, threads, memory stay")
