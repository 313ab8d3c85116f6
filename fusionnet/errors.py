"""A user's mistake ends in one line and exit code 1, never in a traceback."""

import logging
import signal
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from fusionnet.logs import start_log

LOG = logging.getLogger(__name__)


class UserError(Exception):
    """Something the person at the prompt can mend: what was got, what was expected, what to do."""


def did_you_mean(word: str, known: list[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word nearest to ``word``, or an empty string."""
    near = get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main``; an error that a user can mend becomes one line, here and in the log, and exit code 1.

    Args:
        main: The script's entry point. Errors of the operating system (missing file, full disk, no
            permission) are reported the same way; everything else is a bug and keeps its traceback.
    """
    start_log(Path(sys.argv[0]).stem, None)  # for what goes wrong before the script has its own
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # else no `finally` is seen to
    try:
        main()
    except UserError as error:
        _end(str(error))
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _end(f"{error.strerror or error}:{where}" if where else str(error))
    except KeyboardInterrupt:
        LOG.error("interrupted")
        sys.exit(130)
    except Exception:
        LOG.exception("error: a fault of the program, not of yours")
        sys.exit(1)


def _end(message: str) -> NoReturn:
    LOG.error("error: %s", " ".join(message.split()))
    sys.exit(1)
