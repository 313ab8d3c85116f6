"""Where a prediction's chunks are until they are volumes: one chunked store for each result, for any number of jobs.

A chunk that is there is done: resuming after a kill, and scattering over jobs, are the same thing. Chunks are written
under another name and renamed, so one that is there is whole; whoever wrote it, its bytes are the same.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import file_of, write_text
from fusionnet.predict.predictor import Prediction
from fusionnet.predict.summary import Summary, joined, summarise
from fusionnet.predict.tiles import Chunk, ChunkPlan
from fusionnet.volumes.chunked_output import ZarrWriter, chunk_file, first_level
from fusionnet.volumes.levels import Writes
from fusionnet.volumes.output import OutputPlan, PartFolder, part_path, remove
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import require_room, writer_of

STORE = "store"
MISSING = "missing"  # a folder: of chunks with pixels that were not a number, how many
DEVIATION_WINDOW = (0.0, 0.5)  # 0.5 is the greatest standard deviation of values in 0..1


def parse_shard(text: str) -> tuple[int, int]:
    """Return shard and number of shards of ``"I/N"``, counted from 1."""
    shard, _, shards = text.partition("/")
    if not (shard.isdigit() and shards.isdigit() and 1 <= int(shard) <= int(shards)):
        raise UserError(f"shard: got {text!r}, expected I/N with I from 1 to N, such as 3/8")
    return int(shard), int(shards)


class PredictionStore:
    """The stores of a prediction's results, beside them, for one job.

    Args:
        outputs: Paths of the probabilities and, if they are wanted, of their standard deviation.
        output: What the probabilities are to be.
        plan: Chunks of the whole volume.
        numbers: Those that this job may write; no other process may have any of them.
        identity: JSON-ready: all that the chunks depend on. Chunks that were made from something else are removed.

    Raises:
        UserError: A result that cannot be written, no room, or another process is writing the same.
    """

    def __init__(
        self, outputs: Sequence[str], output: OutputPlan, plan: ChunkPlan, numbers: range, identity: dict[str, Any]
    ):
        self.numbers = numbers
        self._writes = Writes()
        second = replace(output, window=_scaled(DEVIATION_WINDOW, output.dtype), name="standard deviation")
        first = replace(output, window=_scaled((0.0, 1.0), output.dtype))
        self.plans = [first, second][: len(outputs)]
        self._writers = [writer_of(path, each) for path, each in zip(outputs, self.plans, strict=True)]
        # What is streamed from a store lies beside it for a while.
        require_room(
            {
                path: writer.size + (0 if isinstance(writer, ZarrWriter) else output.size)
                for path, writer in zip(outputs, self._writers, strict=True)
            }
        )
        layout = {"shape": plan.shape, "slices": [plan.slices.start, plan.slices.stop], "tile": output.chunk}
        made_from = identity | layout | {"dtype": str(output.dtype), "ome_version": output.ome_version}
        self._folders: list[PartFolder] = []
        try:
            for path, each in zip(outputs, self.plans, strict=True):
                self._folders.append(PartFolder(file_of(path), numbers, made_from | {"holds": each.name}, self._begin))
        except BaseException:
            self.close()
            raise
        self._stores = [folder.folder / STORE for folder in self._folders]
        try:
            self._arrays = [first_level(store, output) for store in self._stores]
        except ValueError as error:
            self.close()
            raise _damaged(self._folders[0].path, error) from error

    def _begin(self, folder: Path) -> None:
        first_level(folder / STORE, self.plans[0], create=True)

    def has(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is there."""
        file = chunk_file(self.plans[0], chunk.region)
        return all((store / file).exists() for store in self._stores)

    def write(self, chunk: Chunk, prediction: Prediction) -> None:
        """Begin to write a chunk; it is there when `flush` has ended, or earlier."""
        if prediction.missing:  # before the chunk, which says that all is there
            write_text(self._folders[0].folder / MISSING / str(chunk.number), str(prediction.missing))
        for array, values in zip(self._arrays, (prediction.probability, prediction.deviation), strict=False):
            if self.plans[0].dtype == np.uint8:
                values = values * 255
                np.rint(values, out=values)
            self._writes.add(array, chunk.region, np.ascontiguousarray(values, self.plans[0].dtype)[np.newaxis])

    def flush(self) -> None:
        """Wait until all chunks are there that were begun."""
        self._writes.wait()

    def finish(self) -> Summary:
        """Make the results, once every chunk is there, and give them their names.

        Returns:
            What the probabilities hold.
        """
        summaries: list[Summary] = []
        made: list[Path] = []
        for writer, folder, store, plan, array in zip(
            self._writers, self._folders, self._stores, self.plans, self._arrays, strict=True
        ):
            remove(folder.whole)  # of a job that was killed while it wrote it
            whole = store if isinstance(writer, ZarrWriter) else folder.whole
            writer.write(whole, _source(folder.path, plan, array, [] if made else summaries))
            made.append(whole)
        counts = self._folders[0].folder.glob(f"{MISSING}/[0-9]*")
        try:
            missing = sum(int(file.read_bytes()) for file in counts)
        except ValueError as error:
            raise _damaged(self._folders[0].path, error) from error
        for folder, whole in reversed(list(zip(self._folders, made, strict=True))):
            folder.publish(whole)
        return joined([*summaries, Summary(0, 1.0, 0.0, 0.0, 0, missing)])

    def close(self) -> None:
        """Leave what is there to the next job."""
        with suppress(UserError):  # what goes wrong with the last writes is no concern any more
            self.flush()
        for folder in self._folders:
            folder.close()


def _scaled(window: tuple[float, float], dtype: np.dtype) -> tuple[float, float]:
    factor = 255 if dtype == np.uint8 else 1
    return window[0] * factor, window[1] * factor


def _damaged(path: Path, error: ValueError) -> UserError:
    what = str(error).splitlines()[0]
    return UserError(f"{part_path(path)}: is damaged ({what}); remove this folder and predict again")


def _source(path: Path, plan: OutputPlan, array: Any, summaries: list[Summary]) -> VolumeSource:
    """Return a store as a volume, of which each region that is read leaves a summary."""

    def read(z: slice, y: slice, x: slice) -> np.ndarray:
        try:
            values = array[z, y, x].read().result()
        except ValueError as error:
            raise _damaged(path, error) from error
        summaries.append(summarise(values))
        return values

    return VolumeSource(str(path), plan.shape, plan.dtype, read, plan.voxel_size_nm)
