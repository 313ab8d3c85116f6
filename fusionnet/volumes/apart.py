"""No work overwrites what it reads, or one result by another, whatever names they have."""

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from fusionnet.errors import UserError
from fusionnet.volumes.hdf5 import file_of

NamedPath = tuple[str, Path | str]
"""An option as a person writes it, and the path that it got."""


def named(arguments: Namespace, *names: str) -> list[NamedPath]:
    """Return the paths that a command line gave; of ``file.h5:key`` the file counts in `require_apart`.

    Args:
        arguments: Of a script.
        names: Attributes, such as ``work_folder`` for ``--work-folder``: a path, a list of paths, or None.
    """
    given = [(f"--{name.replace('_', '-')}", getattr(arguments, name)) for name in names]
    lists = [(option, value if isinstance(value, list) else [value]) for option, value in given if value]
    return [(option, path) for option, paths in lists for path in paths]


def require_apart(reads: Sequence[NamedPath], writes: Sequence[NamedPath]) -> None:
    """Refuse work that would overwrite what it reads, or one result by another; called before anything is opened.

    Args:
        reads: Files and folders that are read.
        writes: Files and folders that are written. They may lie in one another, but not in a folder that is read.

    Raises:
        UserError: Two are the same file by whatever name (also a link), or one lies in the other.
    """
    for number, (option, path) in enumerate(writes):
        written = Path(os.path.realpath(file_of(path)))
        for other, taken in [*reads, *writes[:number]]:
            known = Path(os.path.realpath(file_of(taken)))
            if written == known or (written.exists() and known.exists() and written.samefile(known)):
                seen = f"the same file as {other}"
            elif (other, taken) in reads and (
                written in known.parents or (known.is_dir() and known in written.parents)
            ):
                seen = f"one of {other} {taken} lies in the other"
            else:
                continue
            raise UserError(f"{option}: got {path}: {seen}; nothing may be lost, so choose another name")
