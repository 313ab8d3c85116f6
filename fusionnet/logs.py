"""What a script tells the person: lines on standard error and in its log file, by the standard library's `logging`.

A module of the package takes ``logging.getLogger(__name__)`` and does not ask who listens.
"""

import logging
import sys
from pathlib import Path

from tqdm import tqdm


class TerminalHandler(logging.Handler):
    """Writes lines on standard error, above a progress bar if one is there."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; what cannot be written ends no training."""
        try:
            tqdm.write(self.format(record), file=sys.stderr)
        except (OSError, ValueError):
            self.handleError(record)


def start_log(name: str, path: Path | None, append: bool = False) -> logging.Logger:
    """Let the package's lines go to standard error and to a file, and return the package's logger.

    Args:
        name: The script's word, such as ``"evaluate"``; it begins each line.
        path: The log file, or None for standard error alone.
        append: Go on in the file, as a resumed training does; else it is begun anew.
    """
    handlers: list[logging.Handler] = [TerminalHandler()]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, mode="a" if append else "w", encoding="utf-8"))
    logging.basicConfig(format=f"{name}: %(message)s", handlers=handlers, force=True)
    logger = logging.getLogger("fusionnet")
    logger.setLevel(logging.INFO)
    return logger
