"""Arrays that tensorstore reads, as what is sliced like an array."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError


@dataclass(frozen=True)
class TensorStoreArray:
    """An array of a folder of chunks, its origin at 0 and its axes as they are stored."""

    store: Any

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

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.store[index].read().result()


def open_array(name: str, driver: str) -> TensorStoreArray:
    """Open the array in a folder.

    Args:
        name: The folder.
        driver: Tensorstore's name of the format.

    Raises:
        UserError: It cannot be read.
    """
    import tensorstore

    store = {"driver": "file", "path": f"{Path(name).resolve()}/"}
    try:
        opened = tensorstore.open({"driver": driver, "kvstore": store}, open=True, read=True).result()
    except ValueError as error:
        raise UserError(f"{name}: cannot be read as {driver} ({str(error).splitlines()[0]})") from error
    return TensorStoreArray(opened[tensorstore.d[:].translate_to[0]])
