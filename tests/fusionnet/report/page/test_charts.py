import dataclasses

import pytest
from fake_findings import fake_findings

from fusionnet.report.page import charts
from fusionnet.report.page.contents import Findings
from fusionnet.report.page.vega import Arms


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


def test_curves_have_a_line_for_each_replicate_and_mean(findings: Findings):
    baselines = list(findings.baselines.values())
    chart, _ = charts.threshold_charts(findings.replicates, baselines, findings.arms)
    assert chart.svg.count('stroke-width="0.8"') == 8 and chart.svg.count('stroke-width="2.5"') == 2
    assert chart.text.startswith("V_rand by threshold. Highest mean: FusionNet 0.")
    assert len(charts.training_charts(findings.replicates, findings.arms)) == 3


def test_where_there_is_nothing_there_is_no_chart(findings: Findings):
    assert charts.guide_charts({}, findings.arms) == []
    assert charts.annotation_charts(findings.replicates, findings.networks, findings.arms) == []
    assert len(charts.guide_charts(findings.guides, findings.arms)) == 1


def test_arms_on_few_slices_are_drawn_against_their_number(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("budget")
    arms = {f"{name}-{number}-slices": 3 for name in ("unet", "fusionnet") for number in (2, 5)}
    found = fake_findings(folder, arms, folds=("0-1",), side=48, cells=5)
    chart, _ = charts.annotation_charts(found.replicates, found.networks, Arms(found.names))
    assert marks(chart.svg) == len(found.replicates)
    assert ">2<" in chart.svg and ">5<" in chart.svg
