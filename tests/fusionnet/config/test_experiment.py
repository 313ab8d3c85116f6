"""Every shipped experiment loads; every mistake is named, with what to do."""

import json
from pathlib import Path

import pytest
import yaml

from fusionnet.config import experiment
from fusionnet.config.experiment import Config, experiments, load
from fusionnet.config.schema import parse
from fusionnet.config.stages import ArmSettings, PredictSection, TrainingJob
from fusionnet.errors import UserError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "config/experiments").glob("*.yaml")))
def test_every_shipped_experiment_loads(name: str):
    loaded = load(name)
    assert name in experiments()
    for arm in loaded.arms:
        job = loaded.training_job(arm, loaded.folds[0], loaded.seeds[0])
        assert parse(TrainingJob, job.model_dump_json()) == job
    assert parse(PredictSection, loaded.predict.model_dump_json()) == loaded.predict
    lines = (ROOT / f"config/experiments/{name}.yaml").read_text().splitlines()
    settings = sum(bool(line.split("#")[0].strip()) for line in lines) - len(loaded.arms)
    assert settings <= 15, "beside a line for each arm an overlay names only what differs"


def test_the_base_has_every_key():
    base = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert set(base) == set(Config.model_fields)
    for section in ("download", "split", "augment", "train", "predict", "report"):
        assert set(base[section]) == set(Config.model_fields[section].annotation.model_fields), section


def test_dictionaries_are_merged_and_lists_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_overlay(tmp_path, monkeypatch, "train: {epochs: 3}\narms: [unet]\nnetwork: {unet: {width: 5}}\n")
    loaded = load("mine")
    write_overlay(tmp_path, monkeypatch, "{}")
    base = load("mine")
    assert loaded.train == base.train.model_copy(update={"epochs": 3})
    assert loaded.arms == ["unet"]
    assert loaded.network["unet"] == ArmSettings(architecture="unet", width=5)
    assert loaded.network["fusionnet"] == base.network["fusionnet"]


def test_overrides_win():
    assert load("phantom", {"seeds": [4, 5], "train": {"epochs": 1}}).seeds == [4, 5]


def test_numbers_in_exponent_notation_are_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_overlay(tmp_path, monkeypatch, "train: {learning_rate: 2e-4}\n")
    assert load("mine").train.learning_rate == 2e-4


def test_an_empty_overlay_is_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_overlay(tmp_path, monkeypatch, "# nothing differs\n")
    assert load("mine").seeds == [0]


def write_overlay(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "mine.yaml").write_text(text)
    monkeypatch.setattr(experiment, "EXPERIMENTS", folder)


def refusal(name: str, overrides: dict | None = None) -> str:
    with pytest.raises(UserError) as caught:
        load(name, overrides)
    return str(caught.value)


def test_in_a_subfolder_the_root_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"config/config.yaml: no such file; run from the root of the repository"):
        load("phantom")


