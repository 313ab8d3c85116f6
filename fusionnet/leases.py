"""One GPU for each job: a lease is a lock on a file, which the system frees when the job ends in whatever way.

A workflow engine counts GPUs but assigns none: jobs that it starts side by side would all take the first.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from fusionnet.errors import UserError

JOBS_PER_GPU = "FUSIONNET_JOBS_PER_GPU"  # environment variable; 1 where it is not set
POLL_SECONDS = 1.0


def lease_device(names: Sequence[str], folder: Path, jobs: int, say: Callable[[str], None]) -> tuple[int, TextIO]:
    """Lease one of several devices, and wait as long as all are taken.

    Args:
        names: What identifies each device on this machine for every process, such as its UUID.
        folder: Where the locks are, on a disk of this machine.
        jobs: How many leases a device has; a device without any is preferred.
        say: Told once when the job waits.

    Returns:
        The device's place in ``names``, and a file: the lease lasts until it is closed or the process ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = False
    while True:
        for slot in range(jobs):
            for index, name in enumerate(names):
                lease = _try_lock(folder / f"{name}.{slot}.lock")
                if lease is not None:
                    return index, lease
        if not waiting:
            say(f"all {len(names)} GPUs have {jobs} job(s) each: waiting for a free one")
            waiting = True
        time.sleep(POLL_SECONDS)


def _try_lock(path: Path) -> TextIO | None:
    file = path.open("a")
    try:
        # A POSIX lock, unlike flock's, does not live on in the loader's forked workers.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    return file


def jobs_per_device() -> int:
    """Return how many jobs may share a GPU: the environment's FUSIONNET_JOBS_PER_GPU, or 1."""
    text = os.environ.get(JOBS_PER_GPU, "1")
    if not (text.isdigit() and int(text) >= 1):
        raise UserError(f"{JOBS_PER_GPU}: got {text!r}, expected a number from 1; unset it for one job a GPU")
    return int(text)


def lease_folder() -> Path:
    """Return where this user's leases on this machine are."""
    return Path(tempfile.gettempdir()) / f"fusionnet-gpus-{os.getuid()}"
