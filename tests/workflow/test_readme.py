"""The README's commands run as they stand, in the small project; its numbers are the committed report's."""

import json
import re
from pathlib import Path

import pytest
from small_project import ROOT, command_in

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", README, flags=re.M | re.S)
    for line in block.splitlines()
    if line.strip()
]
# Those that take long or need the network are asked what they would do.
ASK_ONLY = {"snakemake isbi2012 --cores 8 --resources gpu=1": " --dry-run"}


def test_the_commands_that_the_project_promises_are_there():
    promised = {"make reproduce", "make test", "snakemake --cores 8 --resources gpu=1", "snakemake --cores 8 figures"}
    promised |= {"dvc repro", "dvc metrics show", "dvc plots show", "dvc params diff"}
    assert promised | set(ASK_ONLY) <= set(COMMANDS)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make")])
def test_make_knows_the_target_and_would_install_from_the_lock(command: str):
    output = command_in(ROOT)(f"{command} --dry-run --always-make").stdout
    assert "pip install" in output and "-r requirements.lock -e ." in output


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("make")])
def test_a_command_runs_as_it_stands(recorded: Path, command: str):
    command_in(recorded)(command + ASK_ONLY.get(command, ""))


def test_linked_files_exist():
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


@pytest.mark.parametrize("experiment", ["isbi2012", "isbi2012-ablations"])
def test_the_scores_are_those_of_the_committed_report(experiment: str):
    arms = json.loads((ROOT / f"results/{experiment}/report/summary.json").read_text())["arms"]
    for arm, scores in arms.items():
        for score in ("v_rand", "v_info"):
            assert f"{scores[score]:.4f}" in README, f"{arm}: {score} {scores[score]:.4f} is not in the README"


def test_the_effects_are_those_of_the_committed_report():
    effects = json.loads((ROOT / "results/isbi2012/report/summary.json").read_text())["effects"]
    for pair, scores in effects.items():
        for score, effect in scores.items():
            for number in effect.values():
                assert f"{number:+.4f}" in README, f"{pair}: {score} {number:+.4f} is not in the README"
