"""Another commit's results come back without computing, and what is not recorded is not lost on the way."""

import json
import re
from pathlib import Path

import pytest
from small_project import ROOT, Command, command_in, copy_project, edit_yaml, files_to_make

OVERLAY = "config/experiments/phantom.yaml"
SUMMARY = "results/phantom/report/summary.json"
METRICS = "results/phantom/report/scores.json"


def metrics_in(repository: Path) -> dict[str, float]:
    """Return the metrics that are here, named as DVC names them."""
    scores = json.loads((repository / METRICS).read_text())
    return {f"{score}.{arm}": value for score, of_arm in scores.items() for arm, value in of_arm.items()}


def assert_nothing_to_do(run: Command) -> None:
    assert run("dvc status dvc.yaml").stdout.strip() == "Data and pipelines are up to date."
    assert "Nothing to be done" in run("snakemake --dry-run").stdout


@pytest.mark.slow
def test_an_older_commit_has_its_numbers_and_nothing_to_do_and_so_back_again(repository: Path):
    run = command_in(repository)
    edit_yaml(repository / OVERLAY, {"train": {"learning_rate": 0.02}})
    first, metrics = (repository / SUMMARY).read_text(), metrics_in(repository)
    run("dvc repro && git commit -qam second")
    second, metrics_now = (repository / SUMMARY).read_text(), metrics_in(repository)
    assert json.loads(first)["arms"] != json.loads(second)["arms"]
    changed = json.loads(run("dvc metrics diff --json main~1 main 2>/dev/null").stdout)
    rows = next(values for path, values in changed.items() if path.endswith("phantom/report/scores.json"))
    # DVC lists what changed alone, and a score of so small a training may stay as it was.
    assert {"v_rand.fusionnet", "v_info.unet", "loss.unet"} <= set(metrics) == set(metrics_now)
    assert set(rows) == {key for key in metrics if metrics[key] != metrics_now[key]} >= {"loss.fusionnet", "loss.unet"}
    run("dvc plots diff main~1 main --out plots")
    page = (repository / "plots/index.html").read_text()
    assert "V_rand" in page and '"rev": "main~1"' in page
    for commit, numbers in (("main~1", first), ("main", second), ("main~1", first)):
        run(f"git checkout -q {commit} && python scripts/records.py sync")
        assert (repository / SUMMARY).read_text() == numbers
        assert_nothing_to_do(run)
    # Snakemake last trained with this rate, yet the files that are here now were not made with it.
    edit_yaml(repository / OVERLAY, {"train": {"learning_rate": 0.02}})
    marked = {rule for rule, _ in files_to_make(run("snakemake --dry-run").stdout).values()}
    assert marked == {
        "train",
        "predict",
        "segment",
        "evaluate",
        "evaluate_segmentation",
        "report",
        "report_segmentation",
    }


@pytest.mark.slow
def test_sync_refuses_while_a_change_is_not_recorded(repository: Path):
    run = command_in(repository)
    edit_yaml(repository / OVERLAY, {"report": {"baseline_sigma_pixels": 1.0}})
    done = run("python scripts/records.py sync", succeeds=False)
    assert done.returncode == 1
    assert "sync: phantom: configuration or code differ from this commit's record" in done.stdout
    assert "dvc repro dvc.yaml" in done.stdout


@pytest.mark.slow
def test_sync_keeps_results_that_are_not_recorded(repository: Path):
    run = command_in(repository)
    edit_yaml(repository / OVERLAY, {"report": {"baseline_sigma_pixels": 1.0}})
    run("snakemake --cores 2")
    unrecorded = (repository / SUMMARY).read_text()
    done = run("git stash -q && python scripts/records.py sync", succeeds=False)
    assert done.returncode == 1
    assert (
        "sync: phantom: results that are not recorded would be lost; go back to the commit that made them"
        in done.stdout
    )
    assert (repository / SUMMARY).read_text() == unrecorded


@pytest.mark.slow
def test_a_change_that_is_taken_back_costs_nothing(repository: Path):
    """The way that docs/dvc.md names: a second `dvc repro` would compute it all again."""
    run = command_in(repository)
    recorded = (repository / SUMMARY).read_text()
    edit_yaml(repository / OVERLAY, {"report": {"baseline_sigma_pixels": 1.0}})
    run("dvc repro")
    assert (repository / SUMMARY).read_text() != recorded
    page = (ROOT / "docs/dvc.md").read_text()
    take_back, make_sync = re.search(r"take the change back \| `(git checkout [^`]*) && (make sync)`", page).groups()
    sync = run(f"make --dry-run --always-make {make_sync.split()[1]}").stdout.splitlines()[-1]
    run(f"{take_back} && {sync}")
    assert (repository / SUMMARY).read_text() == recorded
    assert_nothing_to_do(run)


@pytest.mark.slow
def test_an_edit_that_leaves_the_raw_stacks_as_they_are_remakes_nothing_in_two_calls(tmp_path: Path):
    folder = copy_project(tmp_path / "project")
    run = command_in(folder)
    stacks = "-- data/augmented/phantom/volume.tif"
    run(f"snakemake --cores 2 {stacks}")
    module = folder / "fusionnet/download/phantom/tissue.py"
    module.write_text(module.read_text() + "\n# changed\n")
    planned = {rule for rule, _ in files_to_make(run(f"snakemake --dry-run {stacks}").stdout).values()}
    assert planned == {"download_phantom", "augment"}
    run("snakemake --cores 2 --until download_phantom")
    assert "Nothing to be done" in run(f"snakemake --dry-run {stacks}").stdout
