"""DVC's pipelines and Snakemake's graph are the same graph, written twice: files, inputs, rules and keys."""

import os
import py_compile
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import small_project
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo
from small_project import ROOT, command_in, files_to_make

from fusionnet.config.experiment import load
from fusionnet.config.reading import read_yaml
from fusionnet.workflow.code import code_of, files_under

PIPELINES = {Path(path).parent.name or "phantom": path for path in small_project.PIPELINES}
SECTIONS_OF = {
    "download": {"download"},
    "augment": {"augment"},
    "train": {"split", "augment", "train", "network"},
    "predict": {"predict", "split", "augment", "train", "network"},
    "segment": {"segment", "predict"},
    "evaluate": set(),
    "report": {"arms", "folds", "seeds", "report"},
    "report_refinement": {"arms", "folds", "seeds", "report", "predict"},  # it predicts anew, each unit
    "submit": {"seeds", "report"},
}
# Where another pipeline fetches the stacks no stage is of `download`, which says which stacks: these begin with them.
WITH_DOWNLOAD = {"augment", "submit"}


@dataclass
class Job:
    rule: str
    inputs: set[str]
    outputs: set[str]
    keys: set[str]


def has_own_stacks(experiment: str) -> bool:
    """Tell whether no other experiment's pipeline fetches its stacks: DVC has each file in one pipeline."""
    return load(experiment).raw_name(experiment) == experiment


def jobs_of_snakemake(experiment: str) -> dict[frozenset[str], Job]:
    output = command_in(ROOT)(f"snakemake --dry-run --forceall -- {experiment}").stdout
    return {
        outputs: Job(rule, inputs, set(outputs), set())
        for outputs, (rule, inputs) in files_to_make(output).items()
        if has_own_stacks(experiment) or not rule.startswith("download")
    }


def jobs_of_dvc(pipeline: str) -> dict[frozenset[str], Job]:
    jobs = {}
    with Repo(ROOT) as repo:
        for stage in repo.stage.load_all(pipeline):
            files = {relative(dep.fs_path) for dep in stage.deps if not isinstance(dep, ParamsDependency)}
            keys = {key for dep in stage.deps if isinstance(dep, ParamsDependency) for key in dep.params}
            outputs = frozenset(relative(out.fs_path) for out in stage.outs)
            rule = re.search(r"--force --allowed-rules (\S+) -- (\S+)", stage.cmd)
            assert rule and rule[2] in outputs, stage.cmd
            assert all(out.persist for out in stage.outs), f"{stage.addressing}: an output without persist"
            jobs[outputs] = Job(rule[1], files, set(outputs), keys)
    return jobs


def relative(path: str) -> str:
    return Path(path).relative_to(ROOT).as_posix()


@pytest.fixture(scope="module", params=PIPELINES)
def graphs(request: pytest.FixtureRequest):
    return request.param, jobs_of_snakemake(request.param), jobs_of_dvc(PIPELINES[request.param])


def test_both_have_the_same_jobs_by_rule_and_files(graphs):
    _, ours, theirs = graphs
    assert {files: job.rule for files, job in ours.items()} == {files: job.rule for files, job in theirs.items()}


def test_both_read_the_same_inputs(graphs):
    _, ours, theirs = graphs
    for outputs, job in ours.items():
        listed = theirs[outputs].inputs
        folders = {path for path in listed if not Path(path).suffix}
        code = {path for path in folders if path.startswith("fusionnet/")}
        listed, folders = listed - code | set(files_under(code)), folders - code
        beneath = {path for path in job.inputs if any(path.startswith(f"{folder}/") for folder in folders)}
        assert job.inputs - beneath == listed - folders, f"{job.rule}: run `make pipelines`, or list other inputs"
        assert not folders or beneath, f"{job.rule}: depends on {folders}, in which it reads nothing"


def test_dvc_watches_the_sections_that_a_rule_is_given(graphs):
    experiment, _, theirs = graphs
    for job in theirs.values():
        watched = {key.split(".")[0] for key in job.keys}
        given = SECTIONS_OF.get(job.rule) or SECTIONS_OF[job.rule.split("_")[0]]
        fetched = {"download"} if job.rule in WITH_DOWNLOAD and not has_own_stacks(experiment) else set()
        assert watched == given | fetched, job.rule


def test_every_key_of_the_overlay_is_watched(graphs):
    experiment, _, _ = graphs
    overlay = f"config/experiments/{experiment}.yaml"
    pipeline = read_yaml(ROOT / PIPELINES[experiment])
    files = [file for stage in pipeline["stages"].values() for file in stage.get("params", [])]
    in_params = {key.split(".")[0] for file in files for key in file.get(overlay, [])}
    in_vars = {key for line in pipeline["vars"] if overlay in line for key in line.partition(":")[2].split(",")}
    assert set(read_yaml(ROOT / overlay)) <= in_params | in_vars


@pytest.mark.parametrize("pipeline", PIPELINES.values())
def test_dvc_lists_the_code_that_snakemake_s_rules_take(pipeline: str):
    for name, stage in read_yaml(ROOT / pipeline)["stages"].items():
        code = [path for path in stage["deps"] if re.match("(fusionnet|scripts)/", path)]
        assert sorted(code) == code_of(f"scripts/{name}.py"), f"{name}: run `make pipelines`"


def test_dvc_sees_the_files_of_a_folder_that_snakemake_s_rules_list():
    """Byte code and published networks are neither DVC's nor Snakemake's reason to run anything again."""
    assert "__pycache__" in py_compile.compile(str(ROOT / "fusionnet/evaluate/isbi.py"))
    assert list(ROOT.glob("fusionnet/models/weights/*.safetensors"))
    (ROOT / "fusionnet/models/.of-an-editor.swp").touch()
    folders = sorted(relative(str(path.parent)) for path in ROOT.glob("fusionnet/*/__init__.py"))
    try:
        with Repo(ROOT) as repo:
            seen = {relative(path) for folder in folders for path in repo.dvcignore.find(repo.fs, str(ROOT / folder))}
    finally:
        (ROOT / "fusionnet/models/.of-an-editor.swp").unlink()
    assert seen == set(files_under(folders))


def test_dvc_knows_the_data_and_the_models_by_name():
    with Repo(ROOT) as repo:
        artifacts = repo.artifacts.read()
        outputs = {relative(out.fs_path) for out in repo.index.outs}
    assert set(artifacts) == set(PIPELINES.values())
    for experiment, pipeline in PIPELINES.items():
        arms = load(experiment).arms
        assert set(artifacts[pipeline]) == {*arms, *(["raw-stacks"] if has_own_stacks(experiment) else [])}
        for name, artifact in artifacts[pipeline].items():
            assert artifact.type == ("model" if name in arms else "dataset")
            assert artifact.desc and artifact.labels
            path = relative(os.path.normpath(ROOT / Path(pipeline).parent / artifact.path))
            assert any(out == path or out.startswith(f"{path}/") for out in outputs), f"{name}: {path} is no output"
