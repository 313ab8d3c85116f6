"""What is seen of a run: a line when a job begins and one when it ends, then where the report lies or what failed.

Snakemake's usual output names every input of every job, here some sixty modules. It is still what ``--verbose`` and a
dry run show, and what Snakemake writes into ``.snakemake/log``.
"""

import logging
import shutil
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from fusionnet.workflow.status import duration

LOG_LINES_SHOWN = 12
CHATTER = (
    "Building DAG of jobs",
    "Using shell:",
    "Conda environments: ignored",
    "Rules claiming more threads",
    "Select jobs to execute",
    "Execute ",
    "Exiting because a job execution failed",
    "RuleException:\nCalledProcessError in file",  # a page of command line; the job's own message stands above
)
STOPPED = "Terminating processes on user request"  # Snakemake's answer to Ctrl-C
HIDDEN = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.SHELLCMD,
    LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.GROUP_INFO,
}


class RunFormatter(logging.Formatter):
    """Turns Snakemake's records into lines; an empty one is not shown.

    Args:
        usual: The formatter that Snakemake has for its terminal; it gets what is not spoken of here.
        workflow: Snakemake's ``Workflow``.
        clock: Gives seconds.
    """

    def __init__(self, usual: logging.Formatter, workflow: Any, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self.usual, self.workflow, self.clock = usual, workflow, clock
        self.jobs: dict[int, _Job] = {}
        self.total = 0
        self.failed: list[_Job] = []
        self.stopped = False
        self._shapes: dict[LogEvent, Callable[[logging.LogRecord], str]] = {
            LogEvent.RUN_INFO: self._plan,
            LogEvent.JOB_INFO: self._begun,
            LogEvent.JOB_FINISHED: self._finished,
            LogEvent.JOB_ERROR: self._broken,
        }

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record of Snakemake's logger."""
        if self.workflow.dryrun or self.workflow.output_settings.verbose:
            return self.usual.format(record)
        event = getattr(record, "event", None)
        if event in self._shapes:
            return self._shapes[event](record)
        self.stopped = self.stopped or record.getMessage().startswith(STOPPED)
        if event in HIDDEN or record.getMessage().startswith(CHATTER):
            return ""
        return self.usual.format(record)

    def _plan(self, record: logging.LogRecord) -> str:
        targets = {rule.name for rule in self.workflow.rules if not rule.output}
        stats: Mapping[str, int] = record.__dict__["stats"]
        counts = {name: count for name, count in stats.items() if name not in targets | {"total"}}
        self.total = sum(counts.values())
        parts = (name if count == 1 else f"{count} {name}" for name, count in counts.items())
        return f"{self.total} {'job' if self.total == 1 else 'jobs'}: {', '.join(parts)}" if self.total else ""

    def _begun(self, record: logging.LogRecord) -> str:
        fields = record.__dict__
        if not fields["output"]:  # a target such as `all`, which makes nothing itself
            return ""
        known = self.jobs.get(fields["jobid"])  # of a job that is tried again
        number = known.number if known else len(self.jobs) + 1
        self.total = max(self.total, number)
        job = _Job(number, fields["rule_name"], _words(fields["wildcards"]), list(fields["log"]), self.clock())
        self.jobs[fields["jobid"]] = job
        return f"{self._place(job)} {job.name}"

    def _finished(self, record: logging.LogRecord) -> str:
        job = self.jobs.get(record.__dict__["job_id"])
        return f"{self._place(job)} {job.rule} took {duration(self.clock() - job.begun)}" if job else ""

    def _broken(self, record: logging.LogRecord) -> str:
        job = self.jobs.get(record.__dict__["jobid"])
        if job is None:
            return self.usual.format(record)
        if job not in self.failed and not self.stopped:
            self.failed.append(job)
        job.logs = list(record.__dict__.get("log", job.logs))  # a cluster adds its own to the rule's
        outcome = "stopped" if self.stopped else "failed"
        last = "".join(f": {line}" for line in _last_lines(job.logs)[-1:])
        return f"{self._place(job)} {job.rule} {outcome} after {duration(self.clock() - job.begun)}{last}"

    def _place(self, job: "_Job") -> str:
        return f"[{job.number}/{self.total}]"


class _Job:
    """A job of the run."""

    def __init__(self, number: int, rule: str, what: str, logs: list[str], begun: float):
        self.number, self.rule, self.logs, self.begun = number, rule, logs, begun
        self.name = f"{rule}: {what}" if what else rule


def show_run(logger: logging.Logger, workflow: Any) -> None:
    """Let Snakemake's terminal show a run as described above; another logger that was asked for stays as it is.

    Args:
        logger: Snakemake's logger.
        workflow: Its ``Workflow``.
    """
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler" and handler.formatter is not None:
            handler.setFormatter(RunFormatter(handler.formatter, workflow))


def success(made: Iterable[str], width: int | None = None) -> str:
    """Return where the reports lie that a run has made, and what they say.

    Args:
        made: The files that the run has made.
        width: Of a line, in characters; by default the terminal's.

    Returns:
        An empty string where no report was made.
    """
    width = width or min(shutil.get_terminal_size().columns, 120)
    parts = []
    for verdict in sorted({Path(file) for file in made if file.endswith("/report/verdict.md")}):
        paragraphs = verdict.read_text(encoding="utf-8").strip().split("\n")
        text = "\n".join(textwrap.fill(line, width, break_long_words=False) for line in paragraphs)
        parts.append(f"\nReport: {verdict.parent}/ (figures, comparison.md, verdict.md)\n\n{text}\n")
    return "\n".join(parts)


def failure(logger: logging.Logger) -> str:
    """Return what a person needs to know of a run that did not come to its end.

    Args:
        logger: Snakemake's logger, which `show_run` was given.
    """
    formatters = [handler.formatter for handler in logger.handlers if isinstance(handler.formatter, RunFormatter)]
    failed = [job for formatter in formatters for job in formatter.failed]
    again = "the same command goes on from there: finished jobs stay, a training resumes from its last saved state."
    if not failed:
        return f"\nThe run was stopped before its end; {again}"
    parts = [_of_failed(job) for job in failed]
    return "\n".join([*parts, f"\nMend the cause; {again}"])


def _of_failed(job: _Job) -> str:
    lines = [f"    {line}" for line in _last_lines(job.logs)]
    where = f"the last lines of {' '.join(job.logs)}:" if lines else "it left no log: its message stands above"
    return "\n".join([f"\nFailed: {job.name}; {where}", *lines])


def _last_lines(logs: list[str]) -> list[str]:
    """Return the last lines of the first log that has any."""
    for log in map(Path, logs):
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines() if log.is_file() else []
        if lines:
            return lines[-LOG_LINES_SHOWN:]
    return []


def _words(wildcards: Mapping[str, Any]) -> str:
    """Return a job's wildcards as a person says them: ``phantom, unet, fold test, seed 0``."""
    plain = ("experiment", "arm", "dataset")
    return ", ".join(f"{value}" if name in plain else f"{name} {value}" for name, value in wildcards.items())
