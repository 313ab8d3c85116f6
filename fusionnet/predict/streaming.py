"""A volume of any size predicted in flat memory: read block by block, predicted chunk by chunk, resumable."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from fusionnet.augment.geometry import around
from fusionnet.predict.journal import Journal
from fusionnet.predict.predictor import Prediction, Predictor, Window
from fusionnet.predict.summary import Summary, joined, summarise
from fusionnet.predict.tiles import Chunk, ChunkPlan
from fusionnet.volumes.grey_values import GreyWindow, to_levels
from fusionnet.volumes.hdf5 import file_of
from fusionnet.volumes.output import OutputPlan, VolumeOutput, part_path
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_output, require_room

LARGEST_BLOCK = 1 << 28  # bytes that a block may take in memory


def stored_depth(source: VolumeSource, side: int) -> int:
    """Return of how many slices the blocks are that a volume is read in.

    Args:
        source: The volume.
        side: Pixels of the windows that will be read; fewer slices are taken where a block would be too large.
    """
    window = min(side, source.shape[1]) * min(side, source.shape[2]) * source.dtype.itemsize
    return max(1, min(source.depth, source.shape[0], LARGEST_BLOCK // window))


class BlockReader:
    """Reads one slice's window at a time, and keeps the block that it lies in.

    Args:
        source: The volume.
        plan: Its chunks, in the order in which they will be read; others are read too, only slower.
        neighbours: Slices above, and as many below, that are read with each.
    """

    def __init__(self, source: VolumeSource, plan: ChunkPlan, neighbours: int = 0):
        self.source = source
        self._plan = plan
        self._neighbours = neighbours
        self._place: tuple[int, slice, slice] | None = None
        self._block = np.empty(0)

    def read(self, z: int, rows: slice, columns: slice) -> np.ndarray:
        """Return the window of a slice of the volume and of its neighbours, (1 + 2 * neighbours, Y, X)."""
        depth = self._plan.depth
        place = z // depth, rows, columns
        first = max(0, max(place[0] * depth, self._plan.slices.start) - self._neighbours)
        if place != self._place:
            last = min((place[0] + 1) * depth, self._plan.slices.stop) + self._neighbours
            self._block = np.empty(0)  # let go of the last block before there is another
            self._block = self.source.read(slice(first, min(last, self.source.shape[0])), rows, columns)
            self._place = place
        return self._block[around(z, self._neighbours, self.source.shape[0]) - first]


READ_AHEAD = 2  # windows: one is ready while the next is read


class Sink(Protocol):
    """What takes predictions: a volume, or a part of one."""

    @property
    def finished(self) -> Collection[int]:
        """Numbers of the chunks that an earlier job wrote."""

    def write(self, chunk: Chunk, prediction: Prediction) -> None:
        """Take a chunk."""

    def finish(self) -> Summary:
        """Give the result its name; called when all chunks are there."""

    def interrupt(self) -> None:
        """Close, and leave what is written to the next job."""


@dataclass(frozen=True)
class Work:
    """How much was done, for the timing report; what an earlier job did is not in it."""

    seconds: float
    pixels: int


def predict_volume(
    source: VolumeSource,
    plan: ChunkPlan,
    numbers: range,
    predictor: Predictor,
    window: GreyWindow | None,
    sink: Sink,
) -> tuple[Summary, Work]:
    """Predict chunks of a volume that the sink does not have yet, and finish it.

    Args:
        source: The volume.
        plan: Its chunks.
        numbers: Those that are to be predicted.
        predictor: The network.
        window: See `fusionnet.volumes.grey_values`.
        sink: Takes the predictions.

    Returns:
        What the whole result holds, and how long it took.
    """
    todo = [number for number in numbers if number not in sink.finished]
    start, pixels = time.perf_counter(), 0
    try:
        with _progress_bar(plan, numbers, todo) as bar:
            blocks = BlockReader(source, plan, predictor.neighbours)
            for chunk, prepared in _read_ahead(plan, todo, lambda each: _read(blocks, each, predictor, window)):
                sink.write(chunk, predictor.predict(prepared))
                pixels += int(np.prod(chunk.shape))
                bar.update(int(np.prod(chunk.shape)))
    except BaseException:
        sink.interrupt()
        raise
    seconds = time.perf_counter() - start
    return sink.finish(), Work(seconds, pixels)


def _progress_bar(plan: ChunkPlan, numbers: range, todo: list[int]) -> tqdm:
    total = sum(int(np.prod(chunk.shape)) for chunk in plan.chunks(numbers))
    left = sum(int(np.prod(plan[number].shape)) for number in todo)
    return tqdm(total=total, initial=total - left, unit="voxel", unit_scale=True, disable=None, smoothing=0.05)


def _read_ahead(
    plan: ChunkPlan, todo: Iterable[int], read: Callable[[Chunk], Window]
) -> Iterator[tuple[Chunk, Window]]:
    """Read and prepare windows in a second thread while the caller computes."""
    with ThreadPoolExecutor(1) as reader:
        waiting: deque[tuple[Chunk, Future[Window]]] = deque()
        try:
            for number in todo:
                chunk = plan[number]
                waiting.append((chunk, reader.submit(read, chunk)))
                if len(waiting) > READ_AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _read(blocks: BlockReader, chunk: Chunk, predictor: Predictor, window: GreyWindow | None) -> Window:
    _, height, width = blocks.source.shape
    rows, columns = chunk.rows.picked(height), chunk.columns.picked(width)
    top, left = int(rows.min()), int(columns.min())
    grey = blocks.read(chunk.source_z, slice(top, int(rows.max()) + 1), slice(left, int(columns.max()) + 1))
    return predictor.prepare(to_levels(grey[:, rows - top][:, :, columns - left], window), chunk)


class VolumeSink:
    """Writes whole volumes, with a journal beside the first.

    Args:
        probabilities: Where the probabilities go.
        deviation: Where their standard deviation goes, or None.
        output: What the volumes are to be.
        identity: JSON-ready: all that their content depends on.

    Raises:
        UserError: No room, no permission, or another process is writing the same.
    """

    def __init__(self, probabilities: Path, deviation: Path | None, output: OutputPlan, identity: dict[str, Any]):
        paths = [path for path in (probabilities, deviation) if path is not None]
        parts = [part_path(file_of(path)) for path in paths]
        first = file_of(probabilities)
        identity = identity | {"outputs": [str(path) for path in paths], "dtype": str(output.dtype)}
        require_room(paths, output, resume=True)
        self.journal = Journal(first.with_name(f".{first.name}.journal"), identity, parts)
        resume = bool(self.journal.finished)
        try:
            self.outputs: list[VolumeOutput] = [open_output(path, output, resume) for path in paths]
        except BaseException:
            self.journal.close(done=not resume)
            raise

    @property
    def finished(self) -> Collection[int]:
        """Numbers of the chunks that an earlier job wrote."""
        return self.journal.finished

    def write(self, chunk: Chunk, prediction: Prediction) -> None:
        """Write a chunk and note it."""
        for output, values in zip(self.outputs, (prediction.probability, prediction.deviation), strict=False):
            output.write(chunk.region, values)
        self.journal.add(chunk.number, summarise(prediction.probability, prediction.missing))

    def finish(self) -> Summary:
        """Give the volumes their names."""
        for output in self.outputs:
            output.finish()
        self.journal.close(done=True)
        return joined(self.journal.finished.values())

    def interrupt(self) -> None:
        """Leave volumes and journal to the next job."""
        self.journal.close(done=False)
