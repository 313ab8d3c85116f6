"""The same command given twice at once: the second is refused in words, and the first ends as if it were alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_project import command_in, edit_yaml

from fusionnet.files import sha256

OVERLAY = "config/experiments/phantom.yaml"
SUMMARY = "results/phantom/report/summary.json"
LOG = "logs/phantom/report.log"
pytestmark = [pytest.mark.slow]
LINES = {
    "snakemake --cores 1": "another run in this folder is making it; wait for its end, or end it",
    "dvc repro": "ock",  # DVC has two: of the project, and of the files that a stage reads and writes
}


@contextmanager
def halted_in_the_report(folder: Path, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command and hold it, with all its processes, once it makes the report; let it go on afterwards."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": tools, "PYTHONPATH": str(folder)}
    (folder / LOG).unlink(missing_ok=True)
    process = subprocess.Popen(["bash", "-c", line], cwd=folder, env=environment, start_new_session=True)
    while not (folder / LOG).exists():
        assert process.poll() is None, "it ended without a report"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGCONT)
        process.wait()


@pytest.mark.parametrize("line", LINES)
def test_a_command_given_twice_at_once(repository: Path, line: str) -> None:
    run = command_in(repository)
    before = sha256(repository / SUMMARY)
    edit_yaml(repository / OVERLAY, {"report": {"slices_shown": 2}})
    with halted_in_the_report(repository, line) as first:
        second = run(line, succeeds=False)
    assert first.returncode == 0
    assert second.returncode != 0 and LINES[line] in second.stdout and "Traceback" not in second.stdout, second.stdout
    assert "Nothing to be done" in run("snakemake --dry-run").stdout
    assert sha256(repository / SUMMARY) == before, "the numbers do not depend on the slices that are shown"
