import dataclasses
import re

import pandas as pd
import pytest

from fusionnet.report.page import charts
from fusionnet.report.page.material import Findings
from fusionnet.report.page.vega import to_decades


def marks(svg: str, kind: str = "point") -> int:
    return svg.count(f'aria-roledescription="{kind}"')


def test_each_pair_has_its_difference_and_interval(findings: Findings):
    v_rand, v_info = charts.effect_charts(findings.effects, findings.arms)
    assert marks(v_rand.svg) == marks(v_info.svg) == 1
    effect = findings.effects[0]
    assert f"{effect.mean:+.4f}, 95 % interval {effect.low:+.4f} to {effect.high:+.4f}" in v_rand.text


def test_an_interval_without_ends_is_left_out(findings: Findings):
    endless = dataclasses.replace(findings.effects[0], low=float("-inf"), high=float("inf"))
    (chart, _) = charts.effect_charts([endless], findings.arms)
    assert marks(chart.svg) == 1 and "NaN" not in chart.svg


def test_every_replicate_is_a_point(findings: Findings):
    for chart in charts.replicate_charts(findings.table, findings.arms):
        assert marks(chart.svg) == len(findings.replicates)
    for chart in charts.compute_charts(findings.table, findings.arms):
        assert marks(chart.svg) == len(findings.replicates) + len(findings.job.arms)


@pytest.fixture
def apart(findings: Findings) -> pd.DataFrame:
    """The table with unequal scores: each arm has 0.9 of one seed and 0.99 of the other, whose mean is 0.945."""
    return findings.table.assign(v_rand=findings.table["seed"].map({0: 0.9, 1: 0.99}).astype(float))


def places(svg: str, pattern: str) -> list[float]:
    """Return where marks lie whose label and drawing a pattern names; its group is the place."""
    return sorted({float(place) for place in re.findall(pattern, svg)})


def test_the_mean_of_replicates_lies_at_the_mean_of_their_scores(findings: Findings, apart: pd.DataFrame):
    """Not at the mean of their places: the axis is logarithmic, and that would be 0.9684."""
    share = to_decades(0.945) - to_decades(0.9)  # of the way from 0.9 to 0.99, one decade
    chart = charts.replicate_charts(apart, findings.arms)[0]
    low, high = places(chart.svg, r"seed \d: V_rand[^>]*translate\(([\d.]+),")
    (left,) = places(chart.svg, r'mean: V_rand 0\.9450"[^>]*d="M([\d.]+),')
    (width,) = places(chart.svg, r'mean: V_rand 0\.9450"[^>]*h([\d.]+)v')
    assert left + width / 2 == pytest.approx(low + share * (high - low))
    assert "FusionNet, mean: V_rand 0.9450" in chart.text
    for chart in charts.compute_charts(apart, findings.arms)[:2]:
        top, bottom = places(chart.svg, r": V_rand 0\.9\d00, [^>]*translate\([\d.]+,([\d.]+)\)")
        (mean,) = places(chart.svg, r'mean: V_rand 0\.9450"[^>]*translate\([\d.]+,([\d.]+)\)')
        assert mean == pytest.approx(bottom + share * (top - bottom))


def test_every_score_of_a_slice_links_to_it(findings: Findings):
    numbers = {fold: stack.numbers for fold, stack in findings.slices.items()}
    chart, _ = charts.slice_charts(findings.replicates, findings.arms, findings.link, numbers)
    assert marks(chart.svg) == chart.svg.count('href="#slice=') == 2 * 2 * 4  # arms, seeds, slices
    assert chart.svg.count('href="#slice=2-3.3"') == 4
    assert "2-3: 3" not in chart.svg
    twice = charts.slice_charts(findings.replicates, findings.arms, findings.link, {"0-1": [0, 1], "2-3": [1, 2]})
    assert "2-3: 1" in twice[0].svg, "a number that two folds have is told by the fold"
