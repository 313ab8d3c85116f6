"""requirements.lock pins what pyproject.toml asks for, and what that needs in turn, on each Python that it is for."""

import ast
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LEFT_OUT = ("cuda-", "nvidia-", "triton")  # see the head of the lock
LINES = (ROOT / "requirements.lock").read_text().splitlines()
PINS = [Requirement(line) for line in LINES if not line.startswith("#")]
VERSIONS = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in PINS}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in project["dependencies"] + extras]


def python(version: str) -> dict[str, str]:
    """Return what markers are asked about, for Linux and a version of Python."""
    return {**default_environment(), "python_version": version, "python_full_version": f"{version}.1", "extra": ""}


def test_every_line_pins_one_version():
    assert all([part.operator for part in pin.specifier] == ["=="] for pin in PINS)
    assert len(VERSIONS) == len(PINS)


def test_torch_is_the_version_that_the_results_were_made_with():
    assert VERSIONS["torch"] == "2.13.0"


def test_what_the_project_declares_is_pinned_within_its_range():
    for requirement in declared():
        version = VERSIONS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is pinned at {version}"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_what_a_pinned_package_needs_on_this_python_is_pinned_too(version: str):
    environment = python(version)
    missing = []
    for pin in PINS:
        if pin.marker and not pin.marker.evaluate(environment):
            continue
        try:
            needs = [Requirement(line) for line in requires(pin.name) or []]
        except PackageNotFoundError:
            pytest.fail(f"{pin} is not installed: install requirements.lock to test it")
        for need in needs:
            name = canonicalize_name(need.name)
            asked = (need.marker is None or need.marker.evaluate(environment)) and not name.startswith(LEFT_OUT)
            if asked and not need.specifier.contains(VERSIONS.get(name, "0"), prereleases=True):
                missing.append(f"{pin.name} needs {need}")
    assert not missing


def test_pythons_of_the_lock_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert all(Requirement(f"x{project['requires-python']}").specifier.contains(v) for v in ("3.11", "3.12", "3.13"))


def test_what_is_imported_is_declared():
    """A package that only another one needs can go with that one's next release."""
    names = {canonicalize_name(requirement.name) for requirement in declared()}
    owners, lacking = packages_distributions(), set()
    for path in [path for folder in ("fusionnet", "scripts", "workflow") for path in (ROOT / folder).rglob("*.py")]:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
        for name in {each.partition(".")[0] for each in found} - {
            "",
            "fusionnet",
            "workflow",
            "benchmarks",
            *sys.stdlib_module_names,
        }:
            if not names.intersection(map(canonicalize_name, owners.get(name, [name]))):
                lacking.add((str(path.relative_to(ROOT)), name))
    assert lacking == set()
