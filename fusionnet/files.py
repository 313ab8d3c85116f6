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
    """Give a temporary path in the folder of ``path`` and rename it to ``path`` when the block succeeds.

    Args:
        path: The file to be written; its folder is made if it is missing.

    Yields:
        The temporary path, with the same suffix as ``path``. On any error it is removed and an older
        ``path`` stays as it was; what a process left that was killed is removed by the next one that writes ``path``.
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


NamedPath = tuple[str, Path | str]  # an option as a person writes it, and the path that it got


def named(arguments: Namespace, *names: str) -> list[NamedPath]:
    """Return the paths of a command line's options: each attribute holds a path, a list of paths, or None."""
    given = {f"--{name.replace('_', '-')}": getattr(arguments, name) or [] for name in names}
    return [(option, path) for option, got in given.items() for path in (got if isinstance(got, list) else [got])]


def require_apart(reads: Sequence[NamedPath], writes: Sequence[NamedPath]) -> None:
    """Refuse work that would overwrite what it reads, or one result by another; asked before anything is opened.

    Args:
        reads: Files and folders that are read; of ``file.h5:KEY`` the file counts.
        writes: Those that are written; they may lie in one another, but not in a folder that is read.

    Raises:
        UserError: Two are the same file, by whatever name or link, or one lies in the other.
    """
    files = [re.sub(r"(?i)(\.(h5|hdf5?)):.*", r"\1", str(path)) for _, path in [*reads, *writes]]
    known = [(*each, Path(os.path.realpath(file))) for each, file in zip([*reads, *writes], files, strict=True)]
    for number, (option, path, mine) in enumerate(known[len(reads) :], len(reads)):
        for place, (other, taken, theirs) in enumerate(known[:number]):
            if mine == theirs or (mine.exists() and theirs.exists() and mine.samefile(theirs)):
                raise UserError(f"{option}: got {path}: the same file as {other}; choose another name, or it is lost")
            if place < len(reads) and (mine in theirs.parents or (theirs.is_dir() and theirs in mine.parents)):
                raise UserError(f"{option}: got {path}: this and {other} {taken} lie in one another; choose another")


def try_lock(file: IO, byte: int = 0) -> bool:
    """Lock one byte, which need not be there, of a file open for writing; return whether no other process has it.

    A POSIX lock: the system frees it when the process ends in whatever way, or closes the file anywhere; unlike
    flock's it does not live on in forked workers, and it knows no other holder in the same process. A `UserError`
    tells of a file system without locks.
    """
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise UserError(f"{Path(file.name).parent}: no locks here ({error}); allow them or use a local disk") from error
    return True


def lock(file: IO, taken: str, wait: bool = False, byte: int = 0) -> None:
    """Lock one byte of a file for this process until it is closed; see `try_lock`.

    Args:
        file: Open for writing; closed if the lock is refused.
        taken: What is told if another process has it.
        wait: Wait until that one ends, instead of raising a `UserError`.
        byte: Which byte.
    """
    if try_lock(file, byte):
        return
    if not wait:
        file.close()
        raise UserError(taken)
    LOG.info(taken)
    fcntl.lockf(file, fcntl.LOCK_EX, 1, byte)
