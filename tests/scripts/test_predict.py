"""scripts/predict.py at the prompt: what they write, go on with, and refuse."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest
import tifffile
import torch
import zarr
from local_server import serve
from networks import MACHINE, SETTINGS, make_network
from other_process import locked_elsewhere

from fusionnet.config.experiment import load
from fusionnet.config.stages import ArmSettings, TrainingJob
from fusionnet.errors import UserError, run
from fusionnet.files import sha256
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.predict.predictor import Prediction, Predictor, Window
from fusionnet.volumes.stacks import read_provenance
from fusionnet.volumes.volume import open_volume, read_volume

ROOT = Path(__file__).parents[2]
STACK = np.random.default_rng(0).integers(0, 256, (3, 70, 90), dtype=np.uint8)


class Done(NamedTuple):
    returncode: int
    stderr: str


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., Done]:
    """Run a script in this process: importing torch anew for every call would take most of the time."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()

    def call_script(name: str, *arguments: object) -> Done:
        path = ROOT / "scripts" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        capfd.readouterr()
        try:
            run(script.main)
        except SystemExit as end:
            return Done(int(end.code), capfd.readouterr().err)
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic)
        return Done(0, capfd.readouterr().err)

    return call_script


@pytest.fixture(scope="module")
def job() -> TrainingJob:
    previous = Path.cwd()
    os.chdir(ROOT)
    try:
        trained = load("phantom").training_job("unet", "test", 0)
    finally:
        os.chdir(previous)
    return trained.model_copy(update={"network": ArmSettings(architecture="unet", width=2)})


@pytest.fixture
def files(tmp_path: Path, job: TrainingJob) -> list[object]:
    """Write a checkpoint and a volume; return the arguments that name them."""
    save_checkpoint(tmp_path / "c.pt", make_network("unet"), job, {})
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack")
    section = SETTINGS.model_dump_json()
    return ["--checkpoint", tmp_path / "c.pt", "--volume", tmp_path / "v.tif", "--config", section]


def refusal(done: Done) -> str:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, "one line"
    return done.stderr


def test_a_volume_becomes_a_probability_stack(tmp_path: Path, call, files: list, job: TrainingJob):
    outputs = ["--probabilities", tmp_path / "p.tif", "--deviation", tmp_path / "d.tif"]
    reports = ["--timing", tmp_path / "t.json", "--log", tmp_path / "l.txt"]
    done = call("predict", *files, *outputs, *reports, "--expect", job.model_dump_json())
    assert done.returncode == 0
    expected = Predictor(make_network("unet"), SETTINGS, MACHINE).predict_slice(STACK[1].astype(np.float32))
    probability = read_volume(tmp_path / "p.tif")
    assert probability.dtype == np.float32 and probability.shape == STACK.shape
    np.testing.assert_allclose(probability[1], expected.probability, atol=1e-5)
    np.testing.assert_allclose(read_volume(tmp_path / "d.tif")[1], expected.deviation, atol=1e-5)
    with tifffile.TiffFile(tmp_path / "p.tif") as tiff:
        assert tiff.is_imagej and tiff.series[0].axes == "ZYX"
    made = read_provenance(tmp_path / "p.tif")
    assert made["stage"] == "predict" and made["config"]["job"] == job.model_dump()
    assert made["inputs"] == {"checkpoint": sha256(tmp_path / "c.pt"), "volume": sha256(tmp_path / "v.tif")}
    timing = json.loads((tmp_path / "t.json").read_text())
    assert timing["seconds_per_slice"] > 0 and timing["orientations"] == 8 and timing["arithmetic"]["threads"] >= 1
    assert "p.tif: (3, 70, 90) (Z, Y, X), 8 orientations" in (tmp_path / "l.txt").read_text()


def test_only_checkpoint_volume_and_result_need_to_be_named(tmp_path: Path, call, files: list, monkeypatch):
    """Also from another folder than the repository's."""
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("v.tif", STACK[:1, :20, :30], photometric="minisblack")
    assert call("predict", *files[:4], "--probabilities", "p.tif").returncode == 0
    assert read_volume("p.tif").shape == (1, 20, 30)


def test_some_slices(tmp_path: Path, call, files: list):
    assert call("predict", *files, "--probabilities", tmp_path / "all.tif").returncode == 0
    assert call("predict", *files, "--slices", "1-2", "--probabilities", tmp_path / "some.tif").returncode == 0
    np.testing.assert_array_equal(read_volume(tmp_path / "some.tif"), read_volume(tmp_path / "all.tif")[1:])
    done = call("predict", *files, "--slices", "1-3", "--probabilities", tmp_path / "p.tif")
    assert done.returncode == 1 and "has slices 0-2" in done.stderr


