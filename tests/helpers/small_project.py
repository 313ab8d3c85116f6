"""A copy of the project whose default experiment takes seconds instead of minutes, and commands run in it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from fusionnet.config.reading import read_yaml

ROOT = Path(__file__).parents[2]
PROJECT = ["Makefile", "README.md", "config", "fusionnet", "pyproject.toml", "requirements.lock", "scripts", "workflow"]
VERSIONING = [".dvc/.gitignore", ".dvc/config", ".dvc/plots", ".dvcignore", ".gitignore"]
PIPELINES = [
    "dvc.yaml",
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("results/*/dvc.yaml"))),
]
SMALL = {
    "download": {"phantom": {"seed": 1, "train_slices": 5, "test_slices": 2, "size_pixels": 96}},
    "split": {"validation_slices": 1},
    "augment": {"elastic_copies": 1, "crop_pixels": 64},
    "network": {"fusionnet": {"width": 2}, "unet": {"width": 2}},
    "train": {"epochs": 2, "steps_per_epoch": 2, "batch_size": 2},
    "report": {"slices_shown": 1},
}
Command = Callable[..., subprocess.CompletedProcess[str]]


def command_in(folder: Path) -> Command:
    """Return a function that runs a command line in a folder, with this interpreter's tools first on the path."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": tools, "PYTHONPATH": str(folder), "OMP_WAIT_POLICY": "passive"}

    def run(line: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environment,
            text=True,
            stdout=-1,
            stderr=subprocess.STDOUT,
            timeout=1500,
        )
        assert not succeeds or done.returncode == 0, f"{line}\n{done.stdout}"
        return done

    return run


def copy_project(folder: Path) -> Path:
    """Copy what git has of the project, and shrink its base configuration."""
    for name in [*PROJECT, *VERSIONING, *PIPELINES]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    edit_yaml(folder / "config/config.yaml", SMALL)
    default = folder / "config/experiments/phantom.yaml"  # must not make it large again
    kept = {
        section: {key: value for key, value in keys.items() if not value or key not in SMALL.get(section, {})}
        for section, keys in read_yaml(default).items()
    }
    default.write_text(yaml.safe_dump(kept, sort_keys=False))
    return folder


def put_under_git(folder: Path) -> None:
    """Make a git repository of a copy, with one commit."""
    command_in(folder)(
        "git init -q && git config user.email a@b.example && git config user.name tester"
        " && git add -A && git commit -qm small"
    )


def edit_yaml(path: Path, changes: dict) -> None:
    """Change keys of a YAML file in place (comments are lost)."""

    def merge(base: dict, changes: dict) -> dict:
        return base | {
            key: merge(base.get(key) or {}, value) if isinstance(value, dict) else value
            for key, value in changes.items()
        }

    path.write_text(yaml.safe_dump(merge(read_yaml(path), changes), sort_keys=False))


def files_to_make(snakemake_output: str) -> dict[frozenset[str], tuple[str, set[str]]]:
    """Return the jobs of a dry run: for each one's outputs, its rule and its inputs."""
    jobs = {}
    for rule, block in re.findall(r"^(?:local)?rule (\S+):\n((?: {4}.*\n)+)", snakemake_output, flags=re.M):
        fields = dict(re.findall(r"^ {4}(input|output): (.*)$", block, flags=re.M))
        if "output" in fields:
            jobs[frozenset(fields["output"].split(", "))] = rule, set(fields["input"].split(", "))
    return jobs


def jobs_to_run(snakemake_output: str) -> dict[str, int]:
    """Return the job counts of a dry run's table, without the target rules."""
    rows = re.findall(r"^(\w[\w-]*) +(\d+)$", snakemake_output, flags=re.M)
    return {rule: int(count) for rule, count in rows if rule not in ("total", "all", "figures", "phantom", "isbi2012")}
