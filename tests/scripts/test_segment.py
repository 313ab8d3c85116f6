"""scripts/segment.py and evaluate_segmentation.py at the prompt: what they write, learn from, and refuse."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_results import cell_labels
from networks import make_network
from scipy.ndimage import gaussian_filter

from fusionnet.config.experiment import load
from fusionnet.config.stages import ArmSettings, TrainingJob
from fusionnet.evaluate.thinning import components
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.segment.forest import load_forest
from fusionnet.segment.ladder import RUNGS
from fusionnet.volumes.stacks import read_stack, write_volume

ROOT = Path(__file__).parents[2]
DEPTH, SIDE = 7, 96
SETTINGS = ["--config", json.dumps({"trees": 10, "edges_per_leaf": 5})]


@pytest.fixture
def tissue(tmp_path: Path) -> dict[str, np.ndarray]:
    """Cells, a network's idea of them that leaks in places, and grey values; written to tmp_path."""
    generator = np.random.default_rng(4)
    labels = cell_labels(DEPTH, SIDE, generator, cells=12)
    noise = gaussian_filter(generator.standard_normal(labels.shape), (0, 3, 3))
    blurred = gaussian_filter(labels.astype(np.float32), (0, 1, 1)) + 1.5 * noise
    stacks = {
        "labels": labels.astype(np.uint8),
        "probabilities": np.clip(blurred, 0, 1).astype(np.float32),
        "volume": (60 + 120 * labels + 20 * generator.standard_normal(labels.shape)).clip(0, 255).astype(np.uint8),
    }
    for name, stack in stacks.items():
        write_volume(tmp_path / f"{name}.tif", stack, {})
    return stacks


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., str]:
    """Run a script in this process; words that end in a file's suffix lie in tmp_path. Return its messages."""

    def run_script(name: str, *words: str, fails: bool = False) -> str:
        suffixes = (".tif", ".csv", ".json", ".pt", ".safetensors")
        placed = [str(tmp_path / word) if word.endswith(suffixes) else word for word in words]
        monkeypatch.setattr(sys, "argv", [name, *placed])
        capfd.readouterr()
        code = 0
        try:
            runpy.run_path(str(ROOT / "scripts" / name), run_name="__main__")
        except SystemExit as end:
            code = int(end.code or 0)
        errors = capfd.readouterr().err
        assert (code == 1) == fails, errors
        return errors

    return run_script


GIVEN = ("segment.py", "--probabilities", "probabilities.tif", "--volume", "volume.tif")
LEARN = ("--labels", "labels.tif", "--train-slices", "0-3", *SETTINGS)


