"""Arrays in chunks that tensorstore reads, on a disk or at an address, as what is sliced like an array.

A chunk that is not there stands for the fill value in every such format: programs leave chunks of one value out, and a
copy that broke off has lost them. Neither is read without a word.
"""

import itertools
import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.chunk_names import other_names, refuse_packed_chunks
from fusionnet.volumes.places import METADATA_SECONDS, Place, context, reason
from fusionnet.volumes.source import StoredArray

LOG = logging.getLogger(__name__)
MOST_COUNTED = 50_000  # chunks that are looked for when a volume on a disk is opened
COUNTING_SECONDS = 2.0
UNKNOWN_CODEC = re.compile(
    r"is not registered|filters are not supported|Error parsing object member .(codecs|compressor)"
)
CAUSES = "a program left them out as empty, or a copy of the volume lost them"


class UnknownCodecError(UserError):
    """The voxels are compressed in a way that tensorstore does not read."""


class ChunkedArray(StoredArray, Protocol):
    """An array in chunks, and what there is to say of it."""

    @property
    def dtype(self) -> np.dtype:
        """Of what is read."""

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of the chunks that are read whole."""

    def missing_chunks(self) -> list[str]:
        """Return a note if chunks are not there and that is soon known; raise a `UserError` if none is."""


@dataclass
class TensorStoreArray:
    """An array, its origin at 0 and its axes as they are stored.

    Attributes:
        place: Where it is.
        store: Refuses chunks that are not there.
        filling: Fills them.
        folder: Where its chunks lie.
        missing: How many are not there; None where that was not counted.
    """

    place: Place
    store: Any
    filling: Any
    folder: Place
    missing: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """As it is stored."""
        return tuple(self.store.shape)

    @property
    def dtype(self) -> np.dtype:
        """Of what is read."""
        return self.store.dtype.numpy_dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of the chunks that are read whole."""
        return tuple(self.store.chunk_layout.read_chunk.shape)

    @property
    def fill_value(self) -> Any:
        """What a chunk that is not there holds."""
        return 0 if self.store.fill_value is None else self.store.fill_value.item()

    def __getitem__(self, index: Any) -> np.ndarray:
        if self.missing:
            return self.filling[index].read().result()
        try:
            return self.store[index].read().result()
        except ValueError as error:
            if "byte range" in str(error) and "was ignored" in str(error):
                raise UserError(
                    f"{self.place.name}: its server sends whole files alone, and shards are read by parts; download "
                    "it, or serve it by one that knows byte ranges"
                ) from error
            if not _is_missing(error):
                raise ValueError(reason(error)) from error
            if self.missing == 0:
                raise ValueError(f"{reason(error)}, and was there when the volume was opened") from error
        if self.missing is None:
            causes = CAUSES if self.place.is_local else f"{CAUSES}, or they are named otherwise (cloud-volume's .gz)"
            if self.place.is_local:
                refuse_packed_chunks(self.place.name, Path(self.folder.name))
            self.missing = 1  # at least
            LOG.warning("%s: chunks are missing and are read as %g: %s", self.place.name, self.fill_value, causes)
        return self.filling[index].read().result()

    def missing_chunks(self) -> list[str]:
        """Count the chunks that are not there, unless it is an address or they are so many that it takes long."""
        total = int(
            np.prod([-(-size // side) for size, side in zip(self.shape, self.chunks, strict=True)], dtype=np.int64)
        )
        if total > MOST_COUNTED or not self.place.is_local:
            return []
        try:
            every = self.store.storage_statistics(query_fully_stored=True, query_not_stored=True).result()
        except (ValueError, NotImplementedError):  # not known of this format
            return []
        if every.fully_stored:
            self.missing = 0
            return []
        missing, more = (total, "") if every.not_stored else self._count()
        self.missing = max(1, missing)
        refuse_packed_chunks(self.place.name, Path(self.folder.name))
        return [more + _missing(self.place.name, self.missing, total, self.fill_value, Path(self.folder.name))]

    def _count(self) -> tuple[int, str]:
        """Return how many chunks are missing, and ``"at least "`` if the time for counting was too short."""
        deadline, missing = time.monotonic() + COUNTING_SECONDS, 0
        starts = (range(0, size, side) for size, side in zip(self.shape, self.chunks, strict=True))
        for corner in itertools.product(*starts):
            sides = zip(corner, self.chunks, self.shape, strict=True)
            region = tuple(slice(start, min(start + side, size)) for start, side, size in sides)
            missing += self.store[region].storage_statistics(query_not_stored=True).result().not_stored
            if time.monotonic() > deadline:
                return missing, "at least "
        return missing, ""


def _is_missing(error: Exception) -> bool:
    return str(error).startswith("NOT_FOUND") and str(error).endswith("is missing")


def open_array(place: Place, driver: str, folder: Place | None = None, **options: Any) -> TensorStoreArray:
    """Open the array at a place.

    Args:
        place: Where its metadata is.
        driver: Tensorstore's name of the format.
        folder: Where its chunks are; None if beside its metadata.
        options: Of that driver.

    Raises:
        UserError: It cannot be read, or is a single value.
    """
    import tensorstore

    spec = {"driver": driver, "kvstore": place.kvstore, "recheck_cached_data": False, **options}
    try:
        strict, filling = (
            tensorstore.open(
                spec | {"fill_missing_data_reads": fills}, open=True, read=True, context=context(place.is_local)
            ).result(METADATA_SECONDS)[tensorstore.d[:].translate_to[0]]
            for fills in (False, True)
        )
    except (ValueError, TimeoutError, NotImplementedError) as error:
        kind = UnknownCodecError if UNKNOWN_CODEC.search(str(error)) else UserError
        raise kind(f"{place.name}: cannot be read as {driver} ({reason(error)})") from error
    if strict.rank == 0:
        raise UserError(f"{place.name}: a single value, expected an array (Z, Y, X)")
    return TensorStoreArray(place, strict, filling, folder or place)


def _missing(name: str, missing: int, total: int, fill_value: Any, folder: Path) -> str:
    if missing == total:
        raise UserError(f"{name}: not one of its {total} chunks is there; {other_names(folder)}")
    are = "is" if missing == 1 else "are"
    return f"{missing} of {total} chunks {are} missing and {are} read as {fill_value:g}: {CAUSES}"


@dataclass
class ZarrPythonArray:
    """A Zarr array on a disk whose compression tensorstore does not know (lz4 and filters of Zarr 2)."""

    array: Any
    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        """As it is stored."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> np.dtype:
        """Of what is read."""
        return np.dtype(self.array.dtype).newbyteorder("=")

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of the chunks that are read whole."""
        return tuple(self.array.chunks)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self.array[index])

    def missing_chunks(self) -> list[str]:
        """Count the chunks that are not there."""
        total, there = self.array.nchunks, self.array.nchunks_initialized
        return (
            [_missing(self.name, total - there, total, self.array.fill_value or 0, Path(self.name))]
            if there < total
            else []
        )


def open_with_zarr_python(place: Place) -> ZarrPythonArray:
    """Open a Zarr array by zarr-python, which has more codecs; only on a disk.

    Raises:
        UserError: It lies at an address, or cannot be read so either.
    """
    if not place.is_local:
        raise UserError(f"{place.name}: compressed in a way that is not read from an address; download it first")
    import zarr

    try:
        return ZarrPythonArray(zarr.open_array(place.name, mode="r"), place.name)
    except Exception as error:  # of many families, by codec
        raise UserError(f"{place.name}: cannot be read as Zarr ({reason(error)})") from error
