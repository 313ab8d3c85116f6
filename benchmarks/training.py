"""Time a training step of ours against that of a plain loop, on the same weights and batches, in one process.

Usage: python benchmarks/training.py [--architecture unet --width 16 --rounds 5 --compile always]. The plain loop is
what one writes first: torch's default memory format, eager, float32, Adam, batches drawn in turn. Rounds of both
alternate, after a warm-up, so that a busy machine slows both; quiet machines give steadier numbers.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from fusionnet.config import TrainingJob, load
from fusionnet.devices import Machine, set_up
from fusionnet.errors import run
from fusionnet.models import build
from fusionnet.sampling import Steps
from fusionnet.training import Training

Step = Callable[[int], None]


def main() -> None:
    arguments = parse_arguments()
    job = make_job(arguments)
    machine = set_up(arguments.device)
    print(f"{job.network.architecture}, width {job.network.width}, {job.train.batch_size} crops of "
          f"{job.augment.crop_pixels} x {job.augment.crop_pixels}, on {machine.name}")  # fmt: skip
    steps = Steps(job, *random_stack(job), list(range(4)))
    variants = {"plain": plain_loop(job, steps, machine), "ours": our_loop(job, steps, machine)}
    seconds = time_alternately(variants, arguments, machine)
    for name, times in seconds.items():
        print(f"{name:>8}: {statistics.median(times):.3f} s a step (median of {len(times)} rounds)")
    ratios = [plain / ours for plain, ours in zip(seconds["plain"], seconds["ours"], strict=True)]
    print(f"   ratio: {statistics.median(ratios):.2f} (rounds: {min(ratios):.2f} to {max(ratios):.2f})")
    drawing = time_drawing(steps)
    print(f" drawing: {drawing:.4f} s a batch, {drawing / statistics.median(seconds['ours']):.1%} of our step")
    print(f"  memory: {peak_memory(machine) / 2**30:.2f} GiB at most, both loops together")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", choices=["fusionnet", "unet"], default="fusionnet")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--crop-pixels", type=int, default=192)
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--compile", choices=["auto", "always", "never"], default="auto", help="as train.compile")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="steps a round")
    return parser.parse_args()


def make_job(arguments: argparse.Namespace) -> TrainingJob:
    arm = arguments.architecture
    overrides = {
        "network": {arm: {"width": arguments.width}},
        "augment": {"crop_pixels": arguments.crop_pixels},
        "train": {"batch_size": arguments.batch_size, "compile": arguments.compile},
    }
    return load("isbi2012", overrides).training_job(arm, "25-29", 0)


def random_stack(job: TrainingJob) -> tuple[np.ndarray, np.ndarray]:
    shape = ((job.augment.elastic_copies + 1) * 4, 512, 512)
    volume = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return volume, (volume > 64).astype(np.uint8)


def plain_loop(job: TrainingJob, steps: Steps, machine: Machine) -> Step:
    network = build(job.network, torch.Generator().manual_seed(job.seed)).to(machine.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=job.train.learning_rate)

    def step(number: int) -> None:
        batch = steps[number]
        images, labels = batch.images.to(machine.device), batch.labels.to(machine.device).unsqueeze(1).float()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def our_loop(job: TrainingJob, steps: Steps, machine: Machine) -> Step:
    training = Training.begin(job, machine)

    def step(number: int) -> None:
        training.take_step(steps[number].to(machine.device))

    return step


def time_alternately(
    variants: dict[str, Step], arguments: argparse.Namespace, machine: Machine
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(arguments.rounds + 1):
        for name, step in variants.items():
            began = time.perf_counter()
            for offset in range(arguments.steps):
                step(number * arguments.steps + offset)
            if machine.device.type == "cuda":
                torch.cuda.synchronize()
            if number:  # the first round warms up
                seconds[name].append((time.perf_counter() - began) / arguments.steps)
    return seconds


def time_drawing(steps: Steps, batches: int = 20) -> float:
    began = time.perf_counter()
    for number in range(batches):
        steps[number]
    return (time.perf_counter() - began) / batches


def peak_memory(machine: Machine) -> int:
    if machine.device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    run(main)
