"""Byte code that is checked by the text of its source, so that jobs run the code that is on the disk."""

import compileall
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode

PACKAGE_FOLDER = Path(__file__).parents[1]
CHECKED_BY_TEXT = b"\3\0\0\0"  # bytes 4 to 8 of such a file, PEP 552


def check_by_text(folder: Path = PACKAGE_FOLDER) -> None:
    """Have Python compare the byte code of all modules in ``folder`` with their sources' hashes.

    By itself Python takes byte code for current whose source has the time, in whole seconds, and the length that it
    had: of two edits of one length in one second, with a run between them, it goes on with the first. Byte code that
    is checked by hash stays so when Python writes it anew. Where nothing can be written, Python's own rule holds.

    Args:
        folder: Searched at any depth.
    """
    for source in folder.rglob("*.py"):
        if not _is_checked_by_text(Path(cache_from_source(str(source)))):
            compileall.compile_file(source, quiet=2, force=True, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def _is_checked_by_text(cached: Path) -> bool:
    if not cached.is_file():
        return False
    with cached.open("rb") as file:
        return file.read(8)[4:] == CHECKED_BY_TEXT
