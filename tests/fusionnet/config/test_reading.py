"""What is written means one thing: in an overlay, in --configfile, in --config, and for DVC."""

import json
from pathlib import Path

import pytest
from dvc.utils.serialize import load_yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from snakemake.cli import parse_config
from snakemake.settings.types import ConfigSettings

from fusionnet.config import experiment
from fusionnet.config.experiment import Config, load
from fusionnet.config.reading import overrides, read_yaml, written_path
from fusionnet.config.schema import parse
from fusionnet.config.stages import ArmSettings
from fusionnet.errors import UserError

ROOT = Path(__file__).parents[3]


def keys_of(section: type[BaseModel]) -> list[str]:
    return list(section.model_fields)


def every_key() -> list[tuple[str, ...]]:
    """The path of every key of the configuration."""
    paths: list[tuple[str, ...]] = []
    for name, field in Config.model_fields.items():
        kind = field.annotation
        if name == "network":
            paths += [("network", "unet", key) for key in keys_of(ArmSettings)]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            paths += [(name, key) for key in keys_of(kind)]
        else:
            paths.append((name,))
    return paths + [("download", "phantom", key) for key in keys_of(experiment.PhantomSettings)]


@pytest.fixture(scope="module", autouse=True)
def overlays(tmp_path_factory: pytest.TempPathFactory):
    """The project's base, and a folder of overlays of which `mine` is written anew by each test."""
    folder = tmp_path_factory.mktemp("experiments")
    (folder / "empty.yaml").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "EXPERIMENTS", folder)
        patch.setattr(experiment, "BASE", ROOT / "config/config.yaml")
        yield folder


def in_overlay(text: str) -> Config:
    (experiment.EXPERIMENTS / "mine.yaml").write_text(text, encoding="utf-8")
    return load("mine")


def on_command_line(entries: list[str], files: list[Path]) -> Config:
    """Take the way that Snakemake goes before it hands over to the Snakefile."""
    given = ConfigSettings(config=parse_config(entries), configfiles=files, config_args=entries)
    return load("empty", overrides(given.configfiles, given.config_args))


def or_refused(read, *arguments):
    try:
        return read(*arguments)
    except UserError:
        return None


@pytest.mark.parametrize(
    ("text", "section", "key", "value"),
    [
        ("learning_rate: 1e-3", "train", "learning_rate", 0.001),
        ("epochs: 010", "train", "epochs", 10),
        ("epochs: 1_000", "train", "epochs", 1000),
        ("epochs: 0o10", "train", "epochs", 8),
        ("volume: on, labels: 1:30, dataset: files", "download", "labels", "1:30"),
        ("volume: on, labels: 1:30, dataset: files", "download", "volume", "on"),
        ("orientations: yes", "augment", "orientations", None),
        ("epochs: '3'", "train", "epochs", None),
        ("epochs: 1:30", "train", "epochs", None),
    ],
)
def test_a_text_means_the_same_everywhere(text: str, section: str, key: str, value):
    """None: refused everywhere."""
    overlay = or_refused(in_overlay, f"{section}: {{{text}}}")
    file = experiment.EXPERIMENTS / "mine.yaml"
    ways = [overlay, or_refused(on_command_line, [], [file])]
    ways.append(or_refused(on_command_line, [f"{section}={{{text}}}"], []))
    assert [way and getattr(getattr(way, section), key) for way in ways] == [value] * 3
    if value is not None:
        assert load_yaml(file)[section][key] == value


@pytest.mark.parametrize(
    ("entry", "seeds"), [("seeds=[0, 1]", [0, 1]), ("seeds=[010]", [10]), ("seeds=[1_0]", [10]), ("seeds=7", None)]
)
def test_lists_on_the_command_line_are_lists(entry: str, seeds: list[int] | None):
    assert getattr(or_refused(on_command_line, [entry], []), "seeds", None) == seeds
    assert getattr(or_refused(in_overlay, entry.replace("=", ": ")), "seeds", None) == seeds


def test_the_command_line_wins_over_its_files(tmp_path: Path):
    (tmp_path / "quick.yaml").write_text("train: {epochs: 2, batch_size: 3}\n")
    (tmp_path / "quicker.json").write_text('{"train": {"batch_size": 5}}')
    files = [tmp_path / "quick.yaml", tmp_path / "quicker.json"]
    train = on_command_line(["train={epochs: 1}"], files).train
    assert (train.epochs, train.batch_size) == (1, 5)
    assert overrides([], ["download="]) == {"download": None}


FLOAT_KEYS = [
    (section, key)
    for section, field in Config.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    for key, inner in field.annotation.model_fields.items()
    if inner.annotation is float
]


@pytest.mark.parametrize(("section", "key"), FLOAT_KEYS)
@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan", "1e999"])
def test_numbers_that_json_cannot_carry_are_refused(section: str, key: str, text: str):
    with pytest.raises(UserError, match=f"{section}.{key}: got .*"):
        in_overlay(f"{section}: {{{key}: {text}}}")


