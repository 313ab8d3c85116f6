"""The states that a killed training goes on from: written atomically, two kept, a damaged one set aside."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from fusionnet.errors import UserError
from fusionnet.files import lock, sha256
from fusionnet.models.checkpoints import load_tensors, save_tensors

LOG = logging.getLogger(__name__)
KEPT = 2
DIGITS = 16  # of a SHA-256, in a file's name


class StateFolder:
    """The states of one training: ``state-STEP-KEY-HASH.pt``.

    KEY and HASH are the first digits of the training's key and of the file's SHA-256.

    Args:
        folder: Where they are; outside every declared output, so that no workflow engine deletes it.
        key: `fusionnet.provenance.fingerprint` of all that decides the training; states of another key are passed over
            and stay, so that a long training outlives an edit that is taken back, until `remove_others`.
    """

    def __init__(self, folder: Path, key: str):
        self.folder, self.key = folder, key

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes out of the folder during the block; first wait until there is none.

        A workflow engine that was killed leaves its jobs running, and the same command soon starts them again.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as file:
            lock(file, f"{self.folder}: another process is training here: waiting for its end", wait=True)
            yield

    def save(self, step: int, state: dict[str, Any]) -> Path:
        """Write the state after ``step`` steps and remove all but the newest two of this key."""
        new = self.folder / "new.pt"
        save_tensors(new, {"key": self.key, "step": step, "state": state})
        path = self.folder / f"state-{step:08d}-{self.key[:DIGITS]}-{sha256(new)[:DIGITS]}.pt"
        os.replace(new, path)
        for old in [file for file in self._newest_first() if file != path][KEPT - 1 :]:
            old.unlink()
        return path

    def load(self) -> tuple[int, dict[str, Any]] | None:
        """Return (steps done, state) of the newest sound state of this key, or None."""
        for half_written in self.folder.glob(".new.*.pt"):
            half_written.unlink()
        for path in self._newest_first():
            if sha256(path)[:DIGITS] != path.stem.rpartition("-")[2]:
                self._set_aside(path, "its SHA-256 is not the one in its name")
                continue
            try:
                content = load_tensors(path)
            except UserError as error:
                self._set_aside(path, str(error))
                continue
            return content["step"], content["state"]
        if others := self._of_other_keys():
            LOG.info(
                "%s was made from another configuration, data or code: not resumed from, and kept until this training "
                "has ended",
                others[0],
            )
        return None

    def newest(self, step: int) -> Path | None:
        """Return the newest state of this key of at most ``step`` steps, or None."""
        return next((path for path in self._newest_first() if int(path.stem.split("-")[1]) <= step), None)

    def remove_others(self) -> None:
        """Remove the states of other keys: this training has ended, so nobody will go on from them."""
        for path in self._of_other_keys():
            path.unlink()

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob(f"state-*-{self.key[:DIGITS]}-*.pt"), reverse=True)

    def _of_other_keys(self) -> list[Path]:
        return sorted(set(self.folder.glob("state-*.pt")) - set(self._newest_first()), reverse=True)

    def _set_aside(self, path: Path, reason: str) -> None:
        aside = path.with_name(f"damaged-{path.name}")
        os.replace(path, aside)
        LOG.warning("%s is damaged (%s): set aside as %s; going on from the state before it", path, reason, aside.name)


class StopRequest:
    """Installs handlers for SIGTERM and SIGINT; a second SIGINT interrupts at once."""

    def __init__(self) -> None:
        self.signal = 0
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)

    def asked(self) -> bool:
        """Return whether one of the signals has arrived."""
        return self.signal != 0

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number
