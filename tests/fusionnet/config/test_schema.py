"""Ranges of slices, as a person writes them."""

import pytest

from fusionnet.config.schema import slice_range
from fusionnet.errors import UserError


def test_slices_are_counted_from_0_and_both_ends_belong():
    assert slice_range("0-0") == range(1)
    assert slice_range("25-29") == range(25, 30)
    assert slice_range("7") == range(7, 8)


@pytest.mark.parametrize("text", ["", "5-", "-5", "a-b", "1-2-3", "1.0-2", "\u0665"])
def test_other_ranges_are_refused(text: str):
    with pytest.raises(UserError, match=r"--slices: got .*expected FIRST-LAST"):
        slice_range(text, "--slices")


def test_a_range_runs_forwards():
    with pytest.raises(UserError, match="slices: got '7-3', whose first slice comes after its last"):
        slice_range("7-3")
