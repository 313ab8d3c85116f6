"""The report of cells: tables and figures of made-up results whose last step is the truth itself."""

import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_results import cell_labels, write_results
from PIL import Image

from fusionnet.config.reporting import ReportJob
from fusionnet.report.cells import STACKS, differences, gains, read_ladders, segmentation_table
from fusionnet.report.figures.mergers import choose_cases
from fusionnet.segment.ladder import BESIDE, CEILING, EDGES, LINKAGE, RUNGS, THRESHOLD, score_ladder
from fusionnet.volumes.stacks import read_stack, write_volume

FOLDS = ("0-1", "3-4")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReportJob]:
    """Replicates of two arms; linkage is the threshold again, learned edges and those with slices beside the truth."""
    folder = tmp_path_factory.mktemp("cells")
    labels = cell_labels(5, 96, np.random.default_rng(0), cells=10)
    job = write_results(folder / "results", folder / "raw", labels, {"fusionnet": 2, "unet": 9}, FOLDS)
    for place in (folder / "results").glob("*/*/seed-*"):
        first, last = map(int, place.parent.name.split("-"))
        truth = labels[first : last + 1]
        probabilities = read_stack(place / "probabilities.tif")
        maps = {THRESHOLD: probabilities, LINKAGE: probabilities, EDGES: truth * 1.0, BESIDE: truth * 1.0}
        for rung in (LINKAGE, EDGES, BESIDE):
            write_volume(place / f"{STACKS[rung]}.tif", maps[rung].astype(np.float32), {})
        score_ladder(truth, maps).to_csv(place / "ladder.csv", index=False)
    return folder, job


def report(folder: Path, job: ReportJob, output: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    places = ["--results", folder / "results", "--raw", folder / "raw", "--report-folder", output]
    monkeypatch.setattr(sys, "argv", ["report_segmentation.py", "--config", job.model_dump_json(), *map(str, places)])
    try:
        runpy.run_path("scripts/report_segmentation.py", run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_it_writes_every_file_and_the_same_bytes_again(results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, job = results
    for name in ("first", "second"):
        assert report(folder, job, tmp_path / name, monkeypatch) == 0
    names = {"segmentation.md", "segmentation.csv", "ladder.png", "mergers.png"}
    assert {path.name for path in (tmp_path / "first").iterdir()} == names
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    with Image.open(tmp_path / "first/ladder.png") as image:
        assert image.width == 1350
    page = (tmp_path / "first/segmentation.md").read_text()
    assert "| U-Net | learned edges, slices beside | 1.0000 ± 0.0000 | 1.0000 | 1.0000 |" in page
    assert "| FusionNet minus U-Net | threshold |" in page and "95% intervals" in page
    table = pd.read_csv(tmp_path / "first/segmentation.csv")
    assert list(table.columns[:5]) == ["arm", "fold", "seed", "rung", "v_rand"]
    assert len(table) == 2 * 2 * 2 * len(RUNGS)


def test_a_rung_s_score_is_the_mean_of_its_slices(results):
    folder, job = results
    ladders = read_ladders(job, folder / "results")
    table = segmentation_table(ladders).set_index(["arm", "fold", "seed", "rung"])
    slices = ladders[0].table.query(f"rung == '{THRESHOLD}'")["v_rand"]
    key = (ladders[0].arm, ladders[0].fold, ladders[0].seed, THRESHOLD)
    assert table.loc[key, "v_rand"] == pytest.approx(slices.mean())


def test_what_is_the_same_gains_nothing_and_the_truth_gains_what_was_lost(results):
    folder, job = results
    ladders = read_ladders(job, folder / "results")
    found = {(effect.arm, effect.score): effect for effect in gains(ladders)}
    assert found["unet/linkage", "v_rand"].mean == 0
    lost = 1 - np.mean([each.slice_scores(THRESHOLD, "v_rand").mean() for each in ladders if each.arm == "unet"])
    assert found[f"unet/{BESIDE}", "v_rand"].mean == pytest.approx(lost)
    assert not any(CEILING in arm for arm, _ in found)
    between = {(effect.arm, effect.score): effect.mean for effect in differences(ladders, [("fusionnet", "unet")])}
    assert between[f"fusionnet/{BESIDE}", "v_rand"] == 0 < between[f"fusionnet/{THRESHOLD}", "v_rand"]


def test_arms_on_unlike_numbers_of_slices_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    budgets = ["fusionnet-1-slice", "fusionnet-2-slices", "unet-2-slices"]
    labels = cell_labels(3, 48, np.random.default_rng(0), cells=5)
    job = write_results(tmp_path / "results", tmp_path / "raw", labels, dict.fromkeys(budgets, 2), ("0-1",), (0,))
    for place in (tmp_path / "results").glob("*/*/seed-*"):
        probabilities = read_stack(place / "probabilities.tif")
        for rung in (LINKAGE, EDGES, BESIDE):
            write_volume(place / f"{STACKS[rung]}.tif", probabilities, {})
        score_ladder(labels[:2], dict.fromkeys(STACKS, probabilities)).to_csv(place / "ladder.csv", index=False)
    assert report(tmp_path, job, tmp_path / "three", monkeypatch) == 0
    page = (tmp_path / "three/segmentation.md").read_text()
    compared = {line.split(" | ")[0] for line in page.splitlines() if " minus " in line}
    assert compared == {"| FusionNet, 2 slices minus U-Net, 2 slices"}
    two = job.model_copy(update={"arms": budgets[:2]})
    assert report(tmp_path, two, tmp_path / "two", monkeypatch) == 0
    page = (tmp_path / "two/segmentation.md").read_text()
    assert " minus " not in page and "trained on different numbers of slices" in page


def test_what_the_stage_made_no_better_is_not_said_to_be_mended(results):
    folder, job = results
    ladders = read_ladders(job, folder / "results")
    rungs = {THRESHOLD: BESIDE, BESIDE: THRESHOLD}
    worse = [replace(each, table=each.table.replace({"rung": rungs})) for each in ladders]
    assert {case.why for case in choose_cases(worse, 2)} == {"left"}


def test_the_slices_that_are_mended_most_are_shown_and_none_twice_for_one_reason(results):
    folder, job = results
    cases = choose_cases(read_ladders(job, folder / "results"), 2)
    assert [case.why for case in cases] == ["mended"] * 2 + ["left"] * 2
    mended = [(case.ladder.fold, case.position) for case in cases[:2]]
    assert len(set(mended)) == 2 and {case.ladder.arm for case in cases[:2]} == {"unet"}
    left = [(case.ladder.fold, case.position) for case in cases[2:]]
    assert len(set(left)) == 2


def test_a_missing_ladder_ends_in_one_line(results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    folder, job = results
    more = job.model_copy(update={"seeds": [0, 7]})
    assert report(folder, more, tmp_path / "out", monkeypatch) == 1
    assert "fusionnet/0-1/seed-7/ladder.csv: no such file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
