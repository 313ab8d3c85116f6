"""`scripts/download.py` at the prompt: files, report and exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile

from fusionnet.volumes.volume import read_volume

ROOT = Path(__file__).parents[2]


PHANTOM = {"seed": 2016, "train_slices": 3, "test_slices": 2, "size_pixels": 64}
SECTION = {"dataset": "isbi2012", "mirror": None, "phantom": PHANTOM} | dict.fromkeys(
    ("volume", "labels", "test_volume", "test_labels")
)


def download(section: dict, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "scripts/download.py",
        "--config",
        json.dumps(SECTION | section),
        "--output-folder",
        str(folder),
    ]
    command += ["--log", str(folder.parent / "download.log"), "--cache-folder", str(folder.parent / "cache")]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_own_stacks_are_written_and_reported(tmp_path: Path) -> None:
    volume = np.random.default_rng([4, 0]).integers(0, 256, (2, 12, 12), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "raw.tif", volume, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "truth.tif", (volume > 99).astype(np.uint8), imagej=True, metadata={"axes": "ZYX"})
    section = {"dataset": "files", "volume": str(tmp_path / "raw.tif"), "labels": str(tmp_path / "truth.tif")}
    done = download(section, tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(read_volume(tmp_path / "mine" / "train-volume.tif"), volume)
    assert "(2, 12, 12)" in (tmp_path / "download.log").read_text()


def test_a_mirror_without_the_files_ends_in_one_line(tmp_path: Path) -> None:
    done = download({"dataset": "isbi2012"}, tmp_path / "isbi2012", FUSIONNET_MIRROR=str(tmp_path / "empty"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    for part in ("isbi2012/test/0.png", "no such file", "SHA-256", "FUSIONNET_MIRROR=FOLDER"):
        assert part in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["download.log"]
    assert (tmp_path / "download.log").read_text() == done.stderr


def test_a_misspelt_key_is_named(tmp_path: Path) -> None:
    done = download({"mirrow": None}, tmp_path / "isbi2012")
    assert done.returncode == 1
    assert "unknown key 'mirrow' (did you mean 'mirror'?)" in done.stderr
