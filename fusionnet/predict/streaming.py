"""A volume of any size predicted in flat memory: read block by block, predicted chunk by chunk, resumable."""

import time
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from fusionnet.augment.geometry import around
from fusionnet.predict.predictor import Predictor, Window
from fusionnet.predict.store import PredictionStore
from fusionnet.predict.tiles import Chunk, ChunkPlan
from fusionnet.volumes.grey_values import GreyWindow, to_levels
from fusionnet.volumes.source import VolumeSource, read_ahead

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


@dataclass(frozen=True)
class Work:
    """How much was done, for the timing report.

    Attributes:
        seconds: How long it took.
        pixels: What was predicted in them.
        already: Number of chunks that were there before.
    """

    seconds: float
    pixels: int
    already: int


def predict_volume(
    source: VolumeSource,
    plan: ChunkPlan,
    predictor: Predictor,
    window: GreyWindow | None,
    store: PredictionStore,
) -> Work:
    """Predict the chunks of a job that are not in its store yet; afterwards they are.

    Args:
        source: The volume.
        plan: Its chunks.
        predictor: The network.
        window: See `fusionnet.volumes.grey_values`.
        store: Takes the predictions, and says which are the job's.

    Returns:
        How long it took.
    """
    todo = [number for number in store.numbers if not store.has(plan[number])]
    start, pixels = time.perf_counter(), 0
    with _progress_bar(plan, store.numbers, todo) as bar:
        blocks = BlockReader(source, plan, predictor.neighbours)
        chunks = (plan[number] for number in todo)
        for chunk, prepared in read_ahead(chunks, lambda each: _read(blocks, each, predictor, window)):
            store.write(chunk, predictor.predict(prepared))
            pixels += int(np.prod(chunk.shape))
            bar.update(int(np.prod(chunk.shape)))
    store.flush()
    return Work(time.perf_counter() - start, pixels, len(store.numbers) - len(todo))


def _progress_bar(plan: ChunkPlan, numbers: range, todo: list[int]) -> tqdm:
    total = sum(int(np.prod(chunk.shape)) for chunk in plan.chunks(numbers))
    left = sum(int(np.prod(plan[number].shape)) for number in todo)
    return tqdm(total=total, initial=total - left, unit="voxel", unit_scale=True, disable=None, smoothing=0.05)


def _read(blocks: BlockReader, chunk: Chunk, predictor: Predictor, window: GreyWindow | None) -> Window:
    _, height, width = blocks.source.shape
    rows, columns = chunk.rows.picked(height), chunk.columns.picked(width)
    top, left = int(rows.min()), int(columns.min())
    grey = blocks.read(chunk.source_z, slice(top, int(rows.max()) + 1), slice(left, int(columns.max()) + 1))
    picked = grey.take(rows - top, 1).take(columns - left, 2)
    return predictor.prepare(to_levels(picked, window) if window else picked, chunk)
