"""A faulty overlay, or a second run in the same folder, stops no more than it must, and says so."""

from pathlib import Path

import pytest
from small_project import Command, command_in, edit_yaml

from fusionnet.workflow.claims import claim

FAULT = "unknown key 'train.epoch' (did you mean 'epochs'?)"
SUMMARY = "results/phantom/report/summary.json"


@pytest.fixture
def run(finished: Path) -> Command:
    return command_in(finished)


@pytest.fixture
def faulty(finished: Path):
    """An overlay with a mistake beside the others, for one test."""
    overlay = finished / "config/experiments/faulty.yaml"
    overlay.write_text("train: {epoch: 3}\n")
    yield
    overlay.unlink()


def test_other_experiments_run_beside_a_faulty_overlay(run: Command, faulty):
    output = run("snakemake --dry-run").stdout
    assert "Nothing to be done" in output
    assert "The experiment faulty cannot run, others can: " in output and FAULT in output


@pytest.mark.parametrize("target", ["faulty", "results/faulty/report/summary.json"])
def test_the_experiment_of_a_faulty_overlay_is_told_what_is_wrong(run: Command, faulty, target: str):
    done = run(f"snakemake --dry-run -- {target}", succeeds=False)
    assert done.returncode == 1
    assert FAULT in done.stdout and "Traceback" not in done.stdout


def test_what_another_run_is_making_is_left_alone(finished: Path, run: Command, edited):
    edited(finished / "config/experiments/phantom.yaml", lambda path: edit_yaml(path, {"report": {"slices_shown": 2}}))
    with claim([SUMMARY], finished / ".snakemake/claims"):
        done = run("snakemake --cores 1", succeeds=False)
    assert done.returncode == 1
    assert f"{SUMMARY}: another run in this folder is making it; wait for its end, or end it" in done.stdout
    assert (finished / SUMMARY).exists()
