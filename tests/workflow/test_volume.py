"""workflow/volume.smk: one volume, many jobs, the bytes of one."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from networks import make_network
from small_project import command_in, copy_project, edit_yaml, jobs_to_run

from fusionnet.config.experiment import load
from fusionnet.models.checkpoints import save_checkpoint

ROOT = Path(__file__).parents[2]


ALL = {"predict_shard": 2, "predict_whole": 1}
MANY = "snakemake -s workflow/volume.smk --cores 2 --resources gpu=1 --config volume=v.tif shards=2"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project with a network `c.pt` and a volume `v.tif`."""
    monkeypatch.chdir(ROOT)
    job = load("phantom").training_job("unet", "test", 0)
    job = job.model_copy(update={"network": job.network.model_copy(update={"width": 2})})
    folder = copy_project(tmp_path / "project")
    save_checkpoint(folder / "c.pt", make_network("unet"), job, {})
    stack = np.random.default_rng(0).integers(0, 256, (3, 40, 48), dtype=np.uint8)
    tifffile.imwrite(folder / "v.tif", stack, photometric="minisblack")
    return folder


def test_the_result_is_that_of_one_job_and_a_mistake_is_named(project: Path):
    run = command_in(project)
    # With as many threads as Snakemake gives a job: sums over another number are rounded otherwise.
    run("OMP_NUM_THREADS=2 python scripts/predict.py --checkpoint c.pt --volume v.tif --probabilities one.tif")
    many = f"{MANY} checkpoint=c.pt"
    done = run(f"{many} probabilites=many.tif", succeeds=False)
    assert done.returncode == 1 and "unknown key 'probabilites' (did you mean 'probabilities'?)" in done.stdout
    seen = run(f"{many} probabilities=many.tif").stdout
    assert "3 jobs: 2 predict_shard, predict_whole" in seen and "[1/3] predict_shard: shard " in seen
    assert "Result: many.tif" in seen and "input:" not in seen, "as the experiments show it"
    assert (project / "many.tif").read_bytes() == (project / "one.tif").read_bytes()
    assert not (project / "many.tif.shards").exists() and not (project / ".many.tif.part").exists()
    assert "Nothing to be done" in run(f"{many} probabilities=many.tif --dry-run").stdout
    tifffile.imwrite(project / "v.tif", 255 - tifffile.imread(project / "v.tif"), photometric="minisblack")
    os.utime(project / "v.tif", ns=(1, 1))
    again = run(f"{many} probabilities=many.tif --dry-run").stdout
    assert jobs_to_run(again) == ALL, "replaced by an older file"
    with (project / "fusionnet/workflow/volume_job.py").open("a") as file:
        file.write("raise RuntimeError('of this checkout')\n")
    other = run(f"env -u PYTHONPATH {many} probabilities=many.tif --dry-run", succeeds=False)
    assert "of this checkout" in other.stdout, "not the code that is installed"


def test_a_result_of_other_settings_is_made_anew_and_one_of_unknown_making_is_refused(project: Path):
    run = command_in(project)
    many = f"{MANY} checkpoint=c.pt deviation=d.tif probabilities=p.zarr"
    run(many)
    assert read_settings(project / "p.zarr")["orientation_average"] is True
    assert "Nothing to be done" in run(f"{many} --dry-run").stdout
    edit_yaml(project / "config/config.yaml", {"predict": {"orientation_average": False}})
    assert jobs_to_run(run(f"{many} --dry-run").stdout) == ALL
    run(many)
    assert read_settings(project / "p.zarr")["orientation_average"] is False
    packaged = f"{MANY} checkpoint=fusionnet-isbi2012"
    assert jobs_to_run(run(f"{packaged} deviation=d.tif probabilities=p.zarr --dry-run").stdout) == ALL
    run("python scripts/predict.py --checkpoint c.pt --volume v.tif --probabilities p.zarr")
    refused = run(f"{many} --dry-run", succeeds=False)
    assert refused.returncode == 1 and "p.zarr: is there, and not as a run of this workflow" in refused.stdout
    (project / "own.h5").write_text("labels")
    refused = run(f"{packaged} probabilities=own.h5:prob", succeeds=False)
    assert refused.returncode == 1 and "own.h5: is there" in refused.stdout
    assert (project / "own.h5").read_text() == "labels"


def read_settings(image: Path) -> dict:
    return json.loads((image / "zarr.json").read_text())["attributes"]["fusionnet"]["config"]["predict"]
