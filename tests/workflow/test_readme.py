"""The README's commands run as they stand, in the small project; its numbers are the committed report's."""

import json
import re
from pathlib import Path

import pytest
from small_project import ROOT, command_in

from workflow.fill_pages import BLOCK

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", README, flags=re.M | re.S)
    for line in block.splitlines()
    if line.strip()
]
SCORE = re.compile(r"(?<!\d)[+-]?\d\.\d{4}\b")  # a DOI has more digits before the point
PAPER = {"+0.0053"}  # what the paper reports of its own
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


def test_the_door_is_short():
    """What it is, a picture and the two commands come first; the rest is on pages of its own."""
    lines = README.splitlines()
    assert len(README.split()) < 900
    picture = next(number for number, line in enumerate(lines, 1) if line.startswith("!["))
    commands = [
        lines.index(line) + 1 for line in lines if re.match("make reproduce|snakemake --cores 8 --r|dvc repro", line)
    ]
    assert picture < 10 and len(commands) == 3 and max(commands) <= 25


@pytest.mark.parametrize(
    ("experiment", "page"),
    [
        ("isbi2012", "README.md"),
        ("isbi2012", "docs/results.md"),
        ("isbi2012-ablations", "docs/results.md"),
    ],
)
def test_the_scores_are_those_of_the_committed_report(experiment: str, page: str):
    text = (ROOT / page).read_text()
    arms = json.loads((ROOT / f"results/{experiment}/report/summary.json").read_text())["arms"]
    for arm, scores in arms.items():
        for score in ("v_rand", "v_info"):
            assert f"{scores[score]:.4f}" in text, f"{arm}: {score} {scores[score]:.4f} is not in {page}"


@pytest.mark.parametrize(("page", "pairs"), [("README.md", 1), ("docs/results.md", 2)])
def test_the_effects_are_those_of_the_committed_report(page: str, pairs: int):
    text = (ROOT / page).read_text()
    effects = json.loads((ROOT / "results/isbi2012/report/summary.json").read_text())["effects"]
    assert len(effects) == 2
    for pair, scores in list(effects.items())[:pairs]:
        for score, effect in scores.items():
            for number in effect.values():
                assert f"{number:+.4f}" in text, f"{pair}: {score} {number:+.4f} is not in {page}"


def sections(page: str) -> list[tuple[str, str]]:
    """Return the experiment and the text of each section of a page that is about one."""
    text = (ROOT / page).read_text()
    if page == "README.md":
        return [("isbi2012", text)]
    # What no report has stands in written tables and in two parts, which have tests in tests/test_docs_results.py.
    elsewhere = r"^### (?:Both stacks together|Away from home)\n"
    return re.findall(rf"^## ([\w-]+): (.*?)(?=^## |{elsewhere})", BLOCK.sub("", text), flags=re.M | re.S)


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_every_score_in_the_text_is_one_of_the_report_of_its_section(page: str):
    assert sections(page)
    for experiment, text in sections(page):
        files = (ROOT / f"results/{experiment}/report").glob("*.md")
        reported = set(SCORE.findall(" ".join(file.read_text() for file in files))) | PAPER
        written = set(SCORE.findall(text))
        assert written and written <= reported, f"{experiment}: {written - reported}"
