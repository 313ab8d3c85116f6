"""A short word for what a volume holds, cheap to make even where reading all of it is not."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from fusionnet.files import file_of, sha256
from fusionnet.volumes.hdf5 import pointed_files
from fusionnet.volumes.places import METADATA_FILES, is_address, metadata_fingerprint

WHOLE_BYTES = 1 << 30  # up to 1 GiB a file is read whole
SAMPLES = 256
SAMPLE_BYTES = 1 << 20
METADATA = (*METADATA_FILES, ".zmetadata")


def volume_fingerprint(path: Path | str) -> str:
    """Return what identifies a volume's content.

    Args:
        path: As `fusionnet.volumes.volume.open_volume` takes it.

    Returns:
        The SHA-256 of a file up to 1 GiB. Of a larger one, ``sampled:`` and the SHA-256 of its size and of 256 samples
        of 1 MiB. Of a folder, ``listed:`` and the SHA-256 of the names and sizes of its files and of its metadata.
        Of an array of an HDF5 file that lies in others, ``linked:`` and the SHA-256 of what identifies them all.
        Of an address, ``metadata:`` and the SHA-256 of the address and of the metadata there.
    """
    if is_address(path):
        return f"metadata:{metadata_fingerprint(str(path))}"
    file = file_of(path)
    if file.is_dir():
        return _listed(file)
    others = [each for each in pointed_files(path) if each.is_file()]
    if others:
        listed = "".join(_content(each) for each in (file, *others))
        return f"linked:{hashlib.sha256(listed.encode()).hexdigest()}"
    return _content(file)


def _content(file: Path) -> str:
    return sha256(file) if file.stat().st_size <= WHOLE_BYTES else _sampled(file)


def files_fingerprint(paths: Iterable[Path | str]) -> str:
    """Return what tells whether someone changed files, at the cost of looking them up.

    An input's time alone does not tell: a folder's stays when one of its files is written anew, and a file may be
    replaced by an older one.

    Args:
        paths: Files and folders; of ``file.h5:key`` the file counts, with those that it points to, of an address
            its metadata.

    Returns:
        SHA-256 of the relative names, sizes and times of change (nanoseconds) of all files; a path that is not there
        counts as empty.
    """
    digest = hashlib.sha256()
    for name in paths:
        if is_address(name):
            digest.update(f"{metadata_fingerprint(str(name))}\n".encode())
            continue
        path = file_of(name)
        inside = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
        for file in filter(Path.exists, [*sorted(inside), *pointed_files(name)]):
            about = file.stat()
            relative = os.path.relpath(file, path.parent)
            digest.update(f"{relative}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _sampled(file: Path) -> str:
    size = file.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as opened:
        for start in np.linspace(0, size - SAMPLE_BYTES, SAMPLES).astype(np.int64).tolist():
            opened.seek(start)
            digest.update(opened.read(SAMPLE_BYTES))
    return f"sampled:{digest.hexdigest()}"


def _listed(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\n".encode())
        if file.name in METADATA:
            digest.update(file.read_bytes())
    return f"listed:{digest.hexdigest()}"
