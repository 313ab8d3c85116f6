"""The guide to errors: perfect, useless and tied orders give what they must."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_findings import fake_findings

from fusionnet.report.page.contents import proofreading
from fusionnet.report.proofreading import (
    INDECISION,
    STYLES,
    draw_guides,
    guide_to_errors,
    guides_of,
    uncertainty,
    wrong_pixels,
)
from fusionnet.style import arm_colours

RNG = np.random.default_rng(0)
WRONG = RNG.random((3, 40, 50)) < 0.03


def test_a_perfect_guide_finds_all_errors_at_once():
    found = guide_to_errors(WRONG * 1.0, WRONG)
    at = dict(zip(found.looked_at.round(3), found.found, strict=True))
    assert at[0.05] == pytest.approx(1.0) and at[0.01] == pytest.approx(0.01 / WRONG.mean())


def test_a_guide_that_knows_nothing_is_the_diagonal():
    for suspicion in (np.zeros(WRONG.shape), RNG.random(WRONG.shape)):
        found = guide_to_errors(suspicion, WRONG)
        np.testing.assert_allclose(found.found, found.looked_at, atol=0.08)


def test_a_guide_that_misleads_finds_errors_last():
    found = guide_to_errors(-1.0 * WRONG, WRONG)
    assert not found.found[found.looked_at <= 0.2].any() and found.found[-1] == 1.0


def test_without_errors_there_is_nothing_to_find():
    with pytest.raises(ValueError, match="no pixel is wrong"):
        guide_to_errors(np.zeros((2, 2)), np.zeros((2, 2), bool))


def test_wrong_pixels_are_those_on_the_other_side():
    probability = np.array([0.2, 0.5, 0.7, 0.4])
    np.testing.assert_array_equal(wrong_pixels(probability, np.array([0, 255, 0, 1])), [False, False, True, True])
    np.testing.assert_allclose(uncertainty(probability), [0.2, 0.5, 0.3, 0.4])


def test_the_picture_has_a_line_for_each_arm_and_guide_to_errors():
    guides = dict.fromkeys(STYLES, guide_to_errors(RNG.random(WRONG.shape), WRONG))
    (axes,) = draw_guides({"fusionnet": guides, "mine": guides}, ["fusionnet", "mine"]).axes
    assert len(axes.lines) == 2 * 2 + 1


def test_an_arm_keeps_its_colour_where_another_has_nothing_to_find():
    guides = dict.fromkeys(STYLES, guide_to_errors(RNG.random(WRONG.shape), WRONG))
    (axes,) = draw_guides({"yours": guides}, ["mine", "yours"]).axes
    assert axes.lines[0].get_color() == arm_colours(["mine", "yours"])["yours"] != arm_colours(["yours"])["yours"]


def test_of_one_orientation_none_disagree(tmp_path: Path):
    found = fake_findings(tmp_path, {"fusionnet": 2}, ("0-1",), seeds=(0,), side=48, cells=5)
    section = proofreading(found)
    assert list(found.guides["fusionnet"]) == list(STYLES) and "8 orientations" in section.text[0]
    (one,) = (replace(r, prediction=dict(r.prediction) | {"orientations": 1}) for r in found.replicates)
    guides = guides_of([one], found.scored["0-1"].labels)
    assert list(guides["fusionnet"]) == [INDECISION]
    figure = draw_guides(guides, ["fusionnet"])
    assert not [text for text in figure.legends[0].get_texts() if "orientations" in text.get_text()]
    section = proofreading(replace(found, replicates=[one], guides=guides))
    assert len(section.charts) == 1 and "orientations" not in section.text[0]
    (shown,) = replace(found, replicates=[one]).shown
    assert shown.deviation is None, "so that the viewer has no such layer"