def test_an_experiment_that_does_not_exist_is_named_with_the_nearest():
    assert "config/experiments/isbi2021.yaml: no such experiment (did you mean 'isbi2012'?)" in refusal("isbi2021")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"trian": {}}, "unknown key 'trian' (did you mean 'train'?)"),
        ({"train": {"epoch": 3}}, "unknown key 'train.epoch' (did you mean 'epochs'?)"),
        ({"network": {"unet": {"widht": 3}}}, "unknown key 'network.unet.widht' (did you mean 'width'?)"),
        (
            {"download": {"phantom": {"sizepixels": 3}}},
            "unknown key 'download.phantom.sizepixels' (did you mean 'size_pixels'?)",
        ),
        ({"train": {"epochs": "3"}}, "train.epochs: got '3'"),
        ({"train": {"epochs": 0}}, "train.epochs: got 0; input should be greater than 0"),
        ({"train": {"epochs": 2.5}}, "train.epochs: got 2.5"),
        ({"train": {"epochs": None}}, "train.epochs: got None"),
        ({"train": {"ema_decay": 1.0}}, "train.ema_decay: got 1.0; input should be less than 1"),
        ({"train": {"device": "gpu"}}, "train.device: got 'gpu'; input should be 'auto', 'cuda' or 'cpu'"),
        ({"train": {"loss": "hinge"}}, "train.loss: got 'hinge'"),
        ({"augment": {"crop_pixels": 100}}, "augment.crop_pixels: got 100; input should be a multiple of 16"),
        ({"augment": {"contrast_jitter": 1.5}}, "augment.contrast_jitter: got 1.5"),
        ({"augment": {"orientations": 1}}, "augment.orientations: got 1"),
        ({"predict": {"tile_pixels": 0}}, "predict.tile_pixels: got 0"),
        ({"split": {"gap_slices": -1}}, "split.gap_slices: got -1"),
        ({"train": 7}, "train: got 7"),
        ({"arms": []}, "arms: got []"),
        ({"arms": ["fusionet"]}, "arms: 'fusionet' is not a key of 'network' (did you mean 'fusionnet'?)"),
        ({"arms": ["unet", "unet"]}, "arms: an entry is named twice"),
        ({"folds": ["25"]}, "folds: got '25', expected the scored slices as 'FIRST-LAST', or 'test'"),
        ({"folds": ["9-3"]}, "folds: got '9-3', whose first slice comes after its last"),
        ({"arms": ["a b"]}, "arms: got 'a b', expected a letter, then letters, digits, '-' and '_'"),
        ({"arms": ["a/b"]}, "arms: got 'a/b', expected a letter"),
        ({"arms": ["unet-w1.5"]}, "arms: got 'unet-w1.5', expected a letter"),
        ({"arms": ["3d"]}, "arms: got '3d', expected a letter"),
        ({"folds": ["08-9"]}, "folds: got '08-9', expected the scored slices"),
        ({"folds": ["٣-٤"]}, "folds: got '٣-٤', expected the scored slices"),
        ({"seeds": [-1]}, "seeds: got -1, expected numbers from 0"),
        ({"seeds": ["1"]}, "seeds.0: got '1'"),
        ({"network": {"unet": {"chain": 2}}}, "architecture 'unet' takes only 'width'"),
        ({"download": {"dataset": "files"}}, "dataset 'files' needs the keys 'volume' and 'labels'"),
        ({"download": {"dataset": "cremi"}}, "download.dataset: got 'cremi'"),
        ({"download": {"dataset": "files", "volume": "v", "labels": "l", "test_labels": "t"}}, "needs 'test_volume'"),
        (
            {"download": {"volume": "v.tif", "labels": "l.tif"}},
            "dataset 'phantom' does not read 'volume' and 'labels'; for stacks of your own write 'dataset: files'",
        ),
        ({"download": {"dataset": "files", "volume": "v{1}", "labels": "l"}}, "download.volume: got 'v{1}', with '{'"),
        ({"download": {"test_labels": "t.tif"}}, "dataset 'phantom' does not read 'test_labels'"),
        ({"download": {"dataset": "isbi2012", "test_volume": "t.tif"}}, "'isbi2012' does not read 'test_volume'"),
        ({"download": {"phantom": None}}, "dataset 'phantom' needs the section 'phantom'"),
        *(
            (
                {section: {"arithmetic": "portable", "precision": "bfloat16"}},
                f"{section}: arithmetic 'portable' is float32",
            )
            for section in ("train", "predict")
        ),
    ],
)
def test_every_mistake_is_named(overrides: dict, message: str):
    assert message in refusal("phantom", overrides)


def test_the_challenges_test_stack_is_not_scored_without_a_line_in_the_ledger():
    looked_at = {"download": {"test_labels": "test-labels.tif"}}
    message = refusal("isbi2012-submission", looked_at | {"report": {"submission": False}})
    assert "'report.submission' must be true" in message
    assert load("isbi2012-submission", looked_at).report.submission


