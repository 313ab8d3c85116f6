"""Time a training step of ours against that of a plain loop, on the same weights and batches.

Usage: python benchmarks/training.py [--architecture unet --width 16 --rounds 5 --compile always]. The plain loop is
what one writes first: torch's defaults, eager, float32, Adam, batches drawn in turn. Each loop has a process of its
own, as settings of one would leak into the other; they take turns, round by round after a warm-up, so that a busy
machine slows both. A round's ratio is that of two neighbours in time. --beside '{"architecture": "unet", "width": 8}'
times a step of that network of ours too.
"""

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch

from fusionnet.arithmetic import available_processors
from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.experiment import load
from fusionnet.config.stages import TrainingJob
from fusionnet.devices import Machine, set_up
from fusionnet.errors import run
from fusionnet.models.build import build
from fusionnet.train.batches import Steps
from fusionnet.train.loop import Training

Step = Callable[[int], None]


def main() -> None:
    arguments = parse_arguments()
    job = make_job(arguments)
    network = f"{job.network.architecture}, width {job.network.width}"
    print(f"{network}, {job.train.batch_size} crops of {job.augment.crop_pixels} x {job.augment.crop_pixels}")
    kinds = {"plain": ("plain", job), "ours": ("ours", job)}
    if arguments.beside:
        kinds["beside"] = ("ours", make_job(arguments, arguments.beside))
    loops = {name: Loop(*kind, arguments.device) for name, kind in kinds.items()}
    for number in range(arguments.rounds + 1):
        for loop in loops.values():
            loop.take_round(number * arguments.steps, arguments.steps)
    for name, loop in loops.items():
        loop.end()
        median = statistics.median(loop.seconds)
        memory = f"{loop.peak_memory / 2**30:.2f} GiB at most"
        print(f"{name:>8}: {median:.3f} s a step (median of {len(loop.seconds)} rounds), {memory}, on {loop.device}")
    for name in sorted(kinds.keys() - {"ours"}):
        ratios = [theirs / ours for theirs, ours in zip(loops[name].seconds, loops["ours"].seconds, strict=True)]
        spread = f"rounds: {min(ratios):.2f} to {max(ratios):.2f}"
        print(f"   ratio: {statistics.median(ratios):.2f} ({spread}), {name} to ours")
    drawing = time_drawing(Steps(job, *random_stack(job), list(range(4))))
    print(f" drawing: {drawing:.4f} s a batch, {drawing / statistics.median(loops['ours'].seconds):.1%} of our step")


class Loop:
    """A loop in its own process, which trains when asked to."""

    def __init__(self, kind: str, job: TrainingJob, device: str):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=work, args=(kind, job, device, other))
        self.process.start()
        other.close()
        self.seconds: list[float] = []
        self.device, self.peak_memory = "", 0

    def take_round(self, first: int, steps: int) -> None:
        """Train for so many steps and note the seconds of one; not those of the first round, which warms up."""
        self.pipe.send((first, steps))
        seconds = self.pipe.recv()
        if first:
            self.seconds.append(seconds)

    def end(self) -> None:
        """End the process and take over what it knows of its device and memory."""
        self.pipe.send(None)
        self.device, self.peak_memory = self.pipe.recv()
        self.process.join()


def work(kind: str, job: TrainingJob, device: str, pipe: Connection) -> None:
    machine = set_up(device) if kind == "ours" else as_torch_is(device)
    make_step = our_loop if kind == "ours" else plain_loop
    step = make_step(job, Steps(job, *random_stack(job), list(range(4))), machine)
    while order := pipe.recv():
        first, steps = order
        began = time.perf_counter()
        for number in range(first, first + steps):
            step(number)
        if machine.device.type == "cuda":
            torch.cuda.synchronize()
        pipe.send((time.perf_counter() - began) / steps)
    pipe.send((machine.name, machine.peak_memory_bytes()))


def as_torch_is(device: str) -> Machine:
    torch.set_num_threads(min(torch.get_num_threads(), available_processors()))
    cuda = device != "cpu" and torch.cuda.is_available()
    return Machine(torch.device("cuda" if cuda else "cpu"), torch.float32, torch.get_num_threads())


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), default="fusionnet")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--stem", choices=["full", "half"], default="full")
    parser.add_argument("--neighbours", type=int, default=0)
    parser.add_argument("--beside", type=json.loads, help="settings of a network to compare with (JSON)")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--crop-pixels", type=int, default=192)
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--compile", choices=["auto", "always", "never"], default="auto", help="as train.compile")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="steps a round")
    return parser.parse_args()


def make_job(arguments: argparse.Namespace, network: dict[str, Any] | None = None) -> TrainingJob:
    arm = "timed"
    asked = {key: getattr(arguments, key) for key in ("architecture", "width", "stem", "neighbours")}
    overrides = {
        "network": {arm: network or asked},
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
        training.take_step(steps[number])

    return step


def time_drawing(steps: Steps, batches: int = 20) -> float:
    began = time.perf_counter()
    for number in range(batches):
        steps[number]
    return (time.perf_counter() - began) / batches


if __name__ == "__main__":
    run(main)