def test_segments_are_whole_numbers_and_a_threshold_of_the_map_gives_them(call, tissue, tmp_path: Path):
    said = call(*GIVEN, *LEARN, "--segments", "s.tif", "--map", "m.tif", "--save-edges", "e.safetensors")
    assert "7 slices by learned edges" in said
    segments, plane = read_stack(tmp_path / "s.tif"), read_stack(tmp_path / "m.tif")
    assert segments.dtype == np.uint16 and segments.min() == 1 and segments.shape == tissue["volume"].shape
    assert plane.dtype == np.float32 and 0 <= plane.min() < plane.max() <= 1
    found = components((plane[4] > 0.6).astype(np.uint8))
    inside = found > 0
    pairs = np.unique(np.stack([found[inside], segments[4][inside]]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1], "level 0.4 and threshold 0.6 cut alike"


def test_learned_edges_are_kept_and_used_elsewhere(call, tissue, tmp_path: Path):
    call(*GIVEN, *LEARN, "--map", "learned.tif", "--save-edges", "e.safetensors")
    call(*GIVEN, "--edges", "e.safetensors", "--map", "used.tif")
    assert load_forest(tmp_path / "e.safetensors").about["slices"] == [0, 1, 2, 3]
    np.testing.assert_array_equal(read_stack(tmp_path / "used.tif"), read_stack(tmp_path / "learned.tif"))


def test_nothing_is_learned_without_labels_and_that_is_said(call, tissue, tmp_path: Path):
    assert "nothing learned" in call(*GIVEN, "--map", "m.tif", "--linkage-map", "l.tif")
    np.testing.assert_array_equal(read_stack(tmp_path / "m.tif"), read_stack(tmp_path / "l.tif"))


def test_labels_of_other_slices_change_no_byte(call, tissue, tmp_path: Path):
    outputs = ("--segments", "s.tif", "--map", "m.tif", "--save-edges", "e.safetensors")
    call(*GIVEN, *LEARN, *outputs)
    before = [(tmp_path / name).read_bytes() for name in outputs[1::2]]
    labels = tissue["labels"].copy()
    labels[4:] = np.random.default_rng(0).integers(0, 2, labels[4:].shape)
    write_volume(tmp_path / "labels.tif", labels, {})
    call(*GIVEN, *LEARN, *outputs)
    assert [(tmp_path / name).read_bytes() for name in outputs[1::2]] == before
    labels[0] = 1 - labels[0]
    write_volume(tmp_path / "labels.tif", labels, {})
    call(*GIVEN, *LEARN, *outputs)
    assert [(tmp_path / name).read_bytes() for name in outputs[1::2]] != before, "those of training slices do"


@pytest.fixture
def trained(tmp_path: Path, tissue) -> TrainingJob:
    """A checkpoint of the fold 5-5, validated on slice 3: slices 0 and 1 are trained on; probabilities of slice 5."""
    config = load("phantom")
    split = config.split.model_copy(update={"validation_slices": 1, "gap_slices": 1})
    network = ArmSettings(architecture="unet", width=2)
    job = config.training_job("unet", "5-5", 0).model_copy(update={"split": split, "network": network})
    save_checkpoint(tmp_path / "c.pt", make_network("unet"), job, {})
    write_volume(tmp_path / "scored.tif", tissue["probabilities"][5:6], {})
    return job


OF_NETWORK = (
    *("segment.py", "--checkpoint", "c.pt", "--train-volume", "volume.tif", "--labels", "labels.tif"),
    *("--probabilities", "scored.tif", "--volume", "volume.tif", "--slices", "5-5", *SETTINGS),
)
STAGE = ("--map", "m.tif", "--linkage-map", "l.tif", "--edges-map", "e.tif", "--save-edges", "e.safetensors")


def test_a_network_s_training_slices_alone_teach(call, trained, tissue, tmp_path: Path):
    call(*OF_NETWORK, *STAGE, "--timing", "t.json")
    assert load_forest(tmp_path / "e.safetensors").about["slices"] == [0, 1]
    assert json.loads((tmp_path / "t.json").read_text())["slices"] == 1
    before = {name: (tmp_path / name).read_bytes() for name in STAGE[1::2]}
    assert read_stack(tmp_path / "m.tif").shape == (1, SIDE, SIDE)
    labels = tissue["labels"].copy()
    labels[2:] = np.random.default_rng(0).integers(0, 2, labels[2:].shape)  # gaps, validation and scored slices
    write_volume(tmp_path / "labels.tif", labels, {})
    call(*OF_NETWORK, *STAGE)
    assert {name: (tmp_path / name).read_bytes() for name in STAGE[1::2]} == before


def test_slices_and_volume_are_those_that_were_named(call, trained, tissue, tmp_path: Path):
    """Only a network's own scored slices, of the stack that it was trained on, are cut as a block of that stack."""
    write_volume(tmp_path / "other.tif", tissue["volume"][::-1], {})
    maps = {}
    for name, (volume, slices) in {
        "fold": ("volume.tif", "5-5"),
        "z2": ("volume.tif", "2-2"),
        "other": ("other.tif", "5-5"),
    }.items():
        call(*OF_NETWORK[:9], "--volume", volume, "--slices", slices, *SETTINGS, "--map", f"map-{name}.tif")
        maps[name] = read_stack(tmp_path / f"map-{name}.tif")
    assert not np.array_equal(maps["fold"], maps["z2"]) and not np.array_equal(maps["fold"], maps["other"])
    write_volume(tmp_path / "two.tif", tissue["probabilities"][2:4], {})
    call(
        *OF_NETWORK[:7],
        "--probabilities",
        "two.tif",
        "--volume",
        "volume.tif",
        "--slices",
        "2-3",
        *SETTINGS,
        "--map",
        "two-map.tif",
    )
    assert read_stack(tmp_path / "two-map.tif").shape == (2, SIDE, SIDE)


def test_a_network_is_shown_its_training_stack_at_the_levels_that_it_was_trained_on(
    call, trained, tissue, tmp_path: Path
):
    call(*OF_NETWORK, "--map", "m.tif")
    write_volume(tmp_path / "wide.tif", tissue["volume"].astype(np.uint16) * 257, {})
    window = {"grey_window": [0, 65535]}
    save_checkpoint(tmp_path / "c.pt", make_network("unet"), trained, window)
    wide = [word.replace("volume.tif", "wide.tif") for word in OF_NETWORK]
    call(*wide, "--map", "wide-map.tif")
    np.testing.assert_array_equal(read_stack(tmp_path / "wide-map.tif"), read_stack(tmp_path / "m.tif"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("v.h5:a/raw", "v.h5:a/raw/", True),
        ("v.h5:a/raw", "link.h5:a/raw", True),
        ("v.h5:a/raw", "v.h5:b/raw", False),
        ("v.h5:raw", "other.h5:raw", False),
        ("stack.tif", "link.tif", True),
        ("stack.tif", "v.h5:raw", False),
    ],
)
def test_a_stack_is_itself_by_whatever_link_and_key(one: str, other: str, same: bool, tmp_path: Path):
    for name in ("v.h5", "other.h5", "stack.tif"):
        (tmp_path / name).write_bytes(name.encode())
    for link, name in (("link.h5", "v.h5"), ("link.tif", "stack.tif")):
        (tmp_path / link).symlink_to(tmp_path / name)
    same_stack = runpy.run_path(str(ROOT / "scripts/segment.py"))["same_stack"]
    assert same_stack(tmp_path / one, tmp_path / other) == same


def test_each_step_and_the_ceiling_are_scored(call, trained, tissue, tmp_path: Path):
    call(*OF_NETWORK, *STAGE)
    said = call(
        *("evaluate_segmentation.py", "--labels", "labels.tif", "--label-slices", "5-5", "--ladder", "ladder.csv"),
        *("--probabilities", "scored.tif", "--linkage", "l.tif", "--edges", "e.tif", "--segmentation", "m.tif"),
    )
    table = pd.read_csv(tmp_path / "ladder.csv")
    assert table["rung"].tolist() == list(RUNGS)
    assert all(title in said for title in RUNGS.values())
    scores = table.set_index("rung")
    assert scores.loc["ceiling", "v_rand"] >= scores["v_rand"].max() - 0.01
    assert {"v_rand_merge", "v_rand_split", "v_rand_threshold", "v_info"} <= set(scores.columns)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((*GIVEN, "--labels", "labels.tif", "--map", "m.tif"), "--labels need --train-slices"),
        ((*GIVEN, "--train-slices", "0-3", "--map", "m.tif"), "--labels need --train-slices"),
        ((*GIVEN, *LEARN, "--edges", "fusionnet-isbi2012", "--map", "m.tif"), "give one of the two"),
        ((*GIVEN, "--save-edges", "e.safetensors"), "--save-edges: nothing is learned"),
        ((*GIVEN, "--edges", "fusionnet-isbi2012", "--edges-map", "m.tif"), "--edges-map: nothing is learned"),
        ((*OF_NETWORK, "--train-slices", "0", "--map", "m.tif"), "--train-slices: a --checkpoint teaches from"),
        ((*GIVEN, "--segments", "s.tif", "--level", "2"), "--level: got 2.0"),
        ((*GIVEN, *LEARN[:3], "5-9", "--map", "m.tif"), "--train-slices: got '5-9', but the stack has slices 0-6"),
        ((*GIVEN, "--edges", "nowhere.safetensors", "--map", "m.tif"), "no such file, and no learned edges"),
        ((*GIVEN, "--edges", "labels.tif", "--map", "m.tif"), "damaged, or no classifier of edges"),
        ((*GIVEN[:3], "--volume", "volume.tif", "--slices", "0-2", "--map", "m.tif"), "shape"),
    ],
)
def test_contradictions_are_refused_and_nothing_is_written(call, tissue, tmp_path: Path, words, complaint: str):
    said = call(*words, fails=True)
    assert complaint in said and "Traceback" not in said
    assert not (tmp_path / "m.tif").exists()
