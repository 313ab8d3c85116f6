import dataclasses
import re
import time
from pathlib import Path

import numpy as np
import pytest
from fake_findings import fake_findings

from fusionnet.report.page.contents import SECTIONS, experiment_page, lead, tables_of
from fusionnet.report.page.material import Findings
from fusionnet.volumes.stacks import write_volume


def test_the_verdict_comes_first_and_the_sections_in_their_order(page: Path):
    html = page.read_text(encoding="utf-8")
    order = ["comparison", "differences", "slices", "worst-errors", "by-slice", "replicates", "thresholds", "training"]
    order += ["compute", "proofreading", "provenance"]
    assert re.findall(r'<section id="([^"]*)"', html) == order
    assert html.index('class="verdict"') < html.index('<section id="comparison"')
    assert len(SECTIONS) == len(order) + 2  # annotation budgets and further reports are other experiments'


def test_the_verdict_is_a_sentence_with_its_interval(findings: Findings):
    verdict, second, more = lead(findings)
    assert re.fullmatch(r"V_rand: FusionNet .* 95% interval [+-]0\.\d{4} to [+-]0\.\d{4}; 4 paired .*\)\.", verdict)
    assert second.startswith("V_info: ") and more.endswith("not on a test stack of its own.")


def test_one_arm_alone_has_a_page_too(findings: Findings):
    arm = findings.job.arms[0]
    alone = dataclasses.replace(
        findings,
        job=findings.job.model_copy(update={"arms": [arm]}),
        replicates=[replicate for replicate in findings.replicates if replicate.arm == arm],
        networks={arm: findings.networks[arm]},
        effects=[],
        table=findings.table[findings.table["arm"].isin([arm, "smoothed grey values"])],
        names={arm: findings.names[arm]},
        guides={},
    )
    html = experiment_page(alone)
    assert "There is one arm" in html and 'id="differences"' not in html and 'id="proofreading"' not in html
    assert 'id="canvas"' in html


def test_every_table_and_number_is_linked_beside_the_page(page: Path, findings: Findings):
    html = page.read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"#][^"]*)"', html)
    assert links[:2] == list(findings.texts)
    assert len(links) == 2 + 3 * len(findings.replicates)
    assert "../replicates/fusionnet/0-1/seed-0/slices.csv" in links
    assert all("<" not in link and " " not in link for link in links)


def test_further_reports_are_shown_with_their_figures_and_tables(findings: Findings, tmp_path: Path):
    (tmp_path / "bodies.png").write_bytes(b"a figure")
    text = "# Bodies\n\nwords\n\n| arm | Dice |\n| --- | --- |\n| FusionNet | **0.9** |\n\n"
    text += "## Size\n\n|  | a |\n| --- | --- |\n| b | 1 (2 to 3) |\n"
    (tmp_path / "bodies.md").write_text(text)
    tables = tables_of(text)
    assert [(table.caption, table.header, table.rows) for table in tables] == [
        ("Bodies", ["arm", "Dice"], [["FusionNet", "0.9"]]),
        ("Size", ["", "a"], [["b", "1 (2 to 3)"]]),
    ]
    also = [tmp_path / "bodies.png", tmp_path / "bodies.md"]
    (further,) = [build for build in SECTIONS if build.__name__ == "further"]
    section = further(dataclasses.replace(findings, also=also))
    assert section.pictures[0].text.startswith("Size and shape") and len(section.tables) == 2


@pytest.mark.slow
def test_a_page_as_large_as_isbi2012_is_small_and_soon_made_and_opened(chromium, tmp_path: Path):
    folds, arms = ("0-4", "5-9", "10-14"), {"fusionnet": 12, "unet": 15, "unet-matched": 14}
    found = fake_findings(tmp_path, arms, folds, seeds=(0,), side=512)
    for replicate in found.replicates:  # a trained network is sure of nearly every pixel
        sure = 1 / (1 + np.exp(-16 * (replicate.probabilities() - 0.5)))
        write_volume(replicate.folder / "probabilities.tif", sure.astype(np.float32), {})
        write_volume(replicate.folder / "deviation.tif", (sure * (1 - sure)).astype(np.float32), {})
    wall, start = time.monotonic(), time.process_time()
    html = experiment_page(found)
    making, wall = time.process_time() - start, time.monotonic() - wall
    file = tmp_path / "index.html"
    file.write_text(html, encoding="utf-8")
    tab = chromium.new_page()
    tab.goto(file.as_uri())
    tab.wait_for_function("document.querySelector('#title').textContent !== ''")
    opening = tab.evaluate("performance.now()") / 1000
    tab.close()
    size = file.stat().st_size / 1e6
    print(f"{size:.1f} MB, made in {making:.1f} s of a processor's time ({wall:.1f} s), opened in {opening:.1f} s")
    assert size < 15
    assert making < 10
    assert opening < 4  # 2 s on a quiet machine; the one that tests is busy
