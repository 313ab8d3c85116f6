"""What is seen of a run: the lines of Snakemake's records, and what stands at the end."""

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_project import ROOT, command_in
from snakemake_interface_logger_plugins.common import LogEvent

from fusionnet.workflow.messages import RunFormatter, failure, show_run, success

WILDCARDS = {"experiment": "phantom", "arm": "unet", "fold": "7-9", "seed": "2"}
PAGE = """
rule small:
    output:
        "small.txt",
    log:
        "small.log",
    shell:
        "echo {shell} > {{output}}"


rule large:
    input:
        "small.txt",
    output:
        "{{size}}.bin",
    log:
        "{{size}}.log",
    shell:
        "seq 30 > {{log}}; cp {{input}} {{output}}; {command}"


rule all:
    default_target: True
    input:
        "large.bin",


from fusionnet.workflow.messages import failure, show_run

show_run(logger, workflow)


onerror:
    logger.error(failure(logger))
"""


@pytest.fixture
def workflow() -> SimpleNamespace:
    rules = [SimpleNamespace(name=name, output=[name]) for name in ("augment", "train")]
    rules.append(SimpleNamespace(name="all", output=[]))
    return SimpleNamespace(dryrun=False, rules=rules, output_settings=SimpleNamespace(verbose=False))


@pytest.fixture
def formatter(workflow: SimpleNamespace) -> RunFormatter:
    ticks: Iterator[int] = iter(range(0, 1000, 7))
    return RunFormatter(logging.Formatter("usual: %(message)s"), workflow, lambda: next(ticks))


def line(formatter: RunFormatter, event: LogEvent | None, message: str = "", level: int = logging.INFO, **more: Any):
    record = logging.LogRecord("snakemake", level, "", 0, message, (), None)
    record.__dict__.update(more, **({"event": event} if event else {}))
    return formatter.format(record)


def begin(formatter: RunFormatter, jobid: int, log: list[str] | None = None, rule: str = "train") -> str:
    fields = {"jobid": jobid, "rule_name": rule, "wildcards": WILDCARDS, "log": log or [], "output": ["file"]}
    return line(formatter, LogEvent.JOB_INFO, **fields)


def test_a_job_has_a_line_at_its_begin_and_one_at_its_end(formatter: RunFormatter):
    stats = {"augment": 1, "train": 2, "all": 1, "total": 4}
    assert line(formatter, LogEvent.RUN_INFO, stats=stats) == "3 jobs: augment, 2 train"
    assert begin(formatter, 7) == "[1/3] train: phantom, unet, fold 7-9, seed 2"
    assert begin(formatter, 5, rule="augment") == "[2/3] augment: phantom, unet, fold 7-9, seed 2"
    assert line(formatter, LogEvent.JOB_FINISHED, job_id=7) == "[1/3] train took 14 s"


def test_a_target_is_no_job(formatter: RunFormatter):
    fields = {"jobid": 0, "rule_name": "all", "wildcards": {}, "log": [], "output": []}
    assert line(formatter, LogEvent.JOB_INFO, **fields) == ""
    assert line(formatter, LogEvent.JOB_FINISHED, job_id=0) == ""
    assert line(formatter, LogEvent.RUN_INFO, stats={"all": 1, "total": 1}) == ""


def test_a_job_that_is_tried_again_keeps_its_number(formatter: RunFormatter):
    line(formatter, LogEvent.RUN_INFO, stats={"train": 2, "total": 2})
    begin(formatter, 7)
    assert line(formatter, LogEvent.JOB_ERROR, level=logging.ERROR, jobid=7) == "[1/2] train failed after 7 s"
    assert begin(formatter, 7).startswith("[1/2] ")
    assert begin(formatter, 8).startswith("[2/2] ")


@pytest.mark.parametrize("message", ["Select jobs to execute...", "Building DAG of jobs...", "Execute 2 jobs..."])
def test_chatter_is_not_shown(formatter: RunFormatter, message: str):
    assert line(formatter, None, message) == ""
    assert line(formatter, LogEvent.SHELLCMD, "python ...") == ""


@pytest.mark.parametrize("message", ["Nothing to be done (all requested files are present and up to date).", "New"])
def test_what_is_not_known_is_shown(formatter: RunFormatter, message: str):
    assert line(formatter, None, message) == f"usual: {message}"
    assert line(formatter, LogEvent.ERROR, message, logging.ERROR) == f"usual: {message}"


@pytest.mark.parametrize("switch", ["dryrun", "verbose"])
def test_a_dry_run_and_a_verbose_one_are_shown_as_usual(formatter: RunFormatter, switch: str):
    formatter.workflow.dryrun = switch == "dryrun"
    formatter.workflow.output_settings.verbose = switch == "verbose"
    assert line(formatter, None, "Select jobs to execute...") == "usual: Select jobs to execute..."


def test_another_logger_stays_as_it_is(workflow: SimpleNamespace):
    logger = logging.Logger("snakemake")
    logger.addHandler(logging.NullHandler())
    show_run(logger, workflow)
    assert logger.handlers[0].formatter is None


def test_the_end_of_a_run_that_made_a_report(tmp_path: Path):
    verdict = tmp_path / "report/verdict.md"
    verdict.parent.mkdir()
    verdict.write_text(f"{'words ' * 20}\n")
    text = success(["results/other.json", str(verdict)], width=40)
    assert text.startswith(f"\nReport: {verdict.parent}/ (figures, comparison.md, verdict.md)\n\nwords words")
    assert max(len(row) for row in text.split("\n")[3:]) <= 40
    assert success(["results/other.json"]) == ""


def test_a_run_that_was_stopped_has_not_failed(formatter: RunFormatter):
    logger = logging.Logger("snakemake")
    logger.addHandler(logging.NullHandler())
    logger.handlers[0].setFormatter(formatter)
    line(formatter, LogEvent.RUN_INFO, stats={"train": 1, "total": 1})
    begin(formatter, 7)
    line(formatter, None, "Terminating processes on user request, this might take some time.", logging.WARNING)
    assert line(formatter, LogEvent.JOB_ERROR, level=logging.ERROR, jobid=7) == "[1/1] train stopped after 7 s"
    assert failure(logger).startswith("\nThe run was stopped before its end; the same command goes on from there")


def run_page(folder: Path, command: str) -> str:
    (folder / "Snakefile").write_text(PAGE.format(shell="x", command=command))
    return command_in(ROOT)(
        f"snakemake --workflow-profile none --cores 1 --directory {folder} -s {folder}/Snakefile", False
    ).stdout


def test_a_real_run_names_its_jobs_and_what_failed(tmp_path: Path):
    output = run_page(tmp_path, "exit 3")
    assert "2 jobs: small, large\n\n[1/2] small\n[1/2] small took " in output
    assert "\n[2/2] large: size large\n[2/2] large failed after " in output and " s: 30\n" in output
    assert f"Failed: large: size large; the last lines of {'large.log'}:\n    19\n    20\n" in output
    assert "    30\n\nMend the cause; the same command goes on from there" in output
    assert "exit 3" not in output and "Traceback" not in output
    again = run_page(tmp_path, "true")
    assert "1 job: large\n" in again and "[1/1] large: size large\n[1/1] large took " in again
    assert "Nothing to be done" in run_page(tmp_path, "true")
