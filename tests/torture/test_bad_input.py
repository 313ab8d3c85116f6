"""Each input ends in success with the right values, or in one line that names the file; whatever was done to it."""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from bad_inputs import Key, inputs_in_a_worker
from kinds import KINDS

PART = "Bad input: read with the right values, or refused in one line that names the file"
INPUTS = int(os.environ.get("TORTURE_INPUTS", "5000"))  # of all kinds together
SAMPLE = 7  # of each kind


def ends_of(keys: list[Key]) -> Counter[str]:
    """Read inputs and return how many were read and refused; a fault fails the test."""
    outcomes = list(inputs_in_a_worker(keys))
    faults = [outcome for outcome in outcomes if outcome.end == "fault"]
    assert not faults, "\n".join(map(str, faults[:20]))
    assert len(outcomes) == len(keys)
    return Counter(outcome.end for outcome in outcomes)


def test_a_sample_of_each_kind() -> None:
    ends = ends_of([(kind, number) for kind in KINDS for number in range(SAMPLE)])
    assert ends["read"] and ends["refused"]


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
def test_each_input_is_read_rightly_or_refused_in_a_line(kind: str, tried: Callable[..., None]) -> None:
    number = -(-INPUTS // len(KINDS))
    ends = ends_of([(kind, each) for each in range(number)])
    assert ends["read"] and ends["refused"], "a corpus of which all or nothing is refused shows little"
    tried(number, f"{kind}: {ends['read']:,} read, {ends['refused']:,} refused")
