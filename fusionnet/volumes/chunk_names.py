"""Chunks that are there under other names than their format gives them: they would be read as missing, that is as 0.

findings/cloudvolume_gz_read_as_background.sh shows it.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from fusionnet.errors import UserError

MOST_FILES = 50_000  # that are looked at
PACKED = (".gz", ".br", ".zst", ".zstd", ".xz", ".bz2")  # appended to the name of a file that is compressed as a whole
METADATA = ("zarr.json", "attributes.json", "info")


def refuse_packed_chunks(name: str, folder: Path) -> None:
    """Raise a `UserError` if a chunk is there compressed as a whole file, and not as the format has it.

    Args:
        name: Of the volume, for the message.
        folder: Where its chunks lie on a disk.
    """
    for file in _files(folder):
        if file.suffix in PACKED and not file.with_suffix("").exists():
            how = f" (gunzip -r {folder})" * (file.suffix == ".gz")
            raise UserError(
                f"{name}: its chunks end in {file.suffix}, such as {file.relative_to(folder)}, names that the format "
                f"does not have (cloud-volume and neuroglancer-scripts write so into folders); unpack them{how}, or "
                "write it again with compress=False or --no-gzip"
            )


def other_names(folder: Path) -> str:
    """Return what to say of a folder where no chunk has the name that it should have: of a file that is there."""
    file = next(_files(folder), None)
    if file is None:
        return "fetch or export it again"
    nested = " (neuroglancer-scripts: --flat; Zarr 2: 'dimension_separator' in .zarray)" * (file.parent != folder)
    return f"its files have other names, such as {file.relative_to(folder)}{nested}; export it again"


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that may be chunks."""
    found = (
        Path(inside, file)
        for inside, _, files in os.walk(folder)
        for file in files
        if file not in METADATA and not file.startswith(".")
    )
    return islice(found, MOST_FILES)