def test_a_new_arm_needs_its_keys():
    assert "key 'network.mine.width' is missing" in refusal("phantom", {"network": {"mine": {"architecture": "unet"}}})


def test_several_mistakes_are_told_at_once():
    message = refusal("phantom", {"train": {"epochs": 0, "batch": 1}})
    assert "train.epochs" in message and "train.batch" in message


def test_files_that_are_not_yaml_sections_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_overlay(tmp_path, monkeypatch, "train: [unclosed")
    assert "not valid YAML" in refusal("mine")
    write_overlay(tmp_path, monkeypatch, "- a\n- list\n")
    assert "got list, expected sections of keys" in refusal("mine")
    monkeypatch.chdir(tmp_path)
    assert "run from the root of the repository" in refusal("mine")


def test_a_section_from_a_rule_is_checked_too():
    good = load("phantom").predict
    assert parse(PredictSection, json.dumps(good.model_dump())) == good
    with pytest.raises(UserError, match="--config: not valid JSON"):
        parse(PredictSection, "{device: auto}")
    with pytest.raises(UserError, match="--config: unknown key 'devise'"):
        parse(PredictSection, good.model_dump() | {"devise": "cpu"})
    with pytest.raises(UserError, match="--expect: key 'arm' is missing"):
        parse(TrainingJob, "{}", "--expect")


def test_a_configuration_cannot_be_changed_later():
    with pytest.raises(ValueError, match="frozen"):
        load("phantom").train.epochs = 3


def test_neighbours_that_would_show_scored_slices_are_refused():
    arm = {"architecture": "unet", "width": 2, "neighbours": 1}
    assert load("phantom", {"network": {"unet": arm}}).network["unet"].neighbours == 1
    with pytest.raises(UserError, match=r"network.unet: neighbours is 1 and split.gap_slices 0: training would see"):
        load("phantom", {"network": {"unet": arm}, "split": {"gap_slices": 0}})
    files = {"dataset": "files", "volume": "v.tif", "labels": "l.tif", "unlabelled_slices": "3"}
    with pytest.raises(UserError, match=r"network.unet: got neighbours; a stack without its 'download.unlabelled_sl"):
        load("phantom", {"network": {"unet": arm}, "download": files})


def test_units_in_series_take_no_neighbours():
    arm = {"architecture": "fusionnet", "width": 2, "neighbours": 1, "chain": 2}
    with pytest.raises(UserError, match="got neighbours and chain; units in series see one slice"):
        load("phantom", {"network": {"fusionnet": arm}})
    assert load("phantom", {"network": {"fusionnet": arm | {"neighbours": 0, "stem": "half"}}})


OWN = {"download": {"dataset": "files", "volume": "v.tif", "labels": "l.tif"}}


@pytest.mark.parametrize(
    ("overrides", "arithmetic"),
    [
        ({}, "portable"),
        ({"precision": "float32"}, "portable"),
        ({"precision": "bfloat16"}, "native"),  # it was portable, which no script takes: a traceback
        ({"arithmetic": "native"}, "native"),
        (OWN, "native"),
        (OWN | {"arithmetic": "portable"}, "portable"),
    ],
)
@pytest.mark.parametrize("section", ["train", "predict"])
def test_auto_is_decided_by_dataset_and_precision_to_what_scripts_take(section: str, overrides: dict, arithmetic: str):
    keys = {section: {key: value for key, value in overrides.items() if key != "download"}}
    loaded = load("phantom", keys | {key: value for key, value in overrides.items() if key == "download"})
    assert getattr(loaded, section).arithmetic == arithmetic
    job = loaded.training_job("unet", "test", 0)
    assert parse(TrainingJob, job.model_dump_json()) == job
    assert parse(PredictSection, loaded.predict.model_dump_json()) == loaded.predict
