"""The profile for Slurm on a real Slurm of two nodes, which these tests start and stop: `make test-slurm`."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tifffile
from networks import make_network
from slurm_cluster import NODES, Cluster, what_is_missing
from small_project import ROOT, command_in, copy_project, edit_yaml

from fusionnet.config.experiment import load
from fusionnet.config.reading import read_yaml
from fusionnet.files import sha256
from fusionnet.models.checkpoints import save_checkpoint

MISSING = what_is_missing()
if find_spec("snakemake_executor_plugin_slurm") is None:
    MISSING = "Snakemake's plugin for Slurm is not installed: pip install -e '.[slurm]'"
pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

PROFILE = "workflow/profiles/slurm/config.yaml"
CHECKPOINT = "results/phantom/replicates/unet/test/seed-0/checkpoint.pt"
DEADLINE = 1200.0  # seconds; other work may share the machine
# This Slurm keeps no accounts. One thread, since their number decides the last bits.
SNAKEMAKE = (
    "snakemake --workflow-profile workflow/profiles/slurm --slurm-status-command squeue --slurm-no-account"
    " --slurm-init-seconds-before-status-checks 2 --set-threads train=1 predict=1 predict_shard=1 predict_whole=1 "
)
LOCALLY = "snakemake --cores 2 --resources gpu=1 --set-threads train=1 predict=1 predict_shard=1 predict_whole=1 "
# Before its work, a script in the copy says as which job it runs, on which node and with which GPU. How fast a machine
# is decides no test: where one needs two jobs at once or a job that lasts, the job itself waits for the event.
NOTE = """
import os
import time

STAGE = Path(__file__).stem


def starts(stage):
    return sum(line.startswith(f"{stage} ") for line in Path("ran.txt").read_text().splitlines())


def wait_until(condition):
    while not condition():
        time.sleep(0.1)


with Path("ran.txt").open("a") as file:
    names = ["SLURM_JOB_ID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES"]
    print(STAGE, *(os.environ.get(name, "-") for name in names), file=file)
"""
TWO_AT_ONCE = "wait_until(lambda: starts(STAGE) >= 2)"
UNTIL_ASKED_TO_STOP = "training.step == 20 and wait_until(stop.asked)"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project whose networks were trained here, without Slurm."""
    folder = copy_project(tmp_path_factory.mktemp("whole"))
    edit_yaml(folder / "config/config.yaml", {"train": {"epochs": 4, "steps_per_epoch": 10}})
    command_in(folder)(LOCALLY + "--until train")
    return folder


