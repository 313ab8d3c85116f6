"""The small project, run once for all tests of the workflow; each of pytest-xdist's workers has a copy of its own."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_project import command_in, copy_project, put_under_git


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose small default experiment has run to its end, under git and DVC."""
    own = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return run_small_project(own / "finished")
    shared = own.parent / "finished"  # of all workers: the first one makes it
    with (own.parent / "finished.lock").open("a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if not (shared / "results/phantom/report").is_dir():
            run_small_project(shared)
    return Path(shutil.copytree(shared, own / "finished"))


def run_small_project(folder: Path) -> Path:
    copy_project(folder)
    put_under_git(folder)
    command_in(folder)("snakemake --cores 8 --resources gpu=1")
    return folder


@pytest.fixture(scope="session")
def recorded(finished: Path) -> Path:
    """The finished project after `make record` has let DVC know of it."""
    command_in(finished)("python scripts/records.py record")
    return finished


@pytest.fixture
def repository(recorded: Path, tmp_path: Path) -> Path:
    """A copy of the recorded project for one test, all of it committed on the branch `main`."""
    folder = tmp_path / "repository"
    shutil.copytree(recorded, folder)
    command_in(folder)("git add -A && git commit -qm recorded && git branch -qM main")
    return folder


@pytest.fixture
def edited() -> Iterator[Callable[[Path, Callable[[Path], object]], None]]:
    """A function that edits a file for one test; the file gets its content and its time back."""
    before: list[tuple[Path, str, tuple[int, int]]] = []

    def edit(path: Path, change: Callable[[Path], object]) -> None:
        before.append((path, path.read_text(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)))
        change(path)

    yield edit
    for path, text, times in reversed(before):
        path.write_text(text)
        os.utime(path, ns=times)