def test_the_last_line_is_the_command_that_shows_the_result(tmp_path: Path, call, files: list):
    odd = tmp_path / "two words.tif"
    done = call("predict", *files, "--probabilities", odd, "--slices", "1-2")
    python, script, *words = shlex.split(done.stderr.splitlines()[-1].partition("in a browser: ")[2])
    assert (python, script) == ("python", "scripts/view.py")
    assert call("view", *words).returncode == 0
    page = (tmp_path / "two words.html").read_text(encoding="utf-8")
    assert "slices 1 to 2" in page and "two words.tif" in page


def test_formats_keep_values_and_scale(tmp_path: Path, call, files: list):
    with h5py.File(tmp_path / "cremi.hdf", "w") as file:
        file["volumes/raw"] = STACK
        file["volumes/raw"].attrs["resolution"] = (40.0, 4.0, 4.0)
    files[3] = f"{tmp_path}/cremi.hdf:volumes/raw"
    read = []
    for name, options in (
        ("p.tif", []),
        ("p.zarr", ["--ome-zarr-version", "0.4"]),
        ("p.h5:volumes/p", ["--output-type", "uint8"]),
    ):
        assert call("predict", *files, "--probabilities", f"{tmp_path}/{name}", *options).returncode == 0
        read.append(open_volume(f"{tmp_path}/{name}"))
        assert read[-1].voxel_size_nm == (40.0, 4.0, 4.0)
    np.testing.assert_array_equal(read[0].read_all(), read[1].read_all())
    np.testing.assert_array_equal(np.rint(read[0].read_all() * 255), read[2].read_all())
    assert read[1].ome_version == "0.4"
    files[3] = tmp_path / "p.zarr"  # an OME-Zarr's own version is kept
    assert call("predict", *files, "--probabilities", f"{tmp_path}/again.zarr").returncode == 0
    assert open_volume(tmp_path / "again.zarr").ome_version == "0.4"


def test_shards_and_then_the_result_are_the_bytes_of_one_job(tmp_path: Path, call, files: list):
    outputs = ["--probabilities", tmp_path / "p.tif", "--deviation", tmp_path / "d.tif"]
    assert call("predict", *files, *outputs).returncode == 0
    outputs = ["--probabilities", tmp_path / "p2.tif", "--deviation", tmp_path / "d2.tif"]
    for number in (4, 1, 2, 3):
        done = call("predict", *files, *outputs, "--shard", f"{number}/4")
        assert done.returncode == 0 and f"shard {number}/4 is done" in done.stderr
        assert not (tmp_path / "p2.tif").exists()
    done = call("predict", *files, *outputs, "--log", tmp_path / "l.txt")
    assert done.returncode == 0 and "nothing was left to do" in (tmp_path / "l.txt").read_text()
    assert (tmp_path / "p2.tif").read_bytes() == (tmp_path / "p.tif").read_bytes()
    assert (tmp_path / "d2.tif").read_bytes() == (tmp_path / "d.tif").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("part", [[], ["--shard", "1/1"]])
def test_a_volume_rewritten_meanwhile_is_predicted_from_the_start(
    tmp_path: Path, call, files: list, monkeypatch: pytest.MonkeyPatch, part: list[str]
):
    """Chunks of an earlier content must not stand beside those of a later one."""
    files[3] = tmp_path / "v.zarr"
    array = zarr.create_array(tmp_path / "v.zarr", data=STACK[:, :40, :48], chunks=(1, 40, 48), compressors=None)
    result, predict, calls = tmp_path / "p.tif", Predictor.predict, []

    def killed_at_the_third(predictor: Predictor, window: Window) -> Prediction:
        calls.append(window)
        if len(calls) == 3:
            raise UserError("killed")
        return predict(predictor, window)

    monkeypatch.setattr(Predictor, "predict", killed_at_the_third)
    assert call("predict", *files, *part, "--probabilities", result).returncode == 1
    array[:] = 255 - array[:]  # not compressed: files of the same names and sizes
    done = call("predict", *files, "--probabilities", result)
    assert done.returncode == 0 and "went on after" not in done.stderr
    assert len(calls) == 6, "three slices, each of one chunk"
    call("predict", *files, "--probabilities", tmp_path / "fresh.tif")
    assert result.read_bytes() == (tmp_path / "fresh.tif").read_bytes()


