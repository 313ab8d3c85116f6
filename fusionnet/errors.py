"""A user's mistake ends in one line and exit code 1, never in a traceback."""

import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """Something the person at the prompt can mend: what was got, what was expected, what to do."""


def did_you_mean(word: str, known: list[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word nearest to ``word``, or an empty string."""
    near = get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main`` and turn the errors a user can mend into one line on stderr and exit code 1.

    Args:
        main: The script's entry point. Errors of the operating system (missing file, full disk, no
            permission) are reported the same way; everything else is a bug and keeps its traceback.
    """
    name = Path(sys.argv[0]).name
    try:
        main()
    except UserError as error:
        sys.exit(_one_line(name, str(error)))
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        sys.exit(_one_line(name, f"{error.strerror or error}:{where}" if where else str(error)))
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: interrupted\n")
        sys.exit(130)


def _one_line(name: str, message: str) -> int:
    sys.stderr.write(f"{name}: error: {' '.join(message.split())}\n")
    return 1
