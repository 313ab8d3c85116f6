import subprocess
import sys
from pathlib import Path

import numpy as np
from fake_results import cell_labels, write_results
from PIL import Image


def test_it_draws_the_arms_that_it_is_given(tmp_path: Path) -> None:
    labels = cell_labels(2, 64, np.random.default_rng(0), cells=8)
    arms = {"fusionnet-1-slice": 9, "fusionnet-2-slices": 4, "unet-1-slice": 9}
    job = write_results(tmp_path / "results", tmp_path / "raw", labels, arms, ("0-1",))
    words = ["--config", job.model_dump_json(), "--results", tmp_path / "results", "--figure", tmp_path / "curve.png"]
    command = [sys.executable, "scripts/report_annotation.py", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"report_annotation: {tmp_path / 'curve.png'}: 6 replicates of 3 arms\n"
    with Image.open(tmp_path / "curve.png") as image:
        assert image.width == 1350
