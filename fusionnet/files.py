"""Files that are either whole or absent, and files that one process at a time has."""

import fcntl
import hashlib
import json
import logging
import os
import re
import socket
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from fusionnet.errors import UserError

LOG = logging.getLogger(__name__)


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``, of the same suffix, and rename it to ``path`` when the block succeeds.

    On any error it is removed and an older ``path`` stays as it was; what a process left that was killed is removed by
    the next one that writes ``path``. The folder is made if it is missing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{socket.gethostname()}-{os.getpid()}{path.suffix}")
    for left in path.parent.glob(f".*{path.suffix}"):
        _, _, process = left.stem.rpartition(f".{path.stem}.{socket.gethostname()}-")
        if process.isdigit() and not psutil.pid_exists(int(process)):
            left.unlink(missing_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say which file it was full for
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, whole or not at all."""
    with whole_or_absent(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: object) -> None:
    """Write ``content`` to ``path`` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def sha256(path: Path) -> str:
    """Return the SHA-256, in hexadecimal, of a file's bytes, or of the names and SHA-256 of a folder's files."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listing = "".join(f"{sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


FORMAT = re.compile(r"(zarr|n5|precomputed)://")  # before a path or an address, as neuroglancer writes it
HDF5_NAME = re.compile(r"(.*?\.(?:h5|hdf5?))(?::(.*))?", re.IGNORECASE | re.DOTALL)


def split_key(name: Path | str) -> tuple[Path, str] | None:
    """Return file and key of ``file.h5:KEY``, the key ``""`` if absent; None for what is no HDF5 file."""
    found = HDF5_NAME.fullmatch(str(name))
    a_folder = found and found[2] is not None and Path(found[1]).is_dir()  # whose name may hold a colon
    return (Path(found[1]), (found[2] or "").strip("/")) if found and not a_folder else None


def file_of(path: Path | str) -> Path:
    """Return the file or folder that a path means: without HDF5's key, and without ``FORMAT://``."""
    return (split_key(name := FORMAT.sub("", str(path))) or (Path(name),))[0]


NamedPath = tuple[str, Path | str]  # an option as a person writes it, and the path that it got


def named(arguments: Namespace, *names: str) -> list[NamedPath]:
    """Return the paths of a command line's options: each attribute holds a path, a list of paths, or None."""
    given = {f"--{name.replace('_', '-')}": getattr(arguments, name) or [] for name in names}
    return [(option, path) for option, got in given.items() for path in (got if isinstance(got, list) else [got])]


def same_file(one: Path | str, other: Path | str) -> bool:
    """Return whether two paths mean one file or folder (see `file_of`), by whatever name or link, here or not yet."""
    mine, theirs = _resolved(one), _resolved(other)
    return mine == theirs or (mine.exists() and theirs.exists() and mine.samefile(theirs))


def _resolved(path: Path | str) -> Path:
    return Path(os.path.realpath(file_of(path)))


def require_apart(reads: Sequence[NamedPath], writes: Sequence[NamedPath]) -> None:
    """Refuse work that would overwrite what it reads, or one result by another; asked before anything is opened.

    A `UserError` tells that two are the same file or folder (see `same_file`), or that one that
    is written lies in one that is read, or the reverse; those that are written may lie in one another.
    """
    known = [(option, path, _resolved(path)) for option, path in [*reads, *writes]]
    for number, (option, path, mine) in enumerate(known[len(reads) :], len(reads)):
        for place, (other, taken, theirs) in enumerate(known[:number]):
            if same_file(path, taken):
                raise UserError(f"{option}: got {path}: the same file as {other}; choose another name, or it is lost")
            if place < len(reads) and (mine in theirs.parents or (theirs.is_dir() and theirs in mine.parents)):
                raise UserError(f"{option}: got {path}: this and {other} {taken} lie in one another; choose another")


def try_lock(file: IO, byte: int = 0, count: int = 1) -> bool:
    """Lock bytes, which need not be there, of a file open for writing; return whether no other process has them.

    A POSIX lock: the system frees it when the process ends in whatever way, or closes the file anywhere; unlike
    flock's it does not live on in forked workers, and it knows no other holder in the same process. A `UserError`
    tells of a file system without locks.
    """
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, count, byte)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise UserError(f"{Path(file.name).parent}: no locks here ({error}); allow them or use a local disk") from error
    return True


def lock(file: IO, taken: str, wait: bool = False, byte: int = 0, count: int = 1) -> None:
    """Lock ``count`` bytes (0: all) of a file from ``byte`` on for this process until it is closed; see `try_lock`.

    Where another process has one of them, wait for it and log ``taken``, or close the file and raise it as `UserError`.
    """
    if try_lock(file, byte, count):
        return
    if not wait:
        file.close()
        raise UserError(taken)
    LOG.info(taken)
    fcntl.lockf(file, fcntl.LOCK_EX, count, byte)
