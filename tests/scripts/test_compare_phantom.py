"""The script that holds the phantom against a real stack: a picture, a table, and one line for a mistake."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

ROOT = Path(__file__).parents[2]


def compare(*arguments):
    command = [sys.executable, ROOT / "scripts/compare_phantom.py", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_picture_and_table(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (2, 256, 300), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "grey.tif", grey)
    tifffile.imwrite(tmp_path / "labels.tif", (grey > 60).astype(np.uint8) * 255)
    stacks = ("--isbi", tmp_path / "grey.tif", "--isbi-labels", tmp_path / "labels.tif")
    done = compare(*stacks, "--picture", tmp_path / "out.png", "--slices", 2)
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines()]
    assert rows[2][0] == "| mean grey level"
    assert rows[2][2] == f"{grey.mean():.0f} |"
    assert all(len(row) == 3 for row in rows[2:])
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (4 * 256 + 3 * 6, 2 * 256 + 6)


def test_small_sections_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((2, 64, 64), np.uint8))
    stacks = ("--isbi", tmp_path / "grey.tif", "--isbi-labels", tmp_path / "grey.tif")
    done = compare(*stacks, "--picture", tmp_path / "out.png")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "expected at least 256" in done.stderr
    assert not (tmp_path / "out.png").exists()
