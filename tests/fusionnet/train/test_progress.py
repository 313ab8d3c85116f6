import io
import json
import logging
from contextlib import nullcontext

import pytest

from fusionnet.logs import start_log
from fusionnet.train import progress as module
from fusionnet.train.progress import Progress

ROW = {"epoch": 5, "train_loss": 0.2, "validation_loss": 0.3, "validation_v_rand": 0.97}


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

        def time(self) -> float:
            return 1e9 + self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_heartbeat_and_lines_tell_rate_and_rest(tmp_path, clock, messages):
    progress = Progress(("unet", "test", 3), 1000, tmp_path / "beat.json")
    progress.start(400, "a CPU")  # a training that goes on
    for step in range(401, 501):
        clock.now += 0.5
        progress.update(step, 0.25)
    progress.validated(ROW)
    progress.validated(ROW | {"validation_v_rand": None})
    assert progress.beat.validation_v_rand is None
    progress.validated(ROW)
    clock.now += 6
    progress.update(501, 0.125)
    beat = json.loads((tmp_path / "beat.json").read_text())
    assert (beat["arm"], beat["fold"], beat["seed"], beat["state"]) == ("unet", "test", 3, "running")
    assert (beat["step"], beat["steps"], beat["loss"], beat["validation_v_rand"]) == (501, 1000, 0.125, 0.97)
    assert beat["steps_per_second"] == pytest.approx(101 / 56)
    assert beat["seconds_left"] == pytest.approx(499 * 56 / 101)
    lines = messages()
    assert "step 401/1000: loss 0.2500, 2.00 steps/s, 300 s left" in lines[0]
    assert 2 <= sum(line.startswith("step") for line in lines) <= 4  # one in half a minute, not one a step
    assert "epoch 5: training loss 0.2000, validation loss 0.3000, V_rand 0.9700" in lines
    assert "epoch 5: training loss 0.2000, validation loss 0.3000, V_rand -" in lines
    assert beat["device"] == "a CPU"


@pytest.mark.parametrize(
    ("error", "state"), [(None, "finished"), (SystemExit(143), "stopped"), (OSError("disk full"), "failed")]
)
def test_the_last_heartbeat_tells_how_it_ended(tmp_path, error, state):
    progress = Progress(("unet", "test", 3), 10, tmp_path / "beat.json")
    with pytest.raises(type(error)) if error else nullcontext(), progress.until_the_end():
        progress.start(0, "a CPU")
        if error:
            raise error
    assert json.loads((tmp_path / "beat.json").read_text())["state"] == state


def test_a_terminal_gets_a_bar_and_the_log_plain_lines(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(module.sys, "stderr", terminal)
    start_log("train", tmp_path / "train.log")
    progress = Progress(("fusionnet", "25-29", 0), 10, tmp_path / "beat.json")
    progress.start(0, "a CPU")
    with progress.until_the_end():
        for step in range(1, 11):
            progress.update(step, 0.5)
        progress.validated(ROW)
        logging.getLogger("fusionnet.train.loop").info("a message")
    assert "train: 100%" in terminal.getvalue()
    # Each line begins where a bar was taken away, and ends before the next one is drawn.
    assert "\rtrain: a message\n" in terminal.getvalue() and "\rtrain: epoch 5: " in terminal.getvalue()
    assert (tmp_path / "train.log").read_text().splitlines() == [
        "train: epoch 5: training loss 0.2000, validation loss 0.3000, V_rand 0.9700",
        "train: a message",
    ]
