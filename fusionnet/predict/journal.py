"""What of a long job is done already: one line for each finished chunk, kept until the job's results are whole."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fusionnet.files import lock
from fusionnet.predict.summary import Summary


class Journal:
    """A file beside the result; only one process at a time has it.

    The chunk is written before its line, so a kill between them has the chunk written again, with equal bytes.

    Args:
        path: The journal.
        identity: JSON-ready: all that the chunks depend on. A journal of another identity is begun anew.
        outputs: Paths of the parts that the finished chunks lie in; without one of them nothing is finished.

    Attributes:
        finished: What each finished chunk had in it, by number.

    Raises:
        UserError: Another process has it.
    """

    def __init__(self, path: Path, identity: dict[str, Any], outputs: Iterable[Path]):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+", encoding="utf-8")
        lock(self._file, f"{path}: another process is writing it; wait for that one, or end it")
        header = json.dumps(identity, sort_keys=True) + "\n"
        self.finished = self._read(header) if all(part.exists() for part in outputs) else {}
        if not self.finished:
            self._file.truncate(0)
            self._file.write(header)
            self._file.flush()

    def _read(self, header: str) -> dict[int, Summary]:
        self._file.seek(0)
        try:
            if self._file.readline() != header:
                return {}
        except UnicodeDecodeError:
            return {}
        finished, end = {}, self._file.tell()
        try:
            while (line := self._file.readline()).endswith("\n"):  # a line without its end was being written
                number, *values = json.loads(line)
                finished[number] = Summary(*values)
                end = self._file.tell()
        except (ValueError, TypeError):  # what comes after damage is done again
            pass
        self._file.truncate(end)
        return finished

    def add(self, number: int, summary: Summary) -> None:
        """Note a finished chunk."""
        self.finished[number] = summary
        self._file.write(json.dumps([number, *summary.values()]) + "\n")
        self._file.flush()

    def close(self, done: bool) -> None:
        """Let go of the journal, and remove it if the job is done."""
        if done:
            self.path.unlink(missing_ok=True)
        self._file.close()
