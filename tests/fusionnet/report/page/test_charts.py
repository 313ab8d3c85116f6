import dataclasses

from fusionnet.report.page import charts
from fusionnet.report.page.material import Findings


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


def test_every_score_of_a_slice_links_to_it(findings: Findings):
    numbers = {fold: stack.numbers for fold, stack in findings.slices.items()}
    chart, _ = charts.slice_charts(findings.replicates, findings.arms, findings.link, numbers)
    assert marks(chart.svg) == chart.svg.count('href="#slice=') == 2 * 2 * 4  # arms, seeds, slices
    assert chart.svg.count('href="#slice=2-3.3"') == 4
    assert "2-3: 3" not in chart.svg
    twice = charts.slice_charts(findings.replicates, findings.arms, findings.link, {"0-1": [0, 1], "2-3": [1, 2]})
    assert "2-3: 1" in twice[0].svg, "a number that two folds have is told by the fold"
