"""What a script tells: on standard error, and in its log file."""

import logging
from pathlib import Path


def start_log(name: str, path: Path | None) -> logging.Logger:
    """Return the script's logger.

    Args:
        name: The script's word, such as ``"evaluate"``; it begins each line.
        path: The log file, begun anew, or None for standard error alone.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, mode="w"))
    logging.basicConfig(format="%(name)s: %(message)s", handlers=handlers, force=True)
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    return logger
