"""Where the trainings of an experiment are, from the heartbeats that they leave in their work folders."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import TypeAdapter

from fusionnet.train.progress import HEARTBEAT, Heartbeat

SILENT_SECONDS = 120.0
CLOCK_SECONDS = 2.0  # by so much a process may seem to be younger than what it wrote
COLUMNS = ("arm", "fold", "seed", "state", "step", "loss", "V_rand", "steps/s", "left", "seen")


@dataclass(frozen=True)
class Replicate:
    """One training of an experiment, and its heartbeat if it has begun."""

    arm: str
    fold: str
    seed: int
    beat: Heartbeat | None
    trained: bool  # its checkpoint exists


def find_replicates(
    names: list[tuple[str, str, int]], work: Path = Path("work"), results: Path = Path("results")
) -> list[Replicate]:
    """Look up the trainings of an experiment.

    Args:
        names: (arm, fold, seed) of each.
        work: The experiment's work folder.
        results: The experiment's results.
    """
    replicates = []
    for arm, fold, seed in names:
        place = Path(arm) / fold / f"seed-{seed}"
        trained = (results / "replicates" / place / "checkpoint.pt").exists()
        replicates.append(Replicate(arm, fold, seed, _read(work / place / HEARTBEAT), trained))
    return replicates


def table(replicates: list[Replicate], now: float) -> str:
    """Return the trainings as a table of aligned columns.

    Args:
        replicates: See `find_replicates`.
        now: Seconds since 1970.
    """
    rows = [COLUMNS, *(_row(replicate, now) for replicate in replicates)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def state_of(beat: Heartbeat, now: float) -> str:
    """Return a training's state; a process that says "running" may have been killed since."""
    if beat.state != "running":
        return beat.state
    if beat.host == socket.gethostname():
        return "running" if _lives(beat) else "killed"
    return "running" if now - beat.updated < SILENT_SECONDS else "silent"


def duration(seconds: float) -> str:
    """Return a time span as a person says it: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _row(replicate: Replicate, now: float) -> tuple[str, ...]:
    beat = replicate.beat
    name = (replicate.arm, replicate.fold, str(replicate.seed))
    if beat is None:
        return (*name, "finished" if replicate.trained else "not begun", *[""] * 6)
    return (
        *name,
        state_of(beat, now),
        f"{beat.step}/{beat.steps}",
        "" if beat.loss is None else f"{beat.loss:.4f}",
        "" if beat.validation_v_rand is None else f"{beat.validation_v_rand:.4f}",
        "" if beat.steps_per_second is None else f"{beat.steps_per_second:.2f}",
        "" if beat.seconds_left is None else duration(beat.seconds_left),
        f"{duration(max(0.0, now - beat.updated))} ago",
    )


def _read(path: Path) -> Heartbeat | None:
    try:
        return TypeAdapter(Heartbeat).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):  # none, a damaged one, or one of another version
        return None


def _lives(beat: Heartbeat) -> bool:
    """Return whether the process lives that wrote it; the system may have given its number to a later one."""
    try:
        return psutil.Process(beat.process).create_time() < beat.updated + CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False
