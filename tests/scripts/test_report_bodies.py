"""The report of bodies: table and figure of made-up replicates whose errors are known."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fusionnet.config.experiment import load
from fusionnet.config.reporting import ReportJob
from fusionnet.evaluate.morphology import measure_sections, score_bodies
from fusionnet.files import write_json
from fusionnet.report.bodies import bodies_markdown, draw_bodies, read_bodies, whole_sections

SIDE, SLICES = 160, 3


def discs(radius: float) -> np.ndarray:
    """Return 16 discs a slice, numbered, of radii about the one given; the last is cut by the slice's edge."""
    y, x = np.mgrid[:SIDE, :SIDE]
    numbers = np.zeros((SLICES, SIDE, SIDE), int)
    for body in range(16):
        row, column = 18 + 40 * (body // 4), 18 + 40 * (body % 4) + (16 if body == 15 else 0)
        inside = np.hypot(y - row, (x - column) * (1 + 0.02 * body)) <= radius + 0.2 * body
        numbers[:, inside] = body + 1
    return numbers


@pytest.fixture
def job(tmp_path: Path) -> ReportJob:
    truth = discs(10)
    for arm, radius in (("fusionnet", 10.0), ("unet", 8.0)):
        for seed in (0, 1):
            folder = tmp_path / "replicates" / arm / "test" / f"seed-{seed}"
            folder.mkdir(parents=True)
            found = discs(radius)
            write_json(folder / "bodies.json", score_bodies(truth, found))
            sections = {"truth": measure_sections(truth), "found": measure_sections(found)}
            pd.concat(sections, names=["of"]).reset_index("of").to_csv(folder / "bodies.csv", index=False)
    return ReportJob(arms=["fusionnet", "unet"], folds=["test"], seeds=[0, 1], report=load("phantom").report)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[ReportJob], int]:
    def call(job: ReportJob) -> int:
        places = ["--results", str(tmp_path / "replicates"), "--report-folder", str(tmp_path / "report")]
        monkeypatch.setattr(sys, "argv", ["report_bodies.py", "--config", job.model_dump_json(), *places])
        try:
            runpy.run_path("scripts/report_bodies.py", run_name="__main__")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


def test_the_truth_counts_once_and_cut_sections_not_at_all(job: ReportJob, tmp_path: Path) -> None:
    sections = whole_sections(read_bodies(job, tmp_path / "replicates"))
    found = {arm: len(table) for arm, table in sections.of_arms.items()}
    assert (len(sections.truth), found) == (15 * SLICES, dict.fromkeys(("fusionnet", "unet"), 2 * 15 * SLICES))
    assert not any(table["cut"].any() for table in (sections.truth, *sections.of_arms.values()))


def test_an_arm_may_be_called_truth(job: ReportJob, tmp_path: Path) -> None:
    (tmp_path / "replicates/unet").rename(tmp_path / "replicates/truth")
    bodies = read_bodies(job.model_copy(update={"arms": ["fusionnet", "truth"]}), tmp_path / "replicates")
    sections = whole_sections(bodies)
    assert len(sections.truth) == 15 * SLICES and len(sections.of_arms["truth"]) == 2 * 15 * SLICES
    text = bodies_markdown(bodies, {"fusionnet": "FusionNet", "truth": "truth"})
    rows = [line for line in text.splitlines() if line.startswith(("| truth | 45 ", "| truth | 90 "))]
    assert [row.count("[") for row in rows] == [0, 3], "the truth, then the arm, whose distance to it is given"
    assert len(draw_bodies(sections).axes) == 3


def test_the_table_has_scores_shapes_and_their_distance(job: ReportJob, tmp_path: Path) -> None:
    text = bodies_markdown(read_bodies(job, tmp_path / "replicates"), {"fusionnet": "FusionNet", "unet": "U-Net"})
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in text.splitlines() if line.startswith("| ")}
    assert "mean over 2 replicates of each arm" in text
    scores = {line.split(" | ")[0].strip("| "): line for line in text.splitlines()[:12]}
    assert "| 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 16.0 | 16.0 | 16.0 |" in scores["FusionNet"]
    assert "1.0000" not in scores["U-Net"].split(" | ")[1]
    assert rows["truth"][1] == "45" and "[" not in rows["truth"][2]
    assert all(cell.rstrip(" |").endswith("[0.00]") for cell in rows["FusionNet"][2:])
    distance = float(rows["U-Net"][2].rstrip("]").rpartition("[")[2])
    truth, found = (discs(radius) for radius in (10, 8))
    areas = [np.sort(np.bincount(numbers[0].ravel())[1:16]) for numbers in (truth, found)]
    grid = np.concatenate(areas)
    cumulative = [np.searchsorted(area, grid, side="right") / 15 for area in areas]
    assert distance == pytest.approx(np.abs(cumulative[0] - cumulative[1]).max(), abs=0.005)


def test_files_are_whole_and_the_same_again(job: ReportJob, report: Callable[[ReportJob], int], tmp_path: Path) -> None:
    assert report(job) == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
    assert set(first) == {"bodies.md", "bodies.png"}
    assert Image.open(tmp_path / "report" / "bodies.png").width == 1350
    assert report(job) == 0
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}


def test_an_arm_that_found_nothing_is_shown(job: ReportJob, report: Callable[[ReportJob], int], tmp_path: Path) -> None:
    for seed in (0, 1):
        path = tmp_path / "replicates/unet/test" / f"seed-{seed}" / "bodies.csv"
        table = pd.read_csv(path)
        table[table["of"] == "truth"].to_csv(path, index=False)
    assert report(job) == 0
    assert "| U-Net | 0 | none | none | none |" in (tmp_path / "report" / "bodies.md").read_text()


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda folder: (folder / "bodies.csv").unlink(), "bodies.csv: no such file; run the experiment"),
        (lambda folder: (folder / "bodies.json").write_text("{"), "not valid JSON"),
        (lambda folder: (folder / "bodies.json").write_text("{}"), "lacks dice"),
        (lambda folder: (folder / "bodies.csv").write_text("of,slice\n"), "lacks body"),
    ],
)
def test_what_is_missing_is_named_in_one_line(
    job: ReportJob, report, tmp_path: Path, capfd: pytest.CaptureFixture, damage, complaint: str
) -> None:
    damage(tmp_path / "replicates/unet/test/seed-1")
    assert report(job) == 1
    errors = capfd.readouterr().err
    assert complaint in errors and len(errors.splitlines()) == 1
    assert not (tmp_path / "report").exists()
