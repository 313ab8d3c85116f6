"""With the overlay of config/README.md, raw.tif and labels.tif become training, scores and figures."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image
from small_project import ROOT, command_in, copy_project, jobs_to_run

from fusionnet.download.phantom.draw import draw_phantom

pytestmark = pytest.mark.slow


def test_ten_lines_are_enough(tmp_path: Path):
    folder = copy_project(tmp_path / "project")
    volume, labels = draw_phantom(1, 20, 96)
    tifffile.imwrite(tmp_path / "raw.tif", volume.astype(np.uint16) * 200)  # as many microscopes store it
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    page = (ROOT / "config/README.md").read_text(encoding="utf-8")
    overlay = re.search(r"## Your own data.*?```yaml\n(.*?)```", page, flags=re.S)[1]
    assert len(overlay.splitlines()) <= 10
    (folder / "config/experiments/mine.yaml").write_text(overlay.replace("/data/mine", str(tmp_path)))
    run = command_in(folder)
    command = re.search(r"`(snakemake mine [^`]*)`", page)[1]
    run(command)
    report = folder / "results/mine/report"
    assert {path.name for path in report.glob("*.png")} >= {"scores.png", "segmentations.png", "training.png"}
    assert "FusionNet" in (report / "verdict.md").read_text()
    assert "Nothing to be done" in run(command).stdout
    script = re.search(r"```sh\n(python scripts/predict.py.*?)```", page, flags=re.S)[1]
    tifffile.imwrite(folder / "big.tif", volume[:3], photometric="minisblack")
    run(script)
    probabilities = tifffile.imread(folder / "big-probabilities.tif")
    assert probabilities.shape == (3, 96, 96)
    assert yaml.safe_load(overlay)["folds"] == ["16-19"]


def test_labels_corrected_in_place_are_read_again(tmp_path: Path):
    """A folder's time stays, and a file may be replaced by an older one."""
    folder = copy_project(tmp_path / "project")
    volume, labels = draw_phantom(1, 6, 64)
    (tmp_path / "labels").mkdir()
    for z, slice_ in enumerate(labels):
        Image.fromarray(slice_).save(tmp_path / f"labels/{z}.png")
    tifffile.imwrite(tmp_path / "raw.tif", volume)
    own = {"dataset": "files", "volume": str(tmp_path / "raw.tif"), "labels": str(tmp_path / "labels")}
    (folder / "config/experiments/mine.yaml").write_text(yaml.safe_dump({"folds": ["4-5"], "download": own}))
    run = command_in(folder)
    target = "snakemake --cores 1 data/raw/mine/ORIGIN.json"
    run(target)
    assert "Nothing to be done" in run(f"{target} --dry-run").stdout
    corrected = labels[2].copy()
    corrected[:8] = 0
    Image.fromarray(corrected).save(tmp_path / "labels/2.png")
    os.utime(tmp_path / "labels/2.png", ns=(1, 1))
    run(target)
    np.testing.assert_array_equal(tifffile.imread(folder / "data/raw/mine/train-labels.tif")[2], corrected)
    os.utime(tmp_path / "raw.tif", ns=(1, 1))
    assert jobs_to_run(run(f"{target} --dry-run").stdout) == {"download_mine": 1}
