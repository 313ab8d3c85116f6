import re
from dataclasses import replace

import pytest
from fake_findings import fake_findings

from fusionnet.report.page import curve_charts
from fusionnet.report.page.material import Findings
from fusionnet.report.page.vega import to_decades


def test_curves_have_a_line_for_each_replicate_and_mean(findings: Findings):
    baselines = list(findings.baselines.values())
    chart, _ = curve_charts.threshold_charts(findings.replicates, baselines, findings.arms)
    assert chart.svg.count('stroke-width="0.8"') == 8 and chart.svg.count('stroke-width="2.5"') == 2
    assert chart.text.startswith("V_rand by threshold. Highest mean: FusionNet 0.")
    assert len(curve_charts.training_charts(findings.replicates, findings.arms)) == 3


def test_where_there_is_nothing_there_is_no_chart(findings: Findings):
    assert curve_charts.guide_charts({}, findings.arms) == []
    assert curve_charts.annotation_charts(findings.replicates, findings.networks, findings.arms) == []
    assert len(curve_charts.guide_charts(findings.guides, findings.arms)) == 1


def test_arms_on_few_slices_are_drawn_against_their_number(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("budget")
    arms = {f"{name}-{number}-slices": 3 for name in ("unet", "fusionnet") for number in (2, 5)}
    found = fake_findings(folder, arms, folds=("0-1",), side=48, cells=5)
    chart, _ = curve_charts.annotation_charts(found.replicates, found.networks, found.arms)
    assert chart.svg.count('aria-roledescription="point"') == len(found.replicates)
    assert ">2<" in chart.svg and ">5<" in chart.svg
    apart = [replace(r, metrics=dict(r.metrics) | {"v_rand": (0.9, 0.99)[r.seed]}) for r in found.replicates]
    chart, _ = curve_charts.annotation_charts(apart, found.networks, found.arms)
    top, bottom = sorted({float(y) for y in re.findall(r"seed \d[^>]*translate\([\d.]+,([\d.]+)\)", chart.svg)})
    lines = re.findall(r'<path d="M[\d.]+,([\d.]+)L[\d.]+,([\d.]+)"[^>]*stroke-width="2"', chart.svg)
    share = to_decades(0.945) - to_decades(0.9)  # the line goes through means of scores, not of decades
    assert [float(y) for line in lines for y in line] == pytest.approx([bottom + share * (top - bottom)] * 4, abs=1e-3)
