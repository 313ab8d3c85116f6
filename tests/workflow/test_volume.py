"""workflow/volume.smk: one volume, many jobs, the bytes of one."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from networks import make_network
from small_project import command_in, copy_project, jobs_to_run

from fusionnet.config.experiment import load
from fusionnet.models.checkpoints import save_checkpoint

ROOT = Path(__file__).parents[2]


def test_the_result_is_that_of_one_job_and_a_mistake_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    job = load("phantom").training_job("unet", "test", 0)
    job = job.model_copy(update={"network": job.network.model_copy(update={"width": 2})})
    project = copy_project(tmp_path / "project")
    save_checkpoint(project / "c.pt", make_network("unet"), job, {})
    stack = np.random.default_rng(0).integers(0, 256, (3, 40, 48), dtype=np.uint8)
    tifffile.imwrite(project / "v.tif", stack, photometric="minisblack")
    run = command_in(project)
    # With as many threads as Snakemake gives a job: sums over another number are rounded otherwise.
    run("OMP_NUM_THREADS=2 python scripts/predict.py --checkpoint c.pt --volume v.tif --probabilities one.tif")
    many = "snakemake -s workflow/volume.smk --cores 2 --resources gpu=1 --config checkpoint=c.pt volume=v.tif shards=2"
    done = run(f"{many} probabilites=many.tif", succeeds=False)
    assert done.returncode == 1 and "unknown key 'probabilites' (did you mean 'probabilities'?)" in done.stdout
    seen = run(f"{many} probabilities=many.tif").stdout
    assert "3 jobs: 2 predict_shard, predict_whole" in seen and "[1/3] predict_shard: shard " in seen
    assert "Result: many.tif" in seen and "input:" not in seen, "as the experiments show it"
    assert (project / "many.tif").read_bytes() == (project / "one.tif").read_bytes()
    assert not (project / "many.tif.shards").exists() and not (project / ".many.tif.part").exists()
    assert "Nothing to be done" in run(f"{many} probabilities=many.tif --dry-run").stdout
    tifffile.imwrite(project / "v.tif", 255 - stack, photometric="minisblack")
    os.utime(project / "v.tif", ns=(1, 1))
    again = run(f"{many} probabilities=many.tif --dry-run").stdout
    assert jobs_to_run(again) == {"predict_shard": 2, "predict_whole": 1}, "replaced by an older file"
    with (project / "fusionnet/workflow/volume_job.py").open("a") as file:
        file.write("raise RuntimeError('of this checkout')\n")
    other = run(f"env -u PYTHONPATH {many} probabilities=many.tif --dry-run", succeeds=False)
    assert "of this checkout" in other.stdout, "not the code that is installed"
