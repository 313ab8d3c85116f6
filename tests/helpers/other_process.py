"""Another process, which holds what a test wants."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.lockf(file, fcntl.LOCK_EX, 1, int(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_elsewhere(path: Path, byte: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Have a byte of a file locked by another process during the block; give the process."""
    command = [sys.executable, "-c", HOLD, str(path), str(byte)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        try:
            yield other
        finally:
            other.kill()


@contextmanager
def killed_when_we_wait(other: subprocess.Popen[str]) -> Iterator[None]:
    """Kill another process as soon as the package says something, which in the block is that it waits for that one."""

    class Kill(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            other.kill()

    kill = Kill()
    logging.getLogger("fusionnet").addHandler(kill)
    try:
        yield
    finally:
        logging.getLogger("fusionnet").removeHandler(kill)
