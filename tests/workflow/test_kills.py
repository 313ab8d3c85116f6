"""Every stage, killed at random moments: nothing looks finished that is not, and a rerun ends in the same bytes."""

import importlib
import multiprocessing
import os
import random
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_project import command_in

from fusionnet.files import sha256

PART = "Kills, at moments that a keyed generator chooses"
pytestmark = pytest.mark.torture
KILLS = int(os.environ.get("TORTURE_KILLS", "200"))
ENGINE_KILLS = int(os.environ.get("TORTURE_ENGINE_KILLS", "16"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP)
METRICS = "results/phantom/replicates/unet/test/seed-0/metrics.json"
ENGINES = {  # by what is run, the file that it is for; None: all. DVC runs five of fifteen stages, in a minute or two
    "snakemake --cores 1 --resources gpu=1": None,
    "snakemake --cores 8 --resources gpu=1": None,
    "dvc repro evaluate@unet-test-0": METRICS,
}
MODULES = (
    "matplotlib.pyplot",
    "numba",
    "pandas",
    "pooch",
    "scipy.ndimage",
    "skimage.measure",
    "torch",
    "tifffile",
    "zarr",
)


@dataclass(frozen=True)
class Job:
    """A job of the workflow, as a person runs it by hand."""

    rule: str
    command: list[str]
    outputs: list[str]


def jobs_of(project: Path) -> list[Job]:
    """Return the jobs of the default experiment, in their order, as Snakemake shows them."""
    shown = command_in(project)("snakemake --dry-run --forceall --printshellcmds").stdout
    found = re.findall(r"^rule (\w+):\n(?: {4}.*\n)*? {4}output: (.*)\n(?: {4}.*\n)*Shell command: (.*)$", shown, re.M)
    return [Job(rule, shlex.split(line), outputs.split(", ")) for rule, outputs, line in found]


def is_settled(name: str) -> bool:
    """Tell whether a file has the same bytes whenever it is made: times, and reports of them, differ."""
    return "time" not in Path(name).name and ("/report/" not in name or name.endswith("augmentation.png"))


def hashes(project: Path) -> dict[str, str]:
    names = [path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()]
    made = [name for name in names if name.startswith(("data/raw", "data/augmented", "results/phantom"))]
    shown = [name for name in made if is_settled(name) and "/." not in name]  # what is hidden bears no result's name
    return {name: sha256(project / name) for name in shown}


def half_written(project: Path) -> list[str]:
    """Return what a writer has left that never came to its end."""
    places = (project / "data", project / "results", project / "work")
    found = [path.relative_to(project) for place in places for path in place.rglob("*")]
    return [str(path) for path in found if any(part.startswith(".") for part in path.parts) and ".git" not in path.name]


def run_here(folder: Path, command: list[str]) -> None:
    """Run a script in this process, a fork that has its modules already, so that kills meet its work."""
    os.setsid()
    os.chdir(folder)
    with (folder / "output.txt").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for name in [name for name in sys.modules if name.partition(".")[0] == "fusionnet"]:
        del sys.modules[name]  # a result bears the hash of the modules that its script imports
    sys.path.insert(0, str(folder))
    sys.argv = command[1:]
    runpy.run_path(command[1], run_name="__main__")


def start(folder: Path, job: Job) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=run_here, args=(folder, job.command))
    process.start()  # type: ignore[attr-defined]
    return process  # type: ignore[return-value]


@pytest.fixture(scope="module")
def whole(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy of the finished project, and the hashes of what an undisturbed run made."""
    for name in MODULES:
        importlib.import_module(name)
    folder = tmp_path_factory.mktemp("kills") / "project"
    shutil.copytree(finished, folder)
    return folder, hashes(finished)


def check(folder: Path, expected: dict[str, str]) -> None:
    """See that whatever bears a result's name is that result, whole."""
    found = hashes(folder)
    assert {name for name, value in found.items() if expected.get(name) != value} == set()


def test_by_hand(whole: tuple[Path, dict[str, str]], tried: Callable[..., None]) -> None:
    """Each stage by hand, under SIGKILL, SIGTERM, SIGINT and SIGSTOP: the same command then ends in the same bytes."""
    folder, expected = whole
    rng, jobs = random.Random(19), jobs_of(folder)
    seconds: dict[int, float] = {}
    assert {job.rule for job in jobs} >= {"download_phantom", "augment", "train", "predict", "evaluate", "report"}
    for number in range(KILLS):
        place = number % len(jobs)
        job = jobs[place]
        if place not in seconds:
            began = time.monotonic()
            finish(start(folder, job), folder, job, expected)
            seconds[place] = time.monotonic() - began
        for output in job.outputs:
            (folder / output).unlink(missing_ok=True)
        if job.rule == "train" and rng.random() < 0.7:
            shutil.rmtree(folder / job.command[job.command.index("--work-folder") + 1], ignore_errors=True)
        chosen = rng.choice(SIGNALS)
        process = start(folder, job)
        time.sleep(rng.uniform(0.0, seconds[place]))
        os.kill(process.pid or 0, chosen)
        if chosen == signal.SIGSTOP:
            time.sleep(0.2)
            check(folder, expected)
            os.kill(process.pid or 0, signal.SIGCONT)
            finish(process, folder, job, expected)
            continue
        process.join()
        check(folder, expected)
        if chosen in (signal.SIGTERM, signal.SIGINT):
            assert "fault of the program" not in (text := (folder / "output.txt").read_text()), f"{job.rule}: {text}"
        finish(start(folder, job), folder, job, expected)
        assert not half_written(folder), f"{job.rule} after {chosen.name}"
    tried(KILLS)


def finish(process: multiprocessing.Process, folder: Path, job: Job, expected: dict[str, str]) -> None:
    process.join()
    assert process.exitcode == 0, f"{job.rule}: {(folder / 'output.txt').read_text()}"
    assert all((folder / output).exists() for output in job.outputs)
    check(folder, expected)


@pytest.mark.parametrize("line", ENGINES)
def test_under_an_engine(whole: tuple[Path, dict[str, str]], line: str, tried: Callable[..., None]) -> None:
    """The whole workflow under Snakemake, with one job and with several, and an arm of it under DVC."""
    folder, expected = whole
    rng = random.Random(line)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
    }
    remaining = ENGINE_KILLS // len(ENGINES) + 1
    for name in ("data/raw", "data/augmented", "results/phantom", "work", "dvc.lock"):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    killed = 0
    while remaining:
        process = subprocess.Popen(
            ["bash", "-c", line], cwd=folder, env=environment, start_new_session=True, stdout=-3, stderr=-3
        )
        try:
            process.wait(timeout=rng.uniform(3, 60))
            break  # it came to its end before it was killed
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, rng.choice(SIGNALS[:3]))
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=120)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        killed += 1
        remaining -= 1
        check(folder, expected)
    command_in(folder)(line)
    found, last = hashes(folder), ENGINES[line]
    assert found == (expected if last is None else {name: expected[name] for name in found})
    assert last is None or last in found
    assert not half_written(folder)
    tried(killed, f"`{line}` killed as a whole, and run again to its end: the bytes of an undisturbed run")
