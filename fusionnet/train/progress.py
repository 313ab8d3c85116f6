"""What a person sees of a training: a bar on a terminal, else plain lines, and a heartbeat file."""

import logging
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fusionnet.files import write_json

LOG = logging.getLogger(__name__)
HEARTBEAT = "heartbeat.json"  # the file's name in a job's work folder
HEARTBEAT_SECONDS = 5.0
LINE_SECONDS = 30.0


@dataclass
class Heartbeat:
    """A training's last sign of life, as `status` reads it."""

    arm: str
    fold: str
    seed: int
    steps: int
    step: int = 0
    state: str = "running"  # or finished, stopped (by a signal), failed
    loss: float | None = None
    validation_v_rand: float | None = None
    steps_per_second: float | None = None
    seconds_left: float | None = None
    device: str = ""
    host: str = socket.gethostname()
    process: int = field(default_factory=os.getpid)
    updated: float = 0.0  # seconds since 1970


class Progress:
    """Shows where a training is.

    Args:
        name: (arm, fold, seed).
        steps: Number of steps of the training.
        heartbeat: The file that `status` reads.
    """

    def __init__(self, name: tuple[str, str, int], steps: int, heartbeat: Path):
        self.heartbeat = heartbeat
        self.beat = Heartbeat(*name, steps=steps)
        self.terminal = sys.stderr.isatty()
        self.bar: tqdm | None = None
        self._first_step, self._started, self._last_beat, self._last_line = 0, time.monotonic(), 0.0, 0.0

    def start(self, step: int, device: str) -> None:
        """Begin at a step, 0 or the one that a training goes on from, on a device of that name."""
        self.beat.device = device
        self.beat.step = self._first_step = step
        self._started = time.monotonic()
        if self.terminal:
            self.bar = tqdm(total=self.beat.steps, initial=step, desc="train", unit="step", dynamic_ncols=True)
        self._write_heartbeat()

    def update(self, step: int, loss: float) -> None:
        """Note the number of steps done."""
        now = time.monotonic()
        rate = (step - self._first_step) / max(now - self._started, 1e-9)
        if self.bar is not None:
            self.bar.update(step - self.beat.step)
            self.bar.set_postfix(loss=f"{loss:.4f}", v_rand=_number(self.beat.validation_v_rand), refresh=False)
        self.beat.step, self.beat.loss, self.beat.steps_per_second = step, loss, rate
        self.beat.seconds_left = (self.beat.steps - step) / rate
        if now - self._last_beat > HEARTBEAT_SECONDS:
            self._write_heartbeat()
        if now - self._last_line > LINE_SECONDS and not self.terminal:
            self._line(now)

    def validated(self, row: Mapping[str, Any]) -> None:
        """Take note of an epoch's row of the history, if it was validated."""
        if row["validation_loss"] is None:
            return
        self.beat.validation_v_rand = row["validation_v_rand"]
        values = (row["epoch"], row["train_loss"], row["validation_loss"], _number(row["validation_v_rand"]))
        LOG.info("epoch %d: training loss %.4f, validation loss %.4f, V_rand %s", *values)

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Close the bar after the block, and let the last heartbeat tell how it ended."""
        try:
            yield
            self.beat.state = "finished"
        except SystemExit:
            self.beat.state = "stopped"
            raise
        except BaseException:
            self.beat.state = "failed"
            raise
        finally:
            if self.bar is not None:
                self.bar.close()
            self.beat.seconds_left = None
            self._write_heartbeat()

    def _line(self, now: float) -> None:
        beat = self.beat
        left = f"{beat.seconds_left:.0f} s left" if beat.seconds_left is not None else ""
        values = (beat.step, beat.steps, beat.loss, beat.steps_per_second, left)
        LOG.info("step %d/%d: loss %.4f, %.2f steps/s, %s", *values)
        self._last_line = now

    def _write_heartbeat(self) -> None:
        self.beat.updated, self._last_beat = time.time(), time.monotonic()
        write_json(self.heartbeat, asdict(self.beat))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
