"""After an edit both tools mark the same jobs, compared by the files that they would make."""

import json
from pathlib import Path

import networkx
import pytest
from dvc.repo import Repo
from small_project import Command, command_in, edit_yaml, files_to_make

OVERLAY = "config/experiments/phantom.yaml"
REPORT = {"report", "report_segmentation"}
EVALUATION = {"evaluate"} | REPORT
SEGMENTATION = {"segment", "evaluate_segmentation"} | REPORT
PREDICTION = {"predict"} | EVALUATION | SEGMENTATION
TRAINING = {"train"} | PREDICTION
AUGMENTATION = {"augment"} | TRAINING
ALL = {"download_phantom"} | AUGMENTATION
pytestmark = pytest.mark.slow


@pytest.fixture
def run(recorded: Path) -> Command:
    return command_in(recorded)


def marked_by_snakemake(run: Command) -> tuple[set[str], set[str]]:
    """Return the files that Snakemake would make, and their rules."""
    jobs = files_to_make(run("snakemake --dry-run").stdout)
    return {file for files in jobs for file in files}, {rule for rule, _ in jobs.values()}


def marked_by_dvc(folder: Path, run: Command) -> set[str]:
    """Return the files of the stages that DVC finds changed and of all stages that build on them."""
    changed = json.loads(run("dvc status --json dvc.yaml").stdout)
    with Repo(folder) as repo:
        reads_from = repo.index.graph
        stages = {s for s in reads_from if Path(s.path) == folder / "dvc.yaml" and s.name in changed}
        assert len(stages) == len(changed)
        stages |= {reader for stage in stages for reader in networkx.ancestors(reads_from, stage)}
        return {Path(out.fs_path).relative_to(folder).as_posix() for stage in stages for out in stage.outs}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"download": {"phantom": {"seed": 2}}}, ALL),
        ({"split": {"gap_slices": 0}}, TRAINING),
        ({"augment": {"noise_sigma": 0.03}}, AUGMENTATION),
        ({"network": {"unet": {"width": 3}}}, TRAINING),
        ({"train": {"learning_rate": 0.002}}, TRAINING),
        ({"predict": {"padding_pixels": 32}}, PREDICTION),
        ({"segment": {"trees": 50}}, SEGMENTATION),
        ({"report": {"slices_shown": 2}}, REPORT),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_key_of_an_overlay(recorded: Path, run: Command, edited, change: dict, rules: set[str]):
    edited(recorded / OVERLAY, lambda path: edit_yaml(path, change))
    files, marked = marked_by_snakemake(run)
    assert marked == rules
    assert marked_by_dvc(recorded, run) == files


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("fusionnet/download/phantom/tissue.py", ALL),
        ("fusionnet/augment/elastic.py", AUGMENTATION),
        ("fusionnet/train/losses.py", TRAINING),
        ("fusionnet/predict/tiles.py", PREDICTION),
        ("scripts/evaluate.py", EVALUATION),
        ("fusionnet/evaluate/warping.py", EVALUATION | SEGMENTATION),
        ("scripts/evaluate_segmentation.py", {"evaluate_segmentation"} | REPORT),
        ("fusionnet/report/statistics.py", REPORT),
        ("fusionnet/report/figures/scores.py", REPORT),
        ("fusionnet/export/onnx.py", set()),
        ("fusionnet/examine/slices.py", set()),
        ("fusionnet/workflow/verify.py", set()),
    ],
)
def test_a_module(recorded: Path, run: Command, edited, module: str, rules: set[str]):
    edited(recorded / module, lambda path: path.write_text(path.read_text() + "\n# changed\n"))
    files, marked = marked_by_snakemake(run)
    assert marked == rules
    assert marked_by_dvc(recorded, run) == files


def test_a_comment_in_an_overlay(recorded: Path, run: Command, edited):
    edited(recorded / OVERLAY, lambda path: path.write_text(path.read_text() + "\n# changed\n"))
    assert marked_by_snakemake(run) == (set(), set())
    assert marked_by_dvc(recorded, run) == set()


def test_a_key_of_the_base_that_the_overlay_overrides_marks_with_dvc_until_it_is_recorded(repository: Path, edited):
    run = command_in(repository)
    edit_yaml(repository / OVERLAY, {"report": {"slices_shown": 1}})
    run("python scripts/records.py record")
    edit_yaml(repository / "config/config.yaml", {"report": {"slices_shown": 2}})
    assert marked_by_snakemake(run) == (set(), set())
    assert any("report" in file for file in marked_by_dvc(repository, run))
    run("python scripts/records.py record")
    assert marked_by_dvc(repository, run) == set()
