"""Which code marks which stage, by the lists; tests/workflow/test_marked_jobs.py has both engines say the same."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_project import ROOT

from fusionnet.config.reading import read_yaml
from fusionnet.errors import UserError
from fusionnet.workflow import code
from fusionnet.workflow.code import code_files, code_of, files_under, project_files

STAGES = (
    *("download", "augment", "train", "predict", "segment", "evaluate", "evaluate_segmentation", "evaluate_bodies"),
    *("report", "report_segmentation", "report_bodies"),
)
OF_TRAINING = {"download", "augment", "train"}
REPORTED = {"report", "report_segmentation", "report_bodies"}
SCORED = {"segment", "evaluate", "evaluate_segmentation", "evaluate_bodies"} | REPORTED


def test_a_script_s_files_are_what_it_imports_and_what_that_imports():
    files = project_files("scripts/download.py")
    assert "scripts/download.py" in files
    assert {"fusionnet/download/__init__.py", "fusionnet/download/isbi2012.sha256", "fusionnet/errors.py"} <= set(files)
    assert "fusionnet/train/loop.py" not in files


def test_imports_inside_functions_count():
    assert any(file.startswith("fusionnet/download/phantom/") for file in project_files("scripts/download.py"))


def test_training_does_not_hang_on_the_report_or_on_how_data_was_fetched():
    files = project_files("scripts/train.py")
    assert "fusionnet/models/fusionnet.py" in files
    assert not [file for file in files if "figures" in file or "datasets" in file or "report" in file]


def test_validation_uses_the_counts_of_the_official_scores_and_nothing_else_of_the_evaluation():
    of_training = {file for file in project_files("scripts/train.py") if file.startswith("fusionnet/evaluate/")}
    needed = project_files("fusionnet/evaluate/counting.py")
    assert of_training == {file for file in needed if file.startswith("fusionnet/evaluate/")}


def test_cheap_stages_list_folders_and_training_lists_files():
    assert {"fusionnet/evaluate", "fusionnet/volumes", "scripts/evaluate.py"} <= set(code_of("scripts/evaluate.py"))
    assert set(project_files("scripts/evaluate.py")) < set(code_files("scripts/evaluate.py"))
    assert "fusionnet/evaluate/counting.py" in code_of("scripts/train.py")
    assert set(code_files("scripts/train.py")) == set(project_files("scripts/train.py"))


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the code, in which the lists are made anew."""
    for folder in ("fusionnet", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    code._imported_files.cache_clear()
    yield tmp_path
    code._imported_files.cache_clear()


def hashes(lists: dict[str, list[str]]) -> dict[str, str]:
    """Return a hash of all code that each stage depends on."""
    return {
        stage: hashlib.sha256(b"".join(Path(file).read_bytes() for file in files_under(paths))).hexdigest()
        for stage, paths in lists.items()
    }


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("fusionnet/evaluate/warping.py", SCORED),
        ("fusionnet/evaluate/error_maps.py", SCORED),
        ("fusionnet/report/text.py", REPORTED),
        ("fusionnet/report/figures/scores.py", REPORTED),
        ("fusionnet/export/onnx.py", set()),
        ("fusionnet/examine/slices.py", set()),
        ("fusionnet/evaluate/isbi.py", SCORED),
        ("fusionnet/evaluate/counting.py", SCORED | {"train"}),
    ],
)
def test_a_line_changed_marks_no_training_but_where_validation_uses_it(copied: Path, module: str, stages: set[str]):
    """By the list that Snakemake's rules take, and by those in two pipelines that together have all stages."""
    of_dvc = {
        name: [path for path in stage["deps"] if path.startswith(("fusionnet/", "scripts/"))]
        for pipeline in ("dvc.yaml", "results/phantom-nuclei/dvc.yaml")
        for name, stage in read_yaml(ROOT / pipeline)["stages"].items()
    }
    of_snakemake = {stage: code_of(f"scripts/{stage}.py") for stage in STAGES}
    assert set(of_dvc) == set(of_snakemake) > OF_TRAINING
    for lists in (of_snakemake, of_dvc):
        before = hashes(lists)
        source = (copied / module).read_text()
        (copied / module).write_text(f"{source}\n# changed\n")
        after = hashes(lists)
        (copied / module).write_text(source)
        assert {stage for stage in STAGES if before[stage] != after[stage]} == stages


def test_byte_code_published_networks_and_an_editor_s_files_are_no_code(copied: Path):
    before = code_files("scripts/predict.py")
    for file in ("__pycache__/unet.cpython-311.pyc", "weights/new.safetensors", ".DS_Store", "._unet.py", "unet.py~"):
        (copied / "fusionnet/models" / file).parent.mkdir(exist_ok=True)
        (copied / "fusionnet/models" / file).touch()
    assert code_files("scripts/predict.py") == before


def test_elsewhere_than_in_the_root_it_is_said_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"scripts/train.py: no such file in .*; run this in the root of the repository"
    ):
        project_files("scripts/train.py")


def test_files_that_a_system_or_an_editor_keeps_beside_others_are_no_code(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("scripts").mkdir()
    Path("fusionnet/data").mkdir(parents=True)
    Path("scripts/a.py").write_text("import fusionnet.data")
    for name in ("__init__.py", "a.sha256", "._a.sha256", ".DS_Store", "a.py~"):
        Path("fusionnet/data", name).touch()
    files = project_files("scripts/a.py")
    assert files == ["fusionnet/data/__init__.py", "fusionnet/data/a.sha256", "scripts/a.py"]
