"""Every shipped experiment can be planned; the paper's, which needs a GPU for its length, takes its first steps."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from small_project import command_in

from fusionnet.config.experiment import experiments, load
from fusionnet.devices import Machine
from fusionnet.models.cost import network_cost
from fusionnet.train.batches import Steps
from fusionnet.train.loop import Training


def test_every_experiment_is_planned(finished: Path):
    names = experiments()
    assert {"isbi2012", "isbi2012-ablations", "isbi2012-paper", "annotation-budget", "isbi2012-submission"} <= set(
        names
    )
    plan = command_in(finished)(f"snakemake --dry-run --quiet host -- {' '.join(names)}").stdout
    jobs = {rule: int(count) for rule, count in re.findall(r"^([\w-]+) +(\d+)$", plan, flags=re.M)}
    trainings = sum(len(c.arms) * len(c.folds) * len(c.seeds) for c in map(load, set(names) - {"phantom"}))
    assert jobs["train"] == jobs["predict"] == trainings
    assert jobs["submit"] == len(load("isbi2012-submission").arms)
    assert jobs["evaluate"] == trainings - 4, "the challenge's test stack has no truth here, and is not scored"


@pytest.mark.parametrize(
    ("experiment", "arm", "measure", "apart"),
    [
        ("isbi2012", "unet-matched", "parameters", 0.10),
        ("isbi2012", "unet-matched", "flops", 0.10),
        ("isbi2012-paper", "unet-matched", "parameters", 0.02),
        ("isbi2012-paper", "unet-flops", "flops", 0.01),
    ],
)
def test_networks_that_are_to_match_do(experiment: str, arm: str, measure: str, apart: float):
    network = load(experiment).network
    ours, other = (getattr(network_cost(network[name], side_pixels=64), measure) for name in ("fusionnet", arm))
    assert other == pytest.approx(ours, rel=apart)


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["fusionnet", "unet"])
def test_the_papers_experiment_takes_its_first_steps(arm: str):
    """Width 64 and 640 x 640 pixels; one sample instead of a batch, so that 8 GB are enough."""
    config = load("isbi2012-paper")
    job = config.training_job(arm, config.folds[0], 0)
    length = {"batch_size": 1, "epochs": 1, "steps_per_epoch": 2, "compile": "never", "learning_rate": 2e-4}
    job = job.model_copy(update={"train": job.train.model_copy(update=length)})
    assert job.network.width == 64 and job.augment.crop_pixels == 640 and job.train.optimizer == "adam"
    rng = np.random.default_rng(0)
    copies = job.augment.elastic_copies + 1
    volume = rng.integers(0, 256, (copies, 512, 512), dtype=np.uint8)
    steps = Steps(job, volume, (volume > 60).astype(np.uint8), [0])
    training = Training.begin(job, Machine(torch.device("cpu"), torch.float32, torch.get_num_threads()))
    for step in range(2):
        batch = steps[step]
        assert batch.images.shape == (1, 1, 640, 640)
        training.take_step(batch.to(torch.device("cpu")))
    assert np.isfinite(training.losses.last(training.step))