def test_two_runs_refuse_each_other_and_shards_only_their_own(tmp_path: Path, call, files: list):
    result = ["--probabilities", tmp_path / "p.tif"]
    assert call("predict", *files, *result, "--shard", "1/3").returncode == 0
    lock = tmp_path / ".p.tif.part" / "lock"
    with locked_elsewhere(lock, byte=1):  # the first chunk's
        assert call("predict", *files, *result, "--shard", "2/3").returncode == 0
        assert "p.tif: another process is writing it" in refusal(call("predict", *files, *result, "--shard", "1/3"))
        assert "p.tif: another process is writing it" in refusal(call("predict", *files, *result))
        others = refusal(call("predict", *files, *result, "--shard", "3/3", "--output-type", "uint8"))
        assert "from other inputs or settings" in others
    done = call("predict", *files, *result)
    assert done.returncode == 0 and "went on after 8 chunks" in done.stderr


def test_what_neuroglancer_shows_has_a_voxel_size(tmp_path: Path, call, files: list):
    result = ["--probabilities", f"precomputed://{tmp_path}/p"]
    assert "give --voxel-size" in refusal(call("predict", *files, *result))
    assert "expected Z,Y,X in nanometres" in refusal(call("predict", *files, *result, "--voxel-size", "4,4"))
    assert call("predict", *files, *result, "--voxel-size", "50,4,4").returncode == 0
    assert open_volume(tmp_path / "p").voxel_size_nm == (50, 4, 4)
    assert call("predict", *files, "--probabilities", tmp_path / "p.tif").returncode == 0
    np.testing.assert_array_equal(read_volume(tmp_path / "p"), read_volume(tmp_path / "p.tif"))


def test_16_bits_get_a_window_and_it_is_told(tmp_path: Path, call, files: list):
    tifffile.imwrite(tmp_path / "v.tif", STACK.astype(np.uint16) * 16 + 300, photometric="minisblack")
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif")
    assert done.returncode == 0 and "became black to white" in done.stderr
    low, high = read_provenance(tmp_path / "p.tif")["config"]["grey_window"]
    assert abs(low - 300) < 40 and abs(high - 4380) < 40
    done = call("predict", *files, "--grey-window", "300,4380", "--probabilities", tmp_path / "w.tif")
    np.testing.assert_allclose(
        read_volume(tmp_path / "w.tif"),
        [
            Predictor(make_network("unet"), SETTINGS, MACHINE).predict_slice(g.astype(np.float32)).probability
            for g in STACK
        ],
        atol=1e-5,
    )


def test_nan_is_counted_in_the_report(tmp_path: Path, call, files: list):
    stack = STACK.astype(np.float32)
    stack[0, 3, 4:9] = np.nan
    tifffile.imwrite(tmp_path / "v.tif", stack, photometric="minisblack")
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif")
    assert done.returncode == 0 and "5 pixels were not a number and were taken for mid-grey" in done.stderr


def test_a_prediction_that_says_nothing_raises_the_alarm(tmp_path: Path, call, files: list, job: TrainingJob):
    network = make_network("unet")
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.fill_(-9.0)
    save_checkpoint(tmp_path / "c.pt", network, job, {})
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif", "--log", tmp_path / "l.txt")
    assert done.returncode == 0
    assert "WARNING: the prediction says almost nothing" in done.stderr
    assert "WARNING" in (tmp_path / "l.txt").read_text()


def test_a_checkpoint_of_another_job_is_refused(tmp_path: Path, call, files: list, job: TrainingJob):
    other = job.model_copy(update={"seed": 3, "network": ArmSettings(architecture="unet", width=4)})
    message = refusal(
        call("predict", *files, "--probabilities", tmp_path / "p.tif", "--expect", other.model_dump_json())
    )
    assert "predict: unet was trained with {'seed': 0, 'network': {" in message
    assert "the config asks for {'seed': 3, 'network': {" in message and "train it again" in message
    assert not (tmp_path / "p.tif").exists()


def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path, call, files: list):
    result = ["--probabilities", tmp_path / "p.tif"]
    before = sorted(tmp_path.iterdir())
    assert "expected NAME.tif" in refusal(call("predict", *files, "--probabilities", tmp_path / "p.png"))
    assert "expected I/N" in refusal(call("predict", *files, *result, "--shard", "3"))
    assert "LOW,HIGH" in refusal(call("predict", *files, *result, "--grey-window", "3"))
    assert "unknown key 'padding'" in refusal(call("predict", *files, *result, "--config", '{"padding": 3}'))
    files[1] = tmp_path / "none.pt"
    assert "no such checkpoint" in refusal(call("predict", *files, *result))
    assert sorted(tmp_path.iterdir()) == before


