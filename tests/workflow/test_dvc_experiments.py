"""`dvc exp run`: variants side by side, in copies of the project, with the numbers of separate runs."""

import csv
import json
from pathlib import Path

import pytest
from small_project import Command, command_in, copy_project, edit_yaml

OVERLAY = "config/experiments/phantom.yaml"
SUMMARY = "results/phantom/report/summary.json"
RATES = {"slow": 0.0005, "fast": 0.02}
pytestmark = pytest.mark.slow


def arms(summary: str) -> dict:
    return json.loads(summary)["arms"]


def apply(run: Command, name: str) -> None:
    """Apply an experiment; DVC then looks for the results of every pipeline, and fails if some are not here."""
    done = run(f"dvc exp apply {name}", succeeds=False)
    missing = done.stdout.partition("Checkout failed for following targets:")[2]
    assert done.returncode == 0 or ("results/isbi2012/" in missing and "results/phantom/" not in missing)
    assert run("dvc status dvc.yaml").stdout.strip() == "Data and pipelines are up to date."


def test_two_experiments_side_by_side_give_the_numbers_of_separate_runs(repository: Path, tmp_path: Path):
    run = command_in(repository)
    # `-S` sets keys that are there; the committed overlay names only what differs.
    edit_yaml(repository / OVERLAY, {"train": {"learning_rate": 0.003}})
    run("python scripts/records.py record && git commit -qam rate")
    before = (repository / SUMMARY).read_text()
    for name, rate in RATES.items():
        run(f"dvc exp run --queue --name {name} -S '{OVERLAY}:train.learning_rate={rate}'")
    run("dvc exp run --run-all --jobs 2")
    assert (repository / SUMMARY).read_text() == before, "the workspace is left as it was"
    table = list(csv.DictReader(run("dvc exp show --csv 2>/dev/null").stdout.splitlines()))
    rates = {row["Experiment"]: float(row[f"{OVERLAY}:train.learning_rate"]) for row in table if row["Experiment"]}
    assert {name: rates[name] for name in RATES} == RATES
    for name, rate in RATES.items():
        alone = copy_project(tmp_path / name)
        edit_yaml(alone / OVERLAY, {"train": {"learning_rate": rate}})
        command_in(alone)("snakemake --cores 8 --resources gpu=1")
        apply(run, name)
        assert arms((repository / SUMMARY).read_text()) == arms((alone / SUMMARY).read_text())


def test_an_experiment_runs_the_code_that_it_was_queued_with(repository: Path):
    run = command_in(repository)
    module = repository / "fusionnet/report/comparison.py"
    text = module.read_text()
    assert '"smoothed grey values"' in text
    module.write_text(text.replace('"smoothed grey values"', '"queued with this name"'))
    run("dvc exp run --queue --name queued")
    module.write_text(text)
    run("dvc exp run --run-all")
    apply(run, "queued")
    assert "queued with this name" in arms((repository / SUMMARY).read_text())
