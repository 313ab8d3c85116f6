"""One pattern for names: a bad one, or a file that is no overlay, stops its own experiment alone."""

import re
from pathlib import Path

import pytest

from fusionnet.config import experiment
from fusionnet.config.experiment import RESERVED, experiments, load
from fusionnet.errors import UserError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def overlays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of overlays beside the project's base."""
    monkeypatch.setattr(experiment, "EXPERIMENTS", tmp_path)
    monkeypatch.setattr(experiment, "BASE", ROOT / "config/config.yaml")
    return tmp_path


def refusal(name: str) -> str:
    with pytest.raises(UserError) as caught:
        load(name)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["a'b", "a b", "a(b", "a+b", "a|b", "$HOME", 'a"b', "-x", "8", "ä", "a.b", "a{b}", "a\nb"]
)
def test_a_name_that_is_no_word_is_refused_and_quoted(overlays: Path, name: str):
    (overlays / f"{name}.yaml").write_text("{}")
    (overlays / "good.yaml").write_text("{}")
    assert experiments() == sorted([name, "good"])
    assert "an experiment's name is a letter, then letters, digits, '-' and '_'; rename the file" in refusal(name)
    assert load("good").seeds == [0]


@pytest.mark.parametrize(
    "name", ["all", "figures", "train", "report", "evaluate_bodies", "download_phantom", "download_x"]
)
def test_a_target_of_the_workflow_is_no_experiment(overlays: Path, name: str):
    (overlays / f"{name}.yaml").write_text("{}")
    assert f"{name!r} is a rule of the workflow; rename the file" in refusal(name)


def test_every_rule_of_the_workflow_is_reserved():
    files = [ROOT / "workflow/Snakefile", *ROOT.glob("workflow/rules/*.smk")]
    rules = [rule for file in files for rule in re.findall(r"^rule (\w+):", file.read_text(), flags=re.M)]
    assert {"all", "figures", "augment", "train"} <= set(rules)
    assert all(re.fullmatch(RESERVED, rule) for rule in rules)
    assert not any(re.fullmatch(RESERVED, path.stem) for path in ROOT.glob("config/experiments/*.yaml"))


def test_files_that_macos_keeps_beside_others_are_no_overlays(overlays: Path):
    (overlays / "._mine.yaml").write_bytes(b"\0\5\x16\7")
    (overlays / "mine.yaml").write_text("{}")
    assert experiments() == ["mine"]


@pytest.mark.parametrize("name", ["mine.yml", "mine.YAML"])
@pytest.mark.parametrize("beside", [True, False])
def test_another_suffix_is_refused_in_words(overlays: Path, name: str, beside: bool):
    (overlays / name).write_text("seeds: [1]")
    if beside:
        (overlays / "mine.yaml").write_text("seeds: [2]")
    assert experiments() == ["mine"]
    assert f"{str(overlays / name)!r}: an overlay's name ends in .yaml; rename it to 'mine.yaml'" == refusal("mine")


def test_the_name_of_a_published_dataset_is_for_that_dataset(overlays: Path):
    (overlays / "isbi2012.yaml").write_text("download: {dataset: phantom}")
    assert "data/raw/isbi2012 is for that dataset as published" in refusal("isbi2012")
    (overlays / "isbi2012.yaml").write_text(
        "download: {dataset: isbi2012, test_labels: t.tif}\nreport: {submission: true}"
    )
    assert "rename the overlay" in refusal("isbi2012")
    (overlays / "isbi2012.yaml").write_text("download: {dataset: isbi2012}")
    assert load("isbi2012").raw_name("isbi2012") == "isbi2012"


def test_own_files_that_are_not_there_are_named(overlays: Path, tmp_path: Path):
    volume, labels = tmp_path / "v.tif", tmp_path / "l.h5"
    (overlays / "mine.yaml").write_text(f"download: {{dataset: files, volume: {volume}, labels: '{labels}:a/b'}}")
    section = load("mine").download
    for path, key in ((volume, "volume"), (labels, "labels")):
        with pytest.raises(UserError, match=f"^download.{key}: got '{path}[:ab/]*': no such file or folder$"):
            section.require_own_files()
        path.touch()
    section.require_own_files()
