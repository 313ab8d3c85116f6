"""Parts of a volume's prediction, made by several jobs and gathered into one volume.

A part's file is a line of JSON, which says what it is a part of, and a record for each of its chunks in order: the
number of missing pixels (8 bytes), the probabilities and, if asked for, the standard deviations (float32, little
endian). What a killed job left is gone on with after the last whole record.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import lock
from fusionnet.predict.predictor import Prediction
from fusionnet.predict.streaming import VolumeSink
from fusionnet.predict.summary import Summary, joined, summarise
from fusionnet.predict.tiles import Chunk, ChunkPlan, Span
from fusionnet.volumes.output import part_path

PIXELS = np.dtype("<f4")
COUNT = np.dtype("<i8")


def parse_part(text: str) -> tuple[int, int]:
    """Return part and number of parts of ``"I/N"``, counted from 1."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise UserError(f"part: got {text!r}, expected I/N with I from 1 to N, such as 3/8")
    return int(part), int(parts)


class PartSink:
    """Writes one part's file.

    Args:
        path: The file.
        plan: Chunks of the whole volume.
        part: Which part, counted from 1, and of how many.
        deviation: Keep the standard deviation too.
        identity: JSON-ready: all that the content depends on, and what `gather` needs to know.
    """

    def __init__(self, path: Path, plan: ChunkPlan, part: tuple[int, int], deviation: bool, identity: dict[str, Any]):
        self.path = path
        self.numbers = plan.part(*part)
        self._deviation = deviation
        self._temporary = part_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._temporary.open("a+b")
        lock(self._file, f"{path}: another process is writing it; wait for that one, or end it")
        header = identity | {"part": list(part), "deviation": deviation, "plan": plan_as_json(plan)}
        line = json.dumps(header, sort_keys=True).encode() + b"\n"
        self._file.seek(0)
        if self._file.readline() != line:
            self._file.seek(0)  # else the position, from which `_whole_records` counts, is that behind the old header
            self._file.truncate()
            self._file.write(line)
            self._file.flush()
        self._summaries = dict(self._whole_records(plan))

    def _whole_records(self, plan: ChunkPlan) -> Iterator[tuple[int, Summary]]:
        end = self._file.tell()
        for number in self.numbers:
            record = _read_record(self._file, plan[number], self._deviation)
            if record is None:
                break
            end = self._file.tell()
            yield number, summarise(record.probability, record.missing)
        self._file.truncate(end)
        self._file.seek(0, 2)

    @property
    def finished(self) -> Collection[int]:
        """Numbers of the chunks that an earlier job wrote."""
        return self._summaries

    def write(self, chunk: Chunk, prediction: Prediction) -> None:
        """Append a chunk's record."""
        arrays = [prediction.probability, prediction.deviation][: 1 + self._deviation]
        record = b"".join(np.ascontiguousarray(array, PIXELS).tobytes() for array in arrays)
        self._file.write(COUNT.type(prediction.missing).tobytes() + record)
        self._file.flush()
        self._summaries[chunk.number] = summarise(prediction.probability, prediction.missing)

    def finish(self) -> Summary:
        """Give the file its name."""
        self._temporary.replace(self.path)
        self._file.close()
        return joined(self._summaries.values())

    def interrupt(self) -> None:
        """Leave the file to the next job."""
        self._file.close()


@dataclass(frozen=True)
class Part:
    """A whole part's file."""

    path: Path
    header: dict[str, Any]
    start: int

    @property
    def whole(self) -> dict[str, Any]:
        """What it is a part of."""
        return {key: value for key, value in self.header.items() if key != "part"} | {"parts": self.header["part"][1]}


def open_parts(paths: Sequence[Path]) -> list[Part]:
    """Return the parts in order.

    Raises:
        UserError: A file that is no part, parts of different wholes, or a part that is missing or twice there.
    """
    parts = sorted((_open_part(path) for path in paths), key=lambda part: part.header["part"][0])
    for part in parts:
        if part.whole != parts[0].whole:
            keys = sorted(part.whole.keys() | parts[0].whole.keys())
            differing = [key for key in keys if part.whole.get(key) != parts[0].whole.get(key)]
            raise UserError(
                f"{part.path} and {parts[0].path} are parts of different predictions: {', '.join(differing)} differ; "
                "make them again"
            )
    found, expected = [part.header["part"][0] for part in parts], list(range(1, parts[0].whole["parts"] + 1))
    if found != expected:
        raise UserError(f"parts: got {found} of {expected[-1]}, expected each from 1 to {expected[-1]} once")
    return parts


def gather(parts: Sequence[Part], sink: VolumeSink) -> Summary:
    """Write the chunks of all parts into one volume."""
    plan = plan_from_json(parts[0].header["plan"])
    try:
        for part in parts:
            with part.path.open("rb") as file:
                file.seek(part.start)
                for number in plan.part(*part.header["part"]):
                    prediction = _read_record(file, plan[number], part.header["deviation"])
                    if prediction is None:
                        raise UserError(f"{part.path}: truncated at chunk {number}; make this part again")
                    if number not in sink.finished:
                        sink.write(plan[number], prediction)
    except BaseException:
        sink.interrupt()
        raise
    return sink.finish()


def plan_as_json(plan: ChunkPlan) -> dict[str, Any]:
    """Return a plan as JSON-ready values; only the tiles are kept, which is what a reader needs."""
    cuts = {axis: [[s.start, s.stop] for s in getattr(plan, axis)] for axis in ("rows", "columns")}
    return {"slices": [plan.slices.start, plan.slices.stop], "depth": plan.depth, **cuts}


def plan_from_json(kept: dict[str, Any]) -> ChunkPlan:
    """Return the plan of `plan_as_json`; its windows are the tiles themselves."""
    rows, columns = ([Span(start, stop, start, stop) for start, stop in kept[axis]] for axis in ("rows", "columns"))
    return ChunkPlan(range(*kept["slices"]), rows, columns, kept["depth"])


def _open_part(path: Path) -> Part:
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            start = file.tell()
        if not {"part", "plan", "deviation"} <= header.keys():
            raise ValueError("other keys")
        plan_from_json(header["plan"]).part(*header["part"])
    except (ValueError, AttributeError, TypeError, LookupError, ZeroDivisionError) as error:
        raise UserError(f"{path}: no part that scripts/predict.py --part wrote") from error
    return Part(path, header, start)


def _read_record(file: BinaryIO, chunk: Chunk, deviation: bool) -> Prediction | None:
    """Return the next record, or None if the file ends before its end."""
    size = int(np.prod(chunk.shape)) * PIXELS.itemsize
    record = file.read(COUNT.itemsize + size * (1 + deviation))
    if len(record) < COUNT.itemsize + size * (1 + deviation):
        return None
    missing = int(np.frombuffer(record, COUNT, 1)[0])
    arrays = np.frombuffer(record, PIXELS, offset=COUNT.itemsize).reshape(-1, *chunk.shape)
    return Prediction(arrays[0], arrays[-1] if deviation else np.zeros_like(arrays[0]), missing)