@pytest.fixture
def project(whole: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that copies the project up to its training.

    `at_start` is what a job that holds a GPU does first, `after_each_step` what a training does then.
    """

    def make(at_start: str = "", after_each_step: str = "False") -> Path:
        folder = tmp_path / "project"
        shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("results", "work"))
        for script in ("train.py", "predict.py"):
            path = folder / "scripts" / script
            text = path.read_text().replace("stop.asked,", f"lambda: {after_each_step} or stop.asked(),")
            main = '\nif __name__ == "__main__"'
            path.write_text(text.replace(main, f"{NOTE}{at_start}\n\n{main}"))
        return folder

    return make


def start(project: Path, cluster: Cluster, line: str) -> subprocess.Popen[str]:
    environment = cluster.environment | {"PYTHONPATH": str(project), "OMP_WAIT_POLICY": "passive"}
    output = (project / "snakemake.txt").open("w")
    return subprocess.Popen(["bash", "-c", line], cwd=project, env=environment, stdout=output, stderr=output)


def finish(project: Path, cluster: Cluster, process: subprocess.Popen[str]) -> str:
    """Wait for Snakemake, and return what it printed."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(DEADLINE)
    process.kill()
    output = (project / "snakemake.txt").read_text()
    if process.wait():
        logs = [log.read_text() for log in (project / ".snakemake/slurm_logs").rglob("*.log")]
        state = cluster.state()
        cluster.run("scancel", "--user=root")  # the next test finds free nodes
        pytest.fail("\n".join([output, *logs, state]))
    return output


def jobs(project: Path, stage: str) -> list[tuple[str, str, str]]:
    """Return for each start of a stage's script the job, the node and the visible GPUs."""
    lines = [line.split() for line in (project / "ran.txt").read_text().splitlines()]
    return [(line[1], line[2], line[3]) for line in lines if line[0] == stage]


def test_each_training_asks_for_one_gpu_and_both_run_at_once_to_the_bytes_of_one_machine(whole, project, cluster):
    folder = project(at_start=TWO_AT_ONCE)
    output = finish(folder, cluster, start(folder, cluster, SNAKEMAKE))
    trainings = jobs(folder, "train")
    assert sorted(node for _, node, _ in trainings) == list(NODES)
    assert all(gpus == "0" for _, _, gpus in trainings)  # the first, and only, of its node
    described = [cluster.run("scontrol", "show", "job", "--oneliner", job) for job, _, _ in trainings]
    assert all("TresPerJob=gres:gpu:1" in text and "TimeLimit=04:00:00" in text for text in described)
    times = [re.search(r"StartTime=(\S+) EndTime=(\S+)", text).groups() for text in described]
    assert max(begin for begin, _ in times) < min(end for _, end in times)
    assert sha256(folder / CHECKPOINT) == sha256(whole / CHECKPOINT)
    assert (folder / "results/phantom/report/scores.png").is_file()
    assert "Traceback" not in output
    plain = cluster.run("squeue", "--states=all", "--noheader", "--format=%k %b")
    assert re.search(r"rule_evaluate\S* N/A", plain), plain


def test_the_need_of_gpu_memory_is_passed_on(project, cluster):
    folder = project()
    train = read_yaml(folder / PROFILE)["set-resources"]["train"]
    assert train["gpu_memory_gb"] == 8
    edit_yaml(folder / PROFILE, {"set-resources": {"train": {"gres": "gpumem:8G"}}})
    finish(folder, cluster, start(folder, cluster, SNAKEMAKE + "-- " + CHECKPOINT))
    ((job, _, _),) = jobs(folder, "train")
    assert "TresPerNode=gres:gpumem:8G" in cluster.run("scontrol", "show", "job", "--oneliner", job)


def test_a_training_past_its_time_saves_and_is_submitted_again_to_the_same_bytes(whole, project, cluster):
    folder = project(after_each_step=UNTIL_ASKED_TO_STOP)
    # Slurm sends the signal of the profile, due 2 minutes before the end, half a minute early at the most.
    limit = "--set-resources train:runtime=4 -- "
    output = finish(folder, cluster, start(folder, cluster, SNAKEMAKE + limit + CHECKPOINT))
    submissions = {job for job, _, _ in jobs(folder, "train")}
    assert len(submissions) >= 2 and "Trying to restart job" in output
    assert "stopped at step 20;" in output
    assert "going on from step" in (folder / "logs/phantom/unet/test/seed-0/train.log").read_text()
    assert sha256(folder / CHECKPOINT) == sha256(whole / CHECKPOINT)


def test_the_job_of_a_node_that_fails_is_run_again_to_the_same_bytes(whole, project, cluster):
    folder = project(after_each_step=f'starts("train") == 1 and {UNTIL_ASKED_TO_STOP}')
    rules = folder / "workflow/rules/train.smk"
    rules.write_text(
        rules.read_text().replace("scripts/train.py --config", "scripts/train.py --save-every-seconds 0 --config")
    )
    process = start(folder, cluster, SNAKEMAKE + "-- " + CHECKPOINT)
    deadline = time.monotonic() + DEADLINE
    while not list(folder.glob("work/phantom/unet/test/seed-0/state-*.pt")):
        assert process.poll() is None and time.monotonic() < deadline, (folder / "snakemake.txt").read_text()
        time.sleep(0.1)
    ((job, node, _),) = jobs(folder, "train")
    cluster.kill_node(node)
    try:
        finish(folder, cluster, process)
    finally:
        cluster.start_node(node)
    again = jobs(folder, "train")
    assert [name for name, _, _ in again] == [job, job] and again[1][1] != node
    assert "Restarts=1" in cluster.run("scontrol", "show", "job", "--oneliner", job)
    assert sha256(folder / CHECKPOINT) == sha256(whole / CHECKPOINT)


def test_the_chunks_of_a_volume_are_spread_over_jobs(whole, project, cluster, monkeypatch):
    folder = project(at_start=TWO_AT_ONCE)
    monkeypatch.chdir(ROOT)
    job = load("phantom").training_job("unet", "test", 0)
    job = job.model_copy(update={"network": job.network.model_copy(update={"width": 2})})
    save_checkpoint(folder / "c.pt", make_network("unet"), job, {})
    stack = np.random.default_rng(0).integers(0, 256, (6, 40, 48), dtype=np.uint8)
    tifffile.imwrite(folder / "v.tif", stack, photometric="minisblack")
    command_in(folder)(
        f"OMP_NUM_THREADS=1 python {ROOT}/scripts/predict.py --checkpoint c.pt --volume v.tif --probabilities one.tif"
    )
    volume = "-s workflow/volume.smk --config checkpoint=c.pt volume=v.tif probabilities=many.tif shards=4"
    finish(folder, cluster, start(folder, cluster, SNAKEMAKE + volume))
    jobs_of_volume = jobs(folder, "predict")  # four shards, and the result of them
    assert len({name for name, _, _ in jobs_of_volume}) == 5 and {node for _, node, _ in jobs_of_volume} == set(NODES)
    assert (folder / "many.tif").read_bytes() == (folder / "one.tif").read_bytes()
