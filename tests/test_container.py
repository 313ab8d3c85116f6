"""The Dockerfile, as far as it can be tested without an engine: it is parsed, and the files that it needs are there."""

import json
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def commands() -> list[tuple[str, str]]:
    """Instructions and their values, continued lines joined."""
    structure = DockerfileParser(str(ROOT / "Dockerfile")).structure
    return [(part["instruction"], part["value"]) for part in structure if part["instruction"] != "COMMENT"]


def ignored(name: str) -> bool:
    """Return whether .dockerignore keeps a file or folder out; the last pattern that fits decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#"):
            parents = [name, *(parent.as_posix() for parent in Path(name).parents)]
            if any(fnmatch(path, pattern.replace("**/", "*")) for path in parents):
                out = not line.startswith("!")
    return out


def values(commands: list[tuple[str, str]], instruction: str) -> list[str]:
    return [value for name, value in commands if name == instruction]


def test_instructions_are_known_and_in_order(commands):
    names = [name for name, _ in commands]
    assert set(names) == {"ARG", "FROM", "RUN", "WORKDIR", "COPY", "CMD"}
    assert names[:2] == ["ARG", "FROM"] and names[-1] == "CMD" and names.count("FROM") == 1


def test_what_is_copied_is_in_the_repository_and_not_ignored(commands):
    assert values(commands, "COPY") == ["requirements.lock ./", ". ."]
    needed = ["requirements.lock", "pyproject.toml", "README.md", "workflow/Snakefile", "fusionnet/train/loop.py"]
    needed += ["config/config.yaml", "fusionnet/download/isbi2012.sha256", "workflow/profiles/default/config.yaml"]
    assert all((ROOT / name).exists() and not ignored(name) for name in needed)


@pytest.mark.parametrize(
    "name", [".git/HEAD", "data/raw/isbi2012/train-volume.tif", ".venv/bin/pip", "work/a/state.pt"]
)
def test_data_history_and_environments_stay_out(name: str):
    assert ignored(name)


def test_requirements_come_from_the_lock_before_the_code_is_copied(commands):
    texts = [value for _, value in commands]
    installs = next(
        index for index, text in enumerate(texts) if "pip install" in text and "-r requirements.lock" in text
    )
    assert installs < texts.index(". .")
    assert any(re.search(r"pip install .*--no-deps --editable \.", text) for text in texts)


def test_shell_lines_are_valid(commands):
    for line in values(commands, "RUN"):
        subprocess.run(["sh", "-n", "-c", line], check=True)


def test_variables_are_declared_before_they_are_used(commands):
    declared: set[str] = set()
    for name, value in commands:
        assert set(re.findall(r"\$\{(\w+)\}", value)) <= declared
        declared |= {value.partition("=")[0]} if name == "ARG" else set()


def test_the_default_command_is_in_exec_form(commands):
    assert json.loads(values(commands, "CMD")[0]) == ["snakemake", "--cores", "all", "--resources", "gpu=1"]


def test_the_image_has_a_python_that_the_lock_is_for(commands):
    assert commands[0] in [("ARG", f"PYTHON=3.{minor}") for minor in (11, 12, 13)]
    assert commands[1] == ("FROM", "python:${PYTHON}-slim-bookworm")
