"""`torch.compile` where the run is long enough to repay it, and a message where it cannot work."""

import os
import shutil
from collections.abc import Callable

import torch

from fusionnet.config.stages import TrainingJob
from fusionnet.devices import Machine
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.cost import network_cost

# Floating-point operations of a whole training from which compiling repays its start; `benchmarks/training.py`.
REPAID_FROM = {"cpu": 2e15, "cuda": 2e15}


def compiled(
    network: SegmentationNetwork, job: TrainingJob, machine: Machine, say: Callable[[str], None]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network's forward pass, compiled or as it is.

    The decision depends on the job and the machine, not on how much of the job is left: a resumed training must
    compute as the first part did.

    Args:
        network: On its device.
        job: ``train.compile`` decides; ``auto`` compiles long trainings.
        machine: Its device.
        say: Told when compiling is wanted and cannot be had.
    """
    wanted = job.train.compile
    if wanted == "never" or (wanted == "auto" and not repays(job, machine.device.type)):
        return network
    if machine.device.type == "cpu" and not has_compiler():
        say("train.compile: no C++ compiler (g++, clang++ or $CXX) is here; training goes on without, somewhat slower")
        return network
    # Each size of a batch has code of its own, so that it does not matter which sizes a process has seen before.
    return torch.compile(network, dynamic=False)


def repays(job: TrainingJob, device: str) -> bool:
    """Return whether a training is long enough for compiling to save more time than it takes."""
    settings = job.train
    forward = network_cost(job.network, job.augment.crop_pixels).flops
    # Both gradients, of weights and of inputs, cost about as much as the forward pass.
    return 3 * forward * settings.batch_size * settings.steps >= REPAID_FROM[device]


def has_compiler() -> bool:
    """Return whether `torch.compile` finds the C++ compiler that it needs on a CPU."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "g++", "clang++"))
