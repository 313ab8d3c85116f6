"""`scripts/augment.py` at the prompt: stacks, contact sheet, exit codes."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from fusionnet.augment.elastic import deform, slice_field
from fusionnet.config.stages import AugmentSection
from fusionnet.errors import UserError
from fusionnet.volumes.stacks import read_provenance, write_volume
from fusionnet.volumes.volume import read_volume

ROOT = Path(__file__).parents[2]
SETTINGS = AugmentSection(
    seed=1,
    elastic_copies=2,
    elastic_grid=12,
    elastic_amplitude_pixels=2.0,
    padding_pixels=16,
    crop_pixels=64,
    orientations=True,
    noise_sigma=0.02,
    contrast_jitter=0.1,
)


@pytest.fixture
def stack(tmp_path: Path) -> np.ndarray:
    volume = np.random.default_rng([1]).integers(0, 256, (2, 72, 80), dtype=np.uint8)
    write_volume(tmp_path / "train-volume.tif", volume, {"grey_window": [310.0, 4300.0]})
    write(tmp_path / "train-labels.tif", np.where(volume > 50, 255, 0).astype(np.uint8))
    return volume


def write(path: Path, stack: np.ndarray) -> None:
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})


def options(folder: Path, settings: AugmentSection) -> list[str]:
    files = {"volume": "train-volume.tif", "labels": "train-labels.tif", "log": "augment.log"}
    files |= {"output-volume": "new/volume.tif", "output-labels": "new/labels.tif", "contact-sheet": "new/sheet.png"}
    return [f"--config={settings.model_dump_json()}"] + [f"--{name}={folder / file}" for name, file in files.items()]


def test_the_copies_and_the_contact_sheet_are_written(stack: np.ndarray, tmp_path: Path) -> None:
    command = [sys.executable, "scripts/augment.py", *options(tmp_path, SETTINGS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    volume, labels = (read_volume(tmp_path / "new" / f"{name}.tif") for name in ("volume", "labels"))
    assert volume.shape == labels.shape == (6, 72, 80)
    assert (volume.dtype, labels.dtype) == (np.uint8, np.uint8)
    np.testing.assert_array_equal(volume[:2], stack)
    np.testing.assert_array_equal(volume[2 * 2 + 1], deform(stack[1], slice_field(SETTINGS, 2, 1, (72, 80))))
    assert np.unique(labels).tolist() == [0, 255]
    made = read_provenance(tmp_path / "new" / "volume.tif")
    assert made["config"] == SETTINGS.model_dump() and made["grey_window"] == [310.0, 4300.0]
    picture = np.asarray(Image.open(tmp_path / "new" / "sheet.png").convert("RGB"))
    assert picture.shape[0] > 800 and picture.std() > 30
    assert "2 elastic copies" in (tmp_path / "augment.log").read_text()


@pytest.fixture
def refusal(stack: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the script in this process, expect a user's error, and return its text."""

    def run(settings: AugmentSection = SETTINGS) -> str:
        monkeypatch.setattr(sys, "argv", ["augment.py", *options(tmp_path, settings)])
        with pytest.raises(UserError) as caught:
            runpy.run_path(str(ROOT / "scripts" / "augment.py"))["main"]()
        assert not (tmp_path / "new").exists()
        return str(caught.value)

    return run


def test_stacks_of_other_shapes_are_refused(refusal: Callable[..., str], tmp_path: Path) -> None:
    write(tmp_path / "train-labels.tif", np.zeros((2, 72, 72), np.uint8))
    assert "(2, 72, 80) but" in refusal()


def test_a_crop_larger_than_the_stack_is_refused(refusal: Callable[..., str]) -> None:
    assert "augment.crop_pixels is 128" in refusal(SETTINGS.model_copy(update={"crop_pixels": 128}))


def test_grey_values_of_16_bits_are_refused(refusal: Callable[..., str], stack: np.ndarray, tmp_path: Path) -> None:
    write(tmp_path / "train-volume.tif", stack.astype(np.uint16) * 100)
    assert "uint16, expected uint8" in refusal()
