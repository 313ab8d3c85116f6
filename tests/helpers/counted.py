"""Counts of what is tried; `make torture` asks for many and puts them on docs/guarantees.md."""

import os
from collections.abc import Callable, Mapping

import guarantees
import pytest

RECORD = "TORTURE_RECORD"  # environment variable: write the page


@pytest.fixture
def tried(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """A function that counts what is tried; the first line of the test's docstring says what holds."""
    words = " ".join((request.function.__doc__ or "").partition("\n\n")[0].split()).rstrip(".")
    record_property("part", request.module.PART)
    record_property("guarantee", words)

    def count(number: int, guarantee: str = "") -> None:
        record_property("tried", number)
        if guarantee:
            record_property("guarantee", guarantee)

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get(RECORD) and (rows := rows_of(terminalreporter.stats)):
        guarantees.keep(rows)


def rows_of(stats: Mapping[str, list[pytest.TestReport]]) -> list[dict[str, object]]:
    """Return a row of the table for each test and what it holds; a test whose fixture fails has failed."""
    counts: dict[tuple[str, str, str], list[tuple[int, str, float]]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in stats.get(outcome, []):
            properties: dict[str, str] = dict(getattr(report, "user_properties", ()))
            if "guarantee" in properties and (report.when == "call" or outcome in ("error", "skipped")):
                number = sum(value for name, value in report.user_properties if name == "tried")
                key = report.nodeid, properties["part"], properties["guarantee"]
                counts.setdefault(key, []).append((number, outcome, report.duration))
    rows = []
    for (test, part, guarantee), of in counts.items():
        failed, skipped = (
            sum(outcome in words for _, outcome, _ in of) for words in (("failed", "error"), ("skipped",))
        )
        outcome = (
            f"**{failed} of {len(of)} tests failed**" if failed else "not run here" if skipped == len(of) else "holds"
        )
        rows.append(guarantees.row(test, part, guarantee, sum(n for n, _, _ in of), outcome, sum(s for _, _, s in of)))
    return rows
