"""scripts/evaluate.py at the prompt: what it reads, writes and refuses."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr
from PIL import Image

from fusionnet.errors import run
from fusionnet.evaluate.instances import score_volume
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.warping import warping_errors
from fusionnet.files import sha256
from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "evaluate.py"


class Done(NamedTuple):
    returncode: int
    stderr: str


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., Done]:
    """Run the script in this process: importing numba anew for every call would take most of the time."""
    spec = importlib.util.spec_from_file_location("evaluate", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def call(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
        capfd.readouterr()
        try:
            run(script.main)
        except SystemExit as end:
            return Done(int(end.code), capfd.readouterr().err)
        return Done(0, capfd.readouterr().err)

    return call


@pytest.fixture
def stacks() -> tuple[np.ndarray, np.ndarray]:
    """Six cells a slice, and a proposal with noise on it."""
    rng = np.random.default_rng(0)
    truth = np.ones((4, 48, 64), np.uint8)
    truth[:, 23:25] = truth[:, :, 20:22] = truth[:, :, 41:44] = 0
    proposal = np.clip(0.8 * truth + 0.1 + 0.15 * rng.standard_normal(truth.shape), 0, 1).astype(np.float32)
    return truth, proposal


def write_pngs(folder: Path, volume: np.ndarray) -> Path:
    folder.mkdir()
    for z, plane in enumerate(volume):
        Image.fromarray(plane).save(folder / f"{z}.png")
    return folder


def test_writes_metrics_table_overlay_and_log(
    evaluate: Callable[..., Done], tmp_path: Path, stacks: tuple[np.ndarray, np.ndarray]
) -> None:
    truth, proposal = stacks
    tifffile.imwrite(tmp_path / "labels.tif", truth * np.uint8(255), imagej=True)  # axes left unnamed: read as CYX
    write_volume(tmp_path / "p.tif", proposal[1:3], {"stage": "predict", "seed": 3})
    files = {name: tmp_path / name for name in ("metrics.json", "slices.csv", "errors.png", "log/evaluate.log")}
    names = ("--metrics", "--slices", "--overlay", "--log")
    options = [word for pair in zip(names, files.values(), strict=True) for word in pair]
    done = evaluate(
        "--labels", tmp_path / "labels.tif", "--label-slices", "1-2", "--probabilities", tmp_path / "p.tif",
        "--warping", *options
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = score_stack(truth[1:3], proposal[1:3])
    metrics = json.loads(files["metrics.json"].read_text())
    for name in ("v_rand", "v_rand_threshold", "v_info", "v_info_threshold", "pixel_error", "pixel_f1"):
        assert metrics[name] == getattr(expected, name), name
    assert metrics["thresholds"] == expected.thresholds.tolist()
    assert metrics["v_rand_by_threshold"] == expected.by_threshold("v_rand").tolist()
    assert metrics["v_info_by_threshold"] == expected.by_threshold("v_info").tolist()
    step = metrics["thresholds"].index(metrics["v_rand_threshold"])
    assert metrics["v_rand_merge"] == expected.by_threshold("v_rand_merge")[step]
    warping = warping_errors(truth[1:3], proposal[1:3]).mean(axis=0)
    assert metrics["warping_error_by_threshold"] == warping.tolist()
    assert metrics["warping_error"] == warping.min()
    assert metrics["provenance"]["labels"]["sha256"] == sha256(tmp_path / "labels.tif")
    assert metrics["provenance"]["probabilities"]["made_by"] == {"stage": "predict", "seed": 3}
    table = pd.read_csv(files["slices.csv"])
    assert len(table) == 2 * 11
    assert table.groupby("threshold")["v_rand"].mean().max() == pytest.approx(metrics["v_rand"], abs=1e-12)
    assert Image.open(files["errors.png"]).width > 500
    assert f"V_rand {metrics['v_rand']:.6f}" in files["log/evaluate.log"].read_text()


def test_every_format_gives_the_same_scores(
    evaluate: Callable[..., Done], tmp_path: Path, stacks: tuple[np.ndarray, np.ndarray]
) -> None:
    truth, proposal = stacks
    grey = np.round(proposal * 255).astype(np.uint8)
    pngs = write_pngs(tmp_path / "labels", truth * np.uint8(255)), write_pngs(tmp_path / "p", grey)
    with h5py.File(tmp_path / "both.h5", "w") as file:
        file["volumes/labels"], file["p"] = truth, grey
    hdf5 = tmp_path / "both.h5:volumes/labels", tmp_path / "both.h5:p"
    for name, volume in (("labels.zarr", truth), ("p.zarr", grey)):
        group = zarr.open_group(tmp_path / name, mode="w")
        group.create_array("0", data=volume)
        group.attrs["ome"] = {"version": "0.5", "multiscales": [{"datasets": [{"path": "0"}]}]}
    zarrs = tmp_path / "labels.zarr", tmp_path / "p.zarr"
    scores = []
    for labels, probabilities in (pngs, hdf5, zarrs):
        done = evaluate("--labels", labels, "--probabilities", probabilities, "--metrics", tmp_path / "m.json")
        assert done.returncode == 0, done.stderr
        metrics = json.loads((tmp_path / "m.json").read_text())
        assert len(metrics["provenance"]["labels"]["sha256"]) == 64
        scores.append([metrics["v_rand"], metrics["v_info"], metrics["pixel_error"]])
    assert scores[0] == scores[1] == scores[2]
    assert scores[0][0] == score_stack(truth, grey).v_rand


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: (p * 65535).astype(np.uint16), "uint16"),
        (lambda p: p * np.float32(255), "divide by 255"),
        (lambda p: np.where(p < 0.2, np.float32(np.nan), p), "NaN"),
        (lambda p: p[:2], "(2, 48, 64)"),
    ],
)
def test_bad_stack_ends_in_one_line_and_writes_nothing(
    evaluate: Callable[..., Done], tmp_path: Path, stacks: tuple[np.ndarray, np.ndarray], change: object, message: str
) -> None:
    truth, proposal = stacks
    write_volume(tmp_path / "labels.tif", truth, {})
    write_volume(tmp_path / "p.tif", change(proposal), {})
    (tmp_path / "m.json").write_text("old")
    done = evaluate(
        "--labels", tmp_path / "labels.tif", "--probabilities", tmp_path / "p.tif", "--metrics", tmp_path / "m.json"
    )  # fmt: skip
    assert done.returncode == 1
    assert message in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "m.json").read_text() == "old"


def test_swapped_polarity_is_said_in_the_metrics_too(
    evaluate: Callable[..., Done], tmp_path: Path, stacks: tuple[np.ndarray, np.ndarray]
) -> None:
    write_volume(tmp_path / "labels.tif", stacks[0], {})
    write_volume(tmp_path / "p.tif", 1 - stacks[1], {})
    done = evaluate(
        "--labels", tmp_path / "labels.tif", "--probabilities", tmp_path / "p.tif", "--metrics", tmp_path / "m.json"
    )  # fmt: skip
    assert done.returncode == 0
    assert "polarity looks swapped" in done.stderr
    assert "score 1 - p" in json.loads((tmp_path / "m.json").read_text())["warnings"][0]


def test_segments_are_scored_in_3d_against_instances(evaluate: Callable[..., Done], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth, segments = rng.integers(0, 5, (3, 8, 9)).astype(np.uint16), rng.integers(0, 4, (3, 8, 9)).astype(np.uint16)
    write_volume(tmp_path / "labels.tif", truth, {})
    write_volume(tmp_path / "segments.tif", segments, {})
    files = "--labels", tmp_path / "labels.tif", "--segments", tmp_path / "segments.tif", "--metrics"
    done = evaluate(*files, tmp_path / "m.json", "--instances", "--zero", "voxels")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "m.json").read_text())
    expected = score_volume(truth, segments, zero="voxels")
    assert (metrics["adapted_rand_error"], metrics["voi_split"]) == (expected.adapted_rand_error, expected.voi_split)
    done = evaluate(*files, tmp_path / "n.json")
    assert done.returncode == 1 and "add --instances" in done.stderr
    done = evaluate(*files, tmp_path / "n.json", "--instances", "--warping")
    assert done.returncode == 1 and "give --probabilities" in done.stderr


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ("3-1", "whose first slice comes after its last"),
        ("2-4", "labels.tif has slices 0-3"),
        ("x", "expected FIRST-LAST"),
        ("-1", "expected FIRST-LAST"),
        ("1-", "expected FIRST-LAST"),
    ],
)
def test_wrong_range_of_slices(
    evaluate: Callable[..., Done], tmp_path: Path, stacks: tuple[np.ndarray, np.ndarray], slices: str, message: str
) -> None:
    write_volume(tmp_path / "labels.tif", stacks[0], {})
    done = evaluate(
        "--labels", tmp_path / "labels.tif", f"--label-slices={slices}",
        "--probabilities", tmp_path / "labels.tif", "--metrics", tmp_path / "m.json",
    )  # fmt: skip
    assert done.returncode == 1
    assert "--label-slices" in done.stderr and message in done.stderr


def test_runs_at_the_prompt() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--labels", "missing.tif", "--probabilities", "p.tif", "--metrics", "m.json"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (1, "evaluate: error: missing.tif: no such file or folder\n")
