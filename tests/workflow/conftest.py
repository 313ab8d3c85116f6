"""The small project, run once for all tests of the workflow."""

from pathlib import Path

import pytest
from small_project import command_in, copy_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose small default experiment has run to its end, under git and DVC."""
    folder = copy_project(tmp_path_factory.mktemp("finished"))
    run = command_in(folder)
    run("git init -q && git config user.email a@b.example && git config user.name tester && dvc init -q")
    run("dvc config core.analytics false && git add -A && git commit -qm small")
    run("snakemake --cores 8 --resources gpu=1")
    return folder


@pytest.fixture(scope="session")
def recorded(finished: Path) -> Path:
    """The finished project after `make record` has let DVC know of it."""
    command_in(finished)("workflow/record.sh")
    return finished
