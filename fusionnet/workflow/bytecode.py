"""Byte code that is checked by the text of its source, so that jobs run the code that is on the disk."""

import compileall
from pathlib import Path
from py_compile import PycInvalidationMode

PACKAGE_FOLDER = Path(__file__).parents[1]


def check_by_text(folder: Path = PACKAGE_FOLDER) -> None:
    """Write the byte code of all modules in ``folder`` anew, and so that Python compares it with the source's hash.

    By itself Python takes byte code for current whose source has the time, in whole seconds, and the length that it
    had: of two edits of one length in one second, with a run between them, it goes on with the first. Byte code that
    is checked by hash stays so when Python writes it anew. Where nothing can be written, Python's own rule holds.

    Args:
        folder: Searched at any depth.
    """
    compileall.compile_dir(folder, quiet=2, force=True, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
