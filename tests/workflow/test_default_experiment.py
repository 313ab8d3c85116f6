"""The default experiment, small, from an empty folder to its figures; then one change at a time."""

import json
import re
import resource
from pathlib import Path

import pytest
from small_project import ROOT, Command, command_in, edit_yaml, jobs_to_run

from fusionnet.config.experiment import load

OF_THE_REPORT = {"report": 1, "report_segmentation": 1}
OF_SEGMENTATION = {"segment": 2, "evaluate_segmentation": 2} | OF_THE_REPORT
OF_PREDICTION = {"predict": 2, "evaluate": 2} | OF_SEGMENTATION
OF_EACH = ("train", "predict", "segment", "evaluate", "evaluate_segmentation")
OF_ONE_ARM = dict.fromkeys(OF_EACH, 1) | OF_THE_REPORT
OF_TRAINING = {"train": 2} | OF_PREDICTION
OF_THE_DATA = {"augment": 1} | OF_TRAINING


@pytest.fixture
def run(finished: Path) -> Command:
    return command_in(finished)


def test_every_figure_and_table_is_there(finished: Path):
    report = finished / "results/phantom/report"
    names = {path.name for path in report.iterdir()}
    figures = {
        f"{name}.png"
        for name in ("scores", "segmentations", "training", "thresholds", "effects", "compute", "proofreading")
    } | {"ladder.png", "mergers.png"}
    texts = {"comparison.md", "verdict.md", "summary.json", "scores.json", "comparison.csv", "curves.csv"}
    texts |= {"segmentation.md", "segmentation.csv"}
    assert names == figures | {"augmentation.png", "index.html"} | texts
    assert set(json.loads((report / "summary.json").read_text())["arms"]) >= {"fusionnet", "unet"}


def test_the_report_page_holds_every_figure_with_its_caption_and_needs_no_network(finished: Path, run: Command):
    run("snakemake --report page.html")
    page = (finished / "page.html").read_text()
    report = finished / "results/phantom/report"
    for figure in [*report.glob("*.png"), report / "index.html"]:
        caption = (ROOT / f"workflow/report/{figure.stem}.rst").read_text().strip()
        assert figure.name in page and caption[:40] in page, figure.name
    assert "Where to look first" in page, "workflow/report/workflow.rst introduces the page"
    assert not re.search(r'(?:src|href)="https?:', page)


def test_every_stage_computes_in_the_arithmetic_asked_for(finished: Path):
    """Which is portable: a network that was built before the machine is set up left torch at AVX-512."""
    logs = {path: path.read_text() for path in (finished / "logs").rglob("*.log")}
    assert {"train", "predict", "segment"} <= {path.stem for path in logs}
    assert not [path.name for path, text in logs.items() if "will differ from those of other machines" in text]


def test_a_second_run_has_nothing_to_do_and_says_so_soon(run: Command):
    before = processors_seconds()
    output = run("snakemake --cores 8 --resources gpu=1").stdout
    assert "Nothing to be done" in output
    assert processors_seconds() - before < 10  # 5 s on a quiet machine; the one that tests is busy


def processors_seconds() -> float:
    """Return what the commands that have ended took of the processors, which other work on them makes no longer."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_figures_target_has_nothing_to_do_either(run: Command):
    assert "Nothing to be done" in run("snakemake --cores 8 figures").stdout


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({"report": {"baseline_sigma_pixels": 3.0}}, OF_THE_REPORT),
        ({"segment": {"trees": 50}}, OF_SEGMENTATION),
        ({"predict": {"orientation_average": False}}, OF_PREDICTION),
        ({"network": {"unet": {"width": 3}}}, OF_ONE_ARM),
        ({"train": {"learning_rate": 0.002}}, OF_TRAINING),
        ({"augment": {"elastic_copies": 2}}, OF_THE_DATA),
    ],
)
def test_a_changed_key_marks_exactly_what_uses_it(finished: Path, run: Command, edited, change: dict, jobs: dict):
    edited(finished / "config/experiments/phantom.yaml", lambda path: edit_yaml(path, change))
    assert jobs_to_run(run("snakemake --dry-run").stdout) == jobs


@pytest.mark.parametrize(
    ("module", "jobs"),
    [
        ("fusionnet/report/figures/scores.py", OF_THE_REPORT),
        ("fusionnet/augment/elastic.py", OF_THE_DATA),
        ("scripts/predict.py", OF_PREDICTION),
        ("fusionnet/segment/forest.py", OF_SEGMENTATION),
    ],
)
def test_a_changed_module_marks_exactly_the_stages_that_import_it(
    finished: Path, run: Command, edited, module: str, jobs: dict
):
    edited(finished / module, lambda path: path.write_text(path.read_text() + "\n# changed\n"))
    assert jobs_to_run(run("snakemake --dry-run").stdout) == jobs


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"train": {"epoch": 3}}, "unknown key 'train.epoch' (did you mean 'epochs'?)"),
        ({"train": {"epochs": "many"}}, "train.epochs: got 'many'"),
    ],
)
def test_a_mistake_in_an_overlay_is_named_and_nothing_runs(
    finished: Path, run: Command, edited, change: dict, complaint: str
):
    edited(finished / "config/experiments/phantom.yaml", lambda path: edit_yaml(path, change))
    done = run("snakemake --cores 8", succeeds=False)
    assert done.returncode == 1
    assert complaint in done.stdout
    assert "Traceback" not in done.stdout


def test_only_experiments_that_have_them_report_units_in_series_and_budgets(run: Command):
    plans = {
        name: jobs_to_run(run(f"snakemake --dry-run --forceall -- {name}").stdout)
        for name in ("phantom", "isbi2012-ablations", "annotation-budget")
    }
    found = {name: {rule for rule in plan if rule.startswith("report_")} for name, plan in plans.items()}
    assert found == {
        "phantom": {"report_segmentation"},
        "isbi2012-ablations": {"report_segmentation", "report_refinement"},
        "annotation-budget": {"report_segmentation", "report_annotation"},
    }


def test_the_isbi_experiment_is_one_more_word(run: Command):
    jobs = jobs_to_run(run("snakemake isbi2012 --cores 8 --resources gpu=1 --dry-run").stdout)
    config = load("isbi2012")
    replicates = len(config.arms) * len(config.folds) * len(config.seeds)
    of_each = dict.fromkeys(OF_EACH, replicates)
    assert jobs == {"download_isbi2012": 1, "augment": 1} | of_each | OF_THE_REPORT
