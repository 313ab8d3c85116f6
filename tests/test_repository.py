"""The habits hold together: one version everywhere, the same checks by make, before a commit and in CI."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from small_project import command_in

import fusionnet

ROOT = Path(__file__).parents[1]
CHECKS = re.compile(r"^(?:ruff|mypy|snakefmt|snakemake)\b.*$", flags=re.M)


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def checks() -> list[str]:
    """The commands of `make check`."""
    return CHECKS.findall(command_in(ROOT)("make --dry-run check").stdout)


def test_the_latest_version_of_the_changelog_is_that_of_citation_and_package():
    versions = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)
    citation = read("CITATION.cff")
    assert versions[0] == (fusionnet.__version__, str(citation["date-released"]))
    assert citation["version"] == fusionnet.__version__


def test_hooks_before_a_commit_run_what_make_check_runs(checks: list[str]):
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"  # the installed tools, so that versions cannot differ
    assert [hook["entry"] for hook in repository["hooks"]] == checks
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])


def test_the_tools_of_the_checks_are_pinned(checks: list[str]):
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.M))
    tools = {check.split()[0] for check in checks}
    assert tools == {"ruff", "mypy", "snakefmt", "snakemake"}
    assert tools <= pinned


def test_all_python_is_linted(checks: list[str]):
    tracked = command_in(ROOT)("git ls-files '*.py'").stdout.split()
    assert {Path(file).parts[0] for file in tracked} == set(checks[0].split()[2:])


def test_continuous_integration_checks_and_tests_on_every_python_of_the_lock():
    jobs = read(".github/workflows/ci.yml")["jobs"]
    pythons = jobs["test"]["strategy"]["matrix"]["python-version"]
    head = (ROOT / "requirements.lock").read_text().splitlines()[0]
    assert pythons == re.findall(r"3\.\d+", head)
    assert f">={pythons[0]}" == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    for job, command in {"check": "make check", "test": ".ci/run"}.items():
        checkout, python, run = jobs[job]["steps"]
        assert checkout["uses"].startswith("actions/checkout@")
        assert python["with"]["cache"] == "pip" and (ROOT / python["with"]["cache-dependency-path"]).is_file()
        assert run["run"] == command


def test_the_command_of_continuous_integration_checks_first_and_ends_with_the_tests():
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines[-2:] == ["make check", "make test"] and "set -euo pipefail" in lines


BUG = ["command", "log", "make status"]
DATA = ["scripts/examine.py", "config/experiments/"]


@pytest.mark.parametrize(("form", "asked"), [("bug", BUG), ("data", DATA)])
def test_forms_for_reports_ask_for_what_is_needed(form: str, asked: list[str]):
    content = read(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert content["name"] and content["description"]
    fields = content["body"]
    labels = " ".join(field["attributes"]["label"] for field in fields)
    assert all(word in labels for word in asked)
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["type"] == "textarea" for field in fields)
