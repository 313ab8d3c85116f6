"""The benchmark of neurons in three dimensions runs, on something small."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import make_network
from PIL import Image

from fusionnet.config.experiment import load
from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[2]


def test_each_way_gets_its_scores_and_the_figure_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    seed = int(np.random.SeedSequence([2016, 0]).generate_state(1)[0])  # as the experiment draws its training stack
    for name, stack in zip(("volume", "labels"), draw_phantom(seed, 8, 96), strict=True):
        write_volume(tmp_path / f"train-{name}.tif", stack, {})
    job = load("phantom").training_job("unet", "test", 0)
    folder = tmp_path / "unet/test/seed-0"
    folder.mkdir(parents=True)
    save_checkpoint(folder / "checkpoint.pt", make_network("unet", width=job.network.width), job, {})
    files = ["--raw", tmp_path, "--replicates", tmp_path, "--table", tmp_path / "t.csv", "--figure", tmp_path / "f.png"]
    for seeds in (["3"], ["3", "4"]):  # what is in the table is not scored again
        command = ["neurons.py", *map(str, files), "--arms", "unet", "--slices", "3", "--seeds", *seeds]
        monkeypatch.setattr(sys, "argv", command)
        runpy.run_path(str(ROOT / "benchmarks/neurons.py"), run_name="__main__")
    table = pd.read_csv(tmp_path / "t.csv")
    ways = ["threshold", "linkage", "learned edges", "learned edges, linked by the truth"]
    assert table["way"].tolist() == 2 * ways and table["seed"].tolist() == [3] * 4 + [4] * 4
    assert table.groupby("way")["level"].nunique().max() == 1, "levels are those of the training slices"
    assert table["adapted_rand_error"].between(0, 1).all() and (table["voi"] >= 0).all()
    assert Image.open(tmp_path / "f.png").size[0] == 1350
