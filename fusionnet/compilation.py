"""`torch.compile` where the run is long enough to repay it, and a message where it cannot work."""

import os
import shutil
from collections.abc import Callable

import torch

from fusionnet.config import TrainingJob
from fusionnet.devices import Machine
from fusionnet.models import SegmentationNetwork

# Multiplications and additions of a whole training from which compiling repays its start; `benchmarks/training.py`.
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
    if wanted == "never" or (wanted == "auto" and not repays(network, job, machine.device.type)):
        return network
    if machine.device.type == "cpu" and not has_compiler():
        say("train.compile: no C++ compiler (g++, clang++ or $CXX) is here; training goes on without, somewhat slower")
        return network
    return torch.compile(network)


def repays(network: torch.nn.Module, job: TrainingJob, device: str) -> bool:
    """Return whether a training is long enough for compiling to save more time than it takes."""
    settings = job.train
    pixels = settings.steps * settings.batch_size * job.augment.crop_pixels**2
    return 3 * pixels * operations_per_pixel(network) >= REPAID_FROM[device]


def operations_per_pixel(network: torch.nn.Module) -> float:
    """Return a network's multiply-adds per pixel of its input, measured on 64 x 64 pixels by hooks."""
    side, total = 64, 0.0

    def count(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        pixels = inputs[0] if isinstance(layer, torch.nn.ConvTranspose2d) else output
        total += layer.weight.numel() * pixels.shape[-1] * pixels.shape[-2]  # type: ignore[operator, union-attr]

    kinds = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
    hooks = [layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, kinds)]
    parameter = next(network.parameters())
    training = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, 1, side, side, device=parameter.device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return total / side**2


def has_compiler() -> bool:
    """Return whether `torch.compile` finds the C++ compiler that it needs on a CPU."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "g++", "clang++"))
