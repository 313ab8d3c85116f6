"""Disks that are full, have no inodes left or cannot be written: small file systems in memory, mounted for a test."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory for the block, of such options of mount(8); needs root.

    Args:
        folder: Is made, and gone afterwards.
        options: Such as ``size=64k`` or ``nr_inodes=4``.
    """
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        folder.rmdir()
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def make_read_only(folder: Path) -> None:
    """Let nothing more be written to a mounted disk; not even by root, which permissions do not keep from it."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def fill(folder: Path, free_pages: int) -> Path:
    """Fill a disk until so many pages are free; return the file that does it."""
    ballast = folder.parent / "ballast" if not os.path.ismount(folder) else folder / "ballast"
    free = os.statvfs(folder).f_bavail
    ballast.write_bytes(bytes(max(0, free - free_pages) * PAGE))
    return ballast
