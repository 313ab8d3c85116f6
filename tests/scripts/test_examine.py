"""scripts/examine.py at the prompt."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.errors import run
from fusionnet.volumes.volume import read_labels

SCRIPT = Path(__file__).parents[2] / "scripts/examine.py"


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    spec = importlib.util.spec_from_file_location("examine", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def call(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
        try:
            run(script.main)
        except SystemExit as end:
            return int(end.code)
        return 0

    return call


@pytest.fixture
def stacks(tmp_path: Path) -> tuple[Path, Path]:
    """A volume that is inverted, and labels that were a JPEG."""
    volume, labels = draw_phantom(5, 6, 128)
    damaged = np.clip(labels + np.random.default_rng(0).normal(0, 6, labels.shape), 0, 255).astype(np.uint8)
    for name, stack in (("v.tif", 255 - volume), ("l.tif", damaged)):
        tifffile.imwrite(tmp_path / name, stack, photometric="minisblack")
    return tmp_path / "v.tif", tmp_path / "l.tif"


def test_findings_are_told_with_what_to_do(stacks, examine, capsys: pytest.CaptureFixture):
    volume, labels = stacks
    assert examine("--volume", volume, "--labels", labels) == 0
    told = capsys.readouterr().out
    assert "ok    6 slices of 128 x 128 pixels (Z, Y, X)" in told
    assert "mend  thin lines are bright" in told and "-> invert it" in told
    assert "a lossy copy" in told and "-> get a lossless copy" in told
    assert "ok    no section of 6 is missing" in told


def test_the_picture_and_the_mended_labels(tmp_path: Path, stacks, examine):
    volume, labels = stacks
    upright = tmp_path / "upright.tif"
    tifffile.imwrite(upright, 255 - tifffile.imread(volume), photometric="minisblack")
    outputs = ["--figure", tmp_path / "f.png", "--mended-labels", tmp_path / "mended.tif"]
    assert examine("--volume", upright, "--labels", labels, *outputs) == 0
    truth = draw_phantom(5, 6, 128)[1] > 0
    assert (read_labels(tmp_path / "mended.tif") == truth).mean() > 0.999
    assert (tmp_path / "f.png").stat().st_size > 10_000


def test_what_cannot_be_mended_is_told(tmp_path: Path, stacks, examine, capsys: pytest.CaptureFixture):
    volume, _ = stacks
    assert examine("--volume", volume, "--mended-labels", tmp_path / "m.tif") == 1
    assert "needs --labels" in capsys.readouterr().err
    tifffile.imwrite(tmp_path / "blank.tif", np.zeros((6, 128, 128), np.uint8), photometric="minisblack")
    assert examine("--volume", volume, "--labels", tmp_path / "blank.tif", "--mended-labels", tmp_path / "m.tif") == 1
    assert "cannot be mended: all labels are 0" in capsys.readouterr().err
    assert examine("--volume", tmp_path / "none.tif") == 1
    assert "no such file" in capsys.readouterr().err
