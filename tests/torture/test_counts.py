"""The counts on docs/guarantees.md: no test that failed, or is gone, keeps the outcome of an earlier run."""

from types import SimpleNamespace

import pytest
from counted import rows_of
from guarantees import is_there


def report(when: str, tried: int) -> SimpleNamespace:
    properties = [("part", "A part"), ("guarantee", "It holds"), ("tried", tried)]
    return SimpleNamespace(nodeid="tests/a.py::test_a", when=when, duration=1.0, user_properties=properties)


@pytest.mark.parametrize(
    ("stats", "outcome"),
    [
        ({"passed": [report("call", 3), report("teardown", 3)]}, "holds"),
        ({"failed": [report("call", 3)]}, "**1 of 1 tests failed**"),
        ({"error": [report("setup", 3)]}, "**1 of 1 tests failed**"),
        ({"skipped": [report("setup", 3)]}, "not run here"),
    ],
)
def test_the_outcome_of_a_test(stats: dict, outcome: str) -> None:
    (row,) = rows_of(stats)
    assert (row["outcome"], row["tried"]) == (outcome, 3)


def test_a_test_that_is_gone_is_no_longer_counted() -> None:
    here = "tests/torture/test_counts.py"
    assert is_there(f"{here}::test_the_outcome_of_a_test[stats0-holds]")
    assert not is_there(f"{here}::test_of_last_year") and not is_there("tests/torture/test_none.py::test_a")