def test_the_number_for_no_clipping_is_named():
    with pytest.raises(UserError, match=r"gradient_clip: got inf, expected a finite number; for no clipping write 0$"):
        in_overlay("train: {gradient_clip: .inf}")
    job = load("empty").training_job("unet", "test", 0)
    with pytest.raises(UserError, match="gradient_clip: got inf, expected a finite number"):
        parse(type(job), job.model_dump_json().replace('"gradient_clip":1.0', '"gradient_clip":Infinity'))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            b"train: {epochs: 2}\naugment: {}\ntrain: {batch_size: 2}\n",
            'line 3: not valid YAML: found duplicate key "train"',
        ),
        (b"train:\n  epochs: 2\n  epochs: 3\n", 'line 3: not valid YAML: found duplicate key "epochs"'),
        (b"train: {}\n# caf\xe9\n", "line 2: got the byte 0xe9, which is no text in UTF-8; save the file as UTF-8"),
        (b"\xff\xfet\0r\0", "line 1: got the byte 0xff"),
        (b"train: !!int x", "not valid YAML"),
        (b"train: {}\n---\nseeds: [1]", "line 2: not valid YAML: but found another document"),
        (b"train: \0", "not valid YAML"),
        (b"[" * 300, "not valid YAML"),
        (b'download: {mirror: "\\ud800"}', "not valid YAML"),
        (b"train: &a {b: *a}", "not valid YAML"),
        (b"- a", "got list, expected sections of keys"),
    ],
)
def test_what_cannot_be_read_is_told_by_file_and_line(tmp_path: Path, text: bytes, message: str):
    (tmp_path / "mine.yaml").write_bytes(text)
    with pytest.raises(UserError) as caught:
        read_yaml(tmp_path / "mine.yaml")
    assert str(caught.value).startswith(f"{tmp_path}/mine.yaml: ") and message in str(caught.value)
    assert "ruamel" not in str(caught.value) and "suppress" not in str(caught.value)


def test_what_was_read_can_be_changed_without_harm(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("train: {epochs: 2}")
    read_yaml(tmp_path / "a.yaml")["train"]["epochs"] = 7
    assert read_yaml(tmp_path / "a.yaml") == {"train": {"epochs": 2}}


def test_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/you")
    section = in_overlay("download: {dataset: files, volume: ~/raw.tif, labels: '~/l.h5:a'}").download
    assert section.own_files() == ["/home/you/raw.tif", "/home/you/l.h5"]
    assert [written_path(path) for path in (None, "", "a/~/b", "~x.tif")] == [None, "", "a/~/b", "~x.tif"]


WORDS = """010 0o10 0x1F 1_000 1:30 1:30:30 on off yes No y True TRUE null ~ .inf -.Inf .nan +1 -0 1. .5 1e3 1e-3 1.e+3
    12e03 0b11 = << 2020-01-01 2001-12-14t21:59:43.10-05:00 0.1 3 3.0 auto cpu cuda unet add mse phantom 08-09 1-2 'on'
    "\\ud800" "\\0" {} [] {a:1} {1:2} 99999999999999999999 1e999 !!float_3 !!int_3.0 !!str_3 !!binary_aGk= &a_*a
    """
SCALARS = st.sampled_from(WORDS.split()).map(lambda word: word.replace("_", " ") if word[0] in "!&" else word)
TEXTS = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.from_regex(r"[-+]?[0-9_]{1,4}([.:][0-9_]{0,3})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.text(st.sampled_from("0189.eE+-_:,[]{}'\"#&*!|>%@`~ \n\t\rabonxyé\x85\u2028"), max_size=12),
    st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5)).map(json.dumps),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(every_key()), TEXTS)
@example(("train", "gradient_clip"), ".inf")
@example(("seeds",), "[010]")
def test_any_text_for_any_key_means_one_thing_or_is_refused(path: tuple[str, ...], text: str):
    first, *rest = path
    value = "".join(f"{{{key}: " for key in rest) + text + "}" * len(rest)
    overlay = or_refused(in_overlay, f"{first}: {value}\n")
    file = experiment.EXPERIMENTS / "mine.yaml"
    for entries, files in (([f"{first}={value}"], []), ([], [file])):
        try:
            parse_config(entries), ConfigSettings(configfiles=files)
        except Exception:
            continue  # Snakemake itself refuses it
        given_there = or_refused(on_command_line, entries, files)
        assert given_there is None or overlay is None or given_there == overlay
        if files:
            assert (given_there is None) == (overlay is None)
    if overlay is None:
        return
    seen_by_dvc, ours, in_json = load_yaml(file), overlay, json.loads(overlay.model_dump_json())
    assert parse(Config, overlay.model_dump_json()) == overlay
    for key in path:
        seen_by_dvc = seen_by_dvc[key] if isinstance(seen_by_dvc, dict) else None
        ours, in_json = ours[key] if isinstance(ours, dict) else getattr(ours, key), in_json[key]
    assert in_json == ours
    if isinstance(ours, float) and isinstance(seen_by_dvc, int):
        seen_by_dvc = float(seen_by_dvc)
    assert ours == seen_by_dvc
