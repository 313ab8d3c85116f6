"""A cluster's time limit or Ctrl-C, taken as a request to save and stop."""

import signal
from types import FrameType


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
