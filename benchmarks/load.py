"""What much of something costs: many replicates planned, a stack of many slices trained on, many experiments run.

Planning is timed for this commit and, with `--beside`, for another one in the same run, in turns. A training's step and
memory are measured by a process of its own for each number of slices. Tiny experiments are drawn, trained and reported
by one call of Snakemake, when `--experiments` asks for them: each takes some 14 processes, of which most only begin.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import yaml

from fusionnet.config.experiment import load
from fusionnet.config.reading import read_yaml
from fusionnet.devices import set_up
from fusionnet.train.batches import Steps, batches
from fusionnet.train.loop import Training

ROOT = Path(__file__).parents[1]
SIDE = 256  # pixels of a slice that is trained on
TINY = {  # an experiment in which everything is done and nothing takes long
    "split": {"validation_slices": 1},
    "augment": {"elastic_copies": 1, "crop_pixels": 64},
    "network": {"fusionnet": {"width": 2}, "unet": {"width": 2}},
    "train": {"epochs": 2, "steps_per_epoch": 2, "batch_size": 2, "threads": 1},
    "predict": {"threads": 1},
    "report": {"slices_shown": 1},
}
COMMANDS = {
    "snakemake -n": "snakemake --dry-run --quiet all",
    "dvc status": "dvc status --json",
    "make status": "python scripts/status.py",
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--replicates", type=int, nargs="*", default=[50, 500], help="of an experiment that is planned")
    parser.add_argument("--slices", type=int, nargs="*", default=[30, 1000], help="of a stack that is trained on")
    parser.add_argument(
        "--experiments", type=int, nargs="*", default=[], help="so many tiny ones are run: such as 4 40"
    )
    parser.add_argument("--beside", help="another commit, planned in the same run")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def checked_out(commit: str, folder: Path, replicates: int) -> Path:
    """Put a commit into a folder of its own, its default experiment with so many replicates, under git."""
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    config = read_yaml(folder / "config/config.yaml")
    config["seeds"] = list(range(replicates // 2))  # of both arms, on one fold
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    for line in ("init -q", "add -A", "-c user.name=a -c user.email=a@b.example commit -qm load"):
        subprocess.run(["git", *line.split()], cwd=folder, check=True)
    return folder


def seconds_of(command: str, folder: Path) -> float:
    """Run a command line in a folder and return its seconds."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder)}
    start = time.perf_counter()
    subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


def run_tiny(experiments: int, folder: Path) -> tuple[float, float]:
    """Run so many tiny experiments at once in a fresh checkout; return their seconds, and a process's peak in bytes."""
    names = [f"tiny{number}" for number in range(experiments)]
    for number, name in enumerate(names):
        phantom = {"seed": number, "train_slices": 5, "test_slices": 2, "size_pixels": 96}
        content = yaml.safe_dump({"download": {"phantom": phantom}} | TINY, sort_keys=False)
        (folder / f"config/experiments/{name}.yaml").write_text(content, encoding="utf-8")
    line = f"snakemake {' '.join(names)} --cores {len(os.sched_getaffinity(0))} --resources gpu=1 --quiet all"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder)}
    start = time.perf_counter()
    process = subprocess.Popen(["bash", "-c", line], cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)  # of it and of all that it waited for
    if status:
        raise SystemExit(f"{line}: failed, see above")
    return time.perf_counter() - start, used.ru_maxrss * 1024


def train_on(slices: int) -> dict[str, float]:
    """Take some steps on a stack of so many slices; return seconds for a step, and this process's peak memory."""
    job = load("phantom").training_job("unet", "test", 0)
    rng = np.random.default_rng(0)
    volume = rng.integers(0, 256, (slices * (job.augment.elastic_copies + 1), SIDE, SIDE), np.uint8)
    labels = (volume > 100).view(np.uint8)
    training = Training.begin(job, set_up("cpu"))
    steps = Steps(job, volume, labels, list(range(slices)))
    times = []
    for number, batch in enumerate(batches(steps, 0, 0, pinned=False)):
        start = time.perf_counter()
        training.take_step(batch)
        times.append(time.perf_counter() - start)
        if number == 8:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": float(np.median(times)), "peak_bytes": peak, "stack_bytes": volume.nbytes + labels.nbytes}


def main() -> None:
    arguments = parse_arguments()
    if arguments.measure:
        print(json.dumps(train_on(arguments.measure)))
        return
    commits = {"this commit": "HEAD", **({arguments.beside: arguments.beside} if arguments.beside else {})}
    print("| command | replicates | " + " | ".join(commits) + " |\n| --- | ---: |" + " ---: |" * len(commits))
    with tempfile.TemporaryDirectory() as temporary:
        for replicates in arguments.replicates:
            folders = [
                checked_out(commit, Path(temporary) / f"{name}-{replicates}", replicates)
                for name, commit in enumerate(commits.values())
            ]
            for name, command in COMMANDS.items():
                seconds = [f"{seconds_of(command, folder):.1f} s" for folder in folders]
                print(f"| `{name}` | {replicates} | {' | '.join(seconds)} |", flush=True)
    print("\n| slices | a step | memory beyond the stack |\n| ---: | ---: | ---: |")
    for slices in arguments.slices:
        command = [sys.executable, __file__, "--measure", str(slices)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": "."})
        found = json.loads(done.stdout)
        beyond = (found["peak_bytes"] - found["stack_bytes"]) / 1e9
        print(f"| {slices} | {found['seconds']:.2f} s | {beyond:.2f} GB |", flush=True)
    if arguments.experiments:
        print("\n| tiny experiments | each | peak memory of a process |\n| ---: | ---: | ---: |")
    for experiments in arguments.experiments:
        with tempfile.TemporaryDirectory() as temporary:
            seconds, peak = run_tiny(experiments, checked_out("HEAD", Path(temporary) / "project", 2))
        print(f"| {experiments} | {seconds / experiments:.1f} s | {peak / 1e9:.2f} GB |", flush=True)
    print(f"\n{set_up('cpu').name}; load of the machine {os.getloadavg()[0]:.0f}; torch {torch.__version__}")


if __name__ == "__main__":
    main()
