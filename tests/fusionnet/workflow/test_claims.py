"""What one run makes, no other run makes meanwhile; a killed run holds nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.claims import claim

OTHER_RUN = """
import sys
from pathlib import Path
from fusionnet.workflow.claims import claim
file = claim(sys.argv[2:], Path(sys.argv[1]))
print("claimed", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A process that has claimed a.tif and b.tif."""
    command = [sys.executable, "-c", OTHER_RUN, str(tmp_path / "claims"), "a.tif", "b.tif"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_what_another_run_makes_is_refused_and_named(other_run: subprocess.Popen, tmp_path: Path):
    with pytest.raises(UserError, match=r"^b\.tif: another run in this folder is making it; wait for its end"):
        claim(["c.tif", "b.tif"], tmp_path / "claims")


def test_a_refused_run_keeps_nothing(other_run: subprocess.Popen, tmp_path: Path):
    with pytest.raises(UserError):
        claim(["c.tif", "b.tif"], tmp_path / "claims")
    command = [sys.executable, "-c", OTHER_RUN, str(tmp_path / "claims"), "c.tif"]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout == "claimed\n"


def test_other_files_are_free(other_run: subprocess.Popen, tmp_path: Path):
    claim(["c.tif", "d.tif"], tmp_path / "claims").close()


def test_a_killed_run_holds_nothing(other_run: subprocess.Popen, tmp_path: Path):
    other_run.kill()
    other_run.wait()
    claim(["a.tif", "b.tif"], tmp_path / "claims").close()
