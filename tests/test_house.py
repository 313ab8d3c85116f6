"""Where things are: the rules of the layout. docs/architecture.md says why."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from fusionnet.config.experiment import Config
from fusionnet.config.reading import read_yaml
from fusionnet.workflow.code import project_files

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fusionnet"
STAGES = ("download", "augment", "train", "predict", "segment", "evaluate", "report")
OTHER_FOLDERS = ("config", "models", "volumes", "export", "examine", "workflow")
WITHOUT_SETTINGS = {"evaluate"}  # the official scores have none
PIPELINES = (
    "dvc.yaml",
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("results/*/dvc.yaml"))),
)
WITHOUT = {  # stages, and words of the pipelines that do not have them
    "segment": ("nuclei",),  # it cuts cells along membranes
    "download": ("half", "ablations", "annotation", "submission"),  # the stacks are those of isbi2012
    "evaluate": ("submission",),  # its labels are the challenge's
    "report": ("submission",),
}

MOST_FILES_AT_THE_ROOT = 8
MOST_LINES_OF_A_MODULE = 300
MOST_LINES_THAT_A_TRAINING_DEPENDS_ON = 3_250  # 3,000 are wished for; portable arithmetic, stems, neighbours
MOST_LINES_OF_COMMON_RULES = 90
MOST_LINES_OF_A_PIPELINE = 150

MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]
FACES = sorted(PACKAGE.rglob("__init__.py"))
TESTS = sorted((ROOT / "tests/fusionnet").rglob("test_*.py"))


def stages_of(pipeline: str) -> list[str]:
    return [stage for stage in STAGES if not any(word in pipeline for word in WITHOUT.get(stage, ()))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_package_has_a_folder_for_each_stage_and_for_what_they_share():
    inside = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert {path.name for path in inside if path.is_dir()} == {*STAGES, *OTHER_FOLDERS}
    assert len([path for path in inside if path.is_file()]) <= MOST_FILES_AT_THE_ROOT


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_one_word_everywhere(stage: str):
    assert (PACKAGE / stage / "__init__.py").is_file()
    assert (ROOT / f"scripts/{stage}.py").is_file()
    assert (ROOT / f"docs/{stage}.md").is_file()
    rules = (ROOT / f"workflow/rules/{stage}.smk").read_text(encoding="utf-8")
    assert f"\nrule {stage}:\n" in rules or f'f"{stage}_{{' in rules
    assert f"scripts/{stage}.py" in rules
    assert (stage in Config.model_fields) == (stage not in WITHOUT_SETTINGS)
    for pipeline in PIPELINES:
        assert (stage in read_yaml(ROOT / pipeline)["stages"]) == (stage in stages_of(pipeline))


def test_rule_files_and_stages_come_in_the_order_of_the_work():
    snakefile = (ROOT / "workflow/Snakefile").read_text(encoding="utf-8")
    included = [line.split('"')[1] for line in snakefile.splitlines() if line.startswith("include:")]
    assert included == [f"rules/{name}.smk" for name in ("common", *STAGES, "submit")]
    assert {path.name for path in (ROOT / "workflow/rules").iterdir()} == {Path(name).name for name in included}
    for pipeline in PIPELINES:
        stages = list(read_yaml(ROOT / pipeline)["stages"])
        assert [stage for stage in stages if stage in STAGES] == stages_of(pipeline)
        further = {stage.partition("_")[0] for stage in stages}
        assert further <= {*STAGES, "submit"}, "a further job bears its stage's word"


@pytest.mark.parametrize("face", FACES, ids=name_of)
def test_faces_hold_a_docstring_alone(face: Path):
    tree = ast.parse(face.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    further = [ast.unparse(statement).partition(" = ")[0] for statement in tree.body[1:]]
    # OpenMP reads how its threads wait when torch is loaded, so the package says it before anything else can.
    of_the_package = ["from fusionnet.arithmetic import be_calm", "__version__", "be_calm()"]
    assert further == (of_the_package if face.parent == PACKAGE else [])


def test_no_two_modules_bear_one_name():
    counts = Counter(path.stem for path in MODULES)
    assert not [name for name, count in counts.items() if count > 1]


def test_tests_mirror_the_folders_and_bear_their_modules_names():
    for test in TESTS:
        folder = PACKAGE / test.parent.relative_to(ROOT / "tests/fusionnet")
        modules = [path.stem for path in folder.glob("*.py")]
        named = [name for name in modules if f"{test.stem}_".startswith(f"test_{name}_")]
        assert named, f"{name_of(test)}: no module of {name_of(folder)} bears this name"


def test_no_module_is_too_long_to_be_read_at_one_sitting():
    assert {name_of(path): lines(path) for path in MODULES if lines(path) > MOST_LINES_OF_A_MODULE} == {}


def test_a_training_depends_on_few_lines():
    files = [file for file in project_files("scripts/train.py") if file.endswith(".py")]
    assert sum(lines(ROOT / file) for file in files) <= MOST_LINES_THAT_A_TRAINING_DEPENDS_ON


def test_the_workflow_can_be_read():
    assert lines(ROOT / "workflow/rules/common.smk") <= MOST_LINES_OF_COMMON_RULES
    assert {name: lines(ROOT / name) for name in PIPELINES if lines(ROOT / name) > MOST_LINES_OF_A_PIPELINE} == {}