def test_rgb_is_refused(tmp_path: Path, call, files: list):
    tifffile.imwrite(tmp_path / "v.tif", np.zeros((2, 16, 16, 3), np.uint8), photometric="rgb")
    assert "RGB" in refusal(call("predict", *files, "--probabilities", tmp_path / "p.tif"))


def test_too_small_a_disk_is_told_first(tmp_path: Path, call, files: list, monkeypatch: pytest.MonkeyPatch):
    free = type("Free", (), {"free": 1000})
    monkeypatch.setattr("fusionnet.volumes.volume.shutil.disk_usage", lambda folder: free)
    message = refusal(call("predict", *files, "--probabilities", tmp_path / "p.tif"))
    assert "0.0 GB are free" in message and "--output-type uint8" in message
    assert not list(tmp_path.glob(".p.tif*"))


def test_it_runs_as_a_command(tmp_path: Path, files: list):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, ROOT / "scripts/predict.py", *files, "--probabilities", tmp_path / "p.tif"]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=True)
    assert "p.tif: (3, 70, 90)" in done.stderr and (tmp_path / "p.tif").exists()


def test_a_window_of_signed_values_is_taken_as_the_warning_writes_it(tmp_path: Path, call, files: list):
    volume = STACK[:, :40, :48].astype(np.int16) - 128
    volume.ravel()[::83] = 30_000
    tifffile.imwrite(tmp_path / "v.tif", volume, photometric="minisblack")
    said = call("predict", *files, "--probabilities", tmp_path / "p.tif").stderr
    [window] = re.findall(r"--grey-window=-\d+,\d+", said)
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif", window)
    assert done.returncode == 0 and "WARNING" not in done.stderr


def test_bright_debris_raises_the_alarm_and_names_the_windows(tmp_path: Path, call, files: list, job: TrainingJob):
    """1.2 % of bright voxels take most of the window: V_rand fell from 0.976 to 0.108 without a word."""
    save_checkpoint(tmp_path / "c.pt", make_network("unet"), job, {"grey_window": [310.0, 4300.0]})
    volume = STACK[:, :40, :48].astype(np.uint16) * 16 + 300
    volume.ravel()[::83] = 60_000
    tifffile.imwrite(tmp_path / "v.tif", volume, photometric="minisblack")
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif", "--log", tmp_path / "l.txt")
    assert done.returncode == 0
    assert re.search(r"WARNING: .*v.tif: 98% .* between 3\d\d and 4\d\d\d, a small part of .* to 60000", done.stderr)
    assert re.search(r"--grey-window=3\d\d,4\d\d\d or with that of the training, 310,4300", done.stderr)
    assert "WARNING" in (tmp_path / "l.txt").read_text()
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif", "--grey-window", "310,4300")
    assert done.returncode == 0 and "WARNING" not in done.stderr


def test_a_volume_at_an_address_is_predicted_as_one_on_a_disk(tmp_path: Path, call, files: list):
    zarr.create_array(tmp_path / "v", data=STACK, chunks=(1, 32, 32)).attrs["resolution"] = [50, 4, 4]
    with serve() as server:
        server.folder = tmp_path
        for name, volume in {"near": tmp_path / "v", "far": f"{server.url}v"}.items():
            files[3] = volume
            assert (
                call("predict", *files, "--slices", "1-1", "--probabilities", tmp_path / f"{name}.tif").returncode == 0
            )
        chunks = [path for path in server.requested if "/c/" in path]
    assert {path.split("/c/")[1][0] for path in chunks} == {"1"} and len(chunks) == len(set(chunks)) == 9
    near, far = (open_volume(tmp_path / f"{name}.tif") for name in ("near", "far"))
    assert near.voxel_size_nm == far.voxel_size_nm == (50, 4, 4)
    np.testing.assert_array_equal(near.read_all(), far.read_all())
    assert read_provenance(tmp_path / "far.tif")["inputs"]["volume"].startswith("metadata:")
    files[3] = "http://127.0.0.1:9/v.zarr"
    done = call("predict", *files, "--probabilities", tmp_path / "p.tif")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "cannot be reached" in done.stderr
