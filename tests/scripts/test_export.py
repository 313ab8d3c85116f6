"""scripts/export.py at the prompt."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from networks import make_network

from fusionnet.config.experiment import load
from fusionnet.errors import run
from fusionnet.models.checkpoints import save_checkpoint

ROOT = Path(__file__).parents[2]


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(ROOT)
    save_checkpoint(
        tmp_path / "c.pt", make_network("unet", width=8), load("phantom").training_job("unet", "test", 0), {}
    )
    spec = importlib.util.spec_from_file_location("export", ROOT / "scripts/export.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def call(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["export.py", "--checkpoint", str(tmp_path / "c.pt"), *map(str, arguments)])
        try:
            run(script.main)
        except SystemExit as end:
            return int(end.code)
        return 0

    return call


def test_both_files_are_written(tmp_path: Path, export):
    pytest.importorskip("bioimageio.core")
    volume = np.random.default_rng(0).integers(0, 4096, (2, 330, 300), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "v.tif", volume, photometric="minisblack")
    package = ["--bioimageio", tmp_path / "m.zip", "--example", tmp_path / "v.tif", "--author", "A. Person"]
    assert export("--onnx", tmp_path / "m.onnx", *package) == 0
    assert (tmp_path / "m.onnx").stat().st_size > 100_000 and (tmp_path / "m.zip").stat().st_size > 100_000


def test_what_is_missing_is_named(tmp_path: Path, export, capsys: pytest.CaptureFixture):
    assert export() == 1 and "name --onnx, --bioimageio or both" in capsys.readouterr().err
    assert export("--bioimageio", tmp_path / "m.zip") == 1
    assert "needs --example VOLUME and --author NAME" in capsys.readouterr().err
