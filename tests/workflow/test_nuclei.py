"""The second task runs through the same stages but `segment`; its bodies are scored and reported beside them."""

from pathlib import Path

import pandas as pd
import pytest
from small_project import command_in, copy_project, edit_yaml, jobs_to_run

REPLICATES = {"train": 2, "predict": 2, "evaluate": 2, "evaluate_bodies": 2}
JOBS = {"augment": 1, "report": 1, "report_bodies": 1} | REPLICATES
TINY = {
    "download": {"phantom": {"seed": 1, "train_slices": 5, "test_slices": 2, "size_pixels": 160}},
    "augment": {"elastic_copies": 1, "crop_pixels": 64},
    "train": {"epochs": 2},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose nuclei experiment takes seconds."""
    folder = copy_project(tmp_path_factory.mktemp("nuclei"))
    edit_yaml(folder / "config/experiments/phantom-nuclei.yaml", TINY)
    return folder


@pytest.mark.parametrize("experiment", ["phantom-nuclei", "nucmm-z"])
def test_an_experiment_on_nuclei_has_no_cells_to_segment(project: Path, experiment: str) -> None:
    output = command_in(project)(f"snakemake {experiment} --cores 8 --resources gpu=1 --dry-run").stdout
    jobs = jobs_to_run(output)
    assert {rule: count for rule, count in jobs.items() if rule != experiment} == JOBS | {f"download_{experiment}": 1}


def test_experiments_on_membranes_have_no_bodies(project: Path) -> None:
    jobs = jobs_to_run(command_in(project)("snakemake --dry-run --forceall").stdout)
    assert not {"evaluate_bodies", "report_bodies"} & set(jobs)


@pytest.mark.slow
def test_the_phantom_runs_to_its_report(project: Path) -> None:
    command_in(project)("snakemake phantom-nuclei --cores 2 --resources gpu=1")
    report = project / "results/phantom-nuclei/report"
    assert {"bodies.md", "bodies.png", "comparison.md", "segmentations.png"} <= {path.name for path in report.iterdir()}
    assert "| FusionNet |" in (report / "bodies.md").read_text()
    table = pd.read_csv(project / "results/phantom-nuclei/replicates/unet/test/seed-0/bodies.csv")
    assert (table["of"] == "truth").sum() >= 2
    again = command_in(project)("snakemake phantom-nuclei --cores 2 --resources gpu=1 --dry-run").stdout
    assert "Nothing to be done" in again
