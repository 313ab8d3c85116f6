from urllib.parse import parse_qs

import pytest

from fusionnet.report.page.galleries import LISTED, error_galleries, view_link
from fusionnet.report.page.material import Findings


def test_the_largest_of_all_folds_come_first_and_lead_to_their_place(findings: Findings):
    arm = findings.job.arms[1]
    of_arm = [prediction for prediction in findings.shown if prediction.key == arm]
    mergers, splits = error_galleries(of_arm, "the arm")
    assert (mergers.caption, splits.caption) == ("the arm: largest mergers", "the arm: largest splits")
    pixels = [int(entry.text.split()[0].replace(",", "")) for entry in mergers.entries]
    assert pixels == sorted(pixels, reverse=True) and 0 < len(pixels) <= LISTED
    every = [mistake for prediction in of_arm for mistake in prediction.mistakes()["merger"]]
    assert pixels[0] == max(mistake.pixels for mistake in every)
    view = parse_qs(mergers.entries[0].target[1:])
    assert view["right"] == [f"errors.{arm}"] and view["mark"] == [f"{view['x'][0]},{view['y'][0]}"]
    assert float(view["zoom"][0]) >= 1


def test_a_link_names_slice_and_view(findings: Findings):
    stack = findings.slices["2-3"]
    assert view_link(stack, 1, left="a&b") == "#slice=2-3.3&left=a%26b"


def test_of_no_prediction_nothing_is_said():
    assert error_galleries([], "none") == []


@pytest.mark.parametrize("folded", [True, False])
def test_they_can_be_folded(findings: Findings, folded: bool):
    assert all(gallery.folded == folded for gallery in error_galleries(findings.shown[:1], "x", folded))
