"""Files that are either whole or absent: written under a temporary name, then renamed."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fusionnet.errors import UserError


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of ``path`` and rename it to ``path`` when the block succeeds.

    Args:
        path: The file to be written; its folder is made if it is missing.

    Yields:
        The temporary path, with the same suffix as ``path``. On any error it is removed and an older
        ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
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
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_lock(file: IO, result: Path) -> None:
    """Hold an open file for this process until it is closed.

    Args:
        file: Open; closed if another process has it.
        result: What the message names.

    Raises:
        UserError: Another process has it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise UserError(f"{result}: another process is writing it; wait for that one, or end it") from error
