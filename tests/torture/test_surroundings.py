"""Where a script runs: without a home, in a folder of odd letters, for a pipe that closes, in a read-only project."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionnet.config.stages import TrainingJob
from fusionnet.volumes.stacks import write_volume

PART = "Surroundings of a script"
pytestmark = pytest.mark.torture
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
ODD = "at 12:30, 5% of β (1) 'x'"
SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


def shell(line: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", line.replace("python ", f"{sys.executable} ")]
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT | environment, capture_output=True, text=True, check=False, timeout=1500
    )


def evaluation(folder: Path) -> str:
    """Write a small stack and its truth into a folder, and return the command that scores it."""
    folder.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:48, :48]
    labels = ((x % 16 > 2) & (y % 16 > 2)).astype(np.uint8)[None]
    write_volume(folder / "labels.tif", labels, {})
    write_volume(folder / "probabilities.tif", labels.astype(np.float32), {})
    names = {"labels": "labels.tif", "probabilities": "probabilities.tif", "metrics": "m.json", "slices": "s.csv"}
    options = " ".join(f'--{option} "{folder / name}"' for option, name in names.items())
    return f"python {ROOT / 'scripts/evaluate.py'} {options}"


def test_a_project_that_cannot_be_written(tmp_path: Path, tried: Callable[..., None]) -> None:
    """A project that is read-only, and no home: every script answers `--help`, and scores are computed."""
    if shell("unshare -m true").returncode:
        pytest.skip("needs the right to mount a file system")
    read_only = f"mount --bind {ROOT} {ROOT} && mount -o remount,ro,bind {ROOT} && cd {ROOT}"
    helps = " && ".join(f"python scripts/{name}.py --help >/dev/null" for name in SCRIPTS)
    line = evaluation(tmp_path / "made")
    done = shell(f"unshare -m bash -c '{read_only} && {helps} && {line}'", HOME="/nonexistent")
    assert done.returncode == 0 and (tmp_path / "made/m.json").exists(), done.stderr
    assert "Traceback" not in done.stderr
    tried(len(SCRIPTS) + 1)


@pytest.mark.parametrize(
    "what", ["umask 077", "LC_ALL=C", "LANG=tr_TR.UTF-8", "PYTHONUTF8=0 LC_ALL=POSIX", "env -u HOME"]
)
def test_a_script_in_a_folder_of_odd_letters(what: str, tmp_path: Path, tried: Callable[..., None]) -> None:
    """No home, umask 077, LANG=C and others, in a folder whose name has spaces, a colon, quotes and `β`."""
    line = evaluation(tmp_path / ODD)
    done = shell(f"{what}; {line}" if what.startswith("umask") else f"{what} {line}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ODD / "m.json").exists() and (tmp_path / ODD / "s.csv").exists()
    tried(1)


@pytest.mark.parametrize("closed", ["| head -c 1", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_pipe_that_closes(closed: str, tmp_path: Path, tried: Callable[..., None]) -> None:
    """A pipe that closes, or no output at all: no traceback, and the result comes whole."""
    status = shell(f"python scripts/status.py {closed}")
    assert "Traceback" not in status.stderr, status.stderr
    done = shell(f"{evaluation(tmp_path)} {closed}")
    assert "Traceback" not in done.stderr and (tmp_path / "m.json").exists(), done.stderr
    tried(2)


@pytest.mark.parametrize("size", ["4k", "64k"])
def test_hardly_any_shared_memory(
    size: str,
    tmp_path: Path,
    training_job: Callable[..., TrainingJob],
    augmented: tuple[np.ndarray, np.ndarray],
    tried: Callable[..., None],
) -> None:
    """A container's `/dev/shm` that is too small for anything: loader workers draw samples, and the training ends."""
    if shell("unshare -m true").returncode:
        pytest.skip("needs the right to mount a file system")
    for name, stack in zip(("volume", "labels"), augmented, strict=True):
        write_volume(tmp_path / f"{name}.tif", stack, {})
    (tmp_path / "job.json").write_text(training_job().model_dump_json())
    files = "--volume volume.tif --labels labels.tif --checkpoint c.pt --history h.csv --work-folder work"
    line = f'python {ROOT / "scripts/train.py"} --config "$(cat job.json)" {files} --loader-workers 2'
    done = shell(f"unshare -m bash -c 'mount -t tmpfs -o size={size} tmpfs /dev/shm && {line}'", tmp_path)
    assert done.returncode == 0 and (tmp_path / "c.pt").exists(), done.stderr
    tried(1)
