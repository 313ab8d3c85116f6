"""Time a training step of ours against that of a plain loop and of an earlier version, on the same weights and batches.

Usage: python benchmarks/training.py [--architecture unet --width 16 --rounds 5 --compile always --before FOLDER]. The
plain loop is what one writes first: torch's defaults, eager, float32, Adam, batches drawn in turn. FOLDER is a checkout
of an earlier version: git worktree add FOLDER COMMIT. --beside '{"architecture": "unet", "width": 8}' times another
network too. Each loop has a process of its own, as settings of one would leak
into the other; they take turns, round by round after a warm-up, so that a busy machine slows all. A round's ratio is
that of two neighbours in time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

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
    if arguments.loop:
        work(arguments)
        return
    crops = f"{arguments.batch_size} crops of {arguments.crop_pixels} x {arguments.crop_pixels}"
    vectors = torch.backends.cpu.get_cpu_capability()
    load_now = ", ".join(f"{each:.1f}" for each in os.getloadavg()[:2])
    print(f"{arguments.architecture}, width {arguments.width}, {crops}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    print(f"torch {torch.__version__}, {vectors}, load of the machine {load_now}, and {arguments.busy} busy processes")
    folders = {"plain": Path.cwd()} | ({"before": arguments.before} if arguments.before else {}) | {"ours": Path.cwd()}
    folders |= {"beside": Path.cwd()} if arguments.beside else {}
    loops = {name: Loop(name, folder) for name, folder in folders.items()}
    with ExitStack() as others:
        for _ in range(arguments.busy):
            busy = others.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            others.callback(busy.kill)
        for number in range(arguments.rounds + 1):
            for loop in loops.values():
                loop.take_round(number * arguments.steps, arguments.steps)
    for name, loop in loops.items():
        loop.end()
        median = statistics.median(loop.seconds)
        memory = f"{loop.peak_memory / 2**30:.2f} GiB at most"
        print(f"{name:>8}: {median:.3f} s a step (median of {len(loop.seconds)} rounds), {memory}, on {loop.device}")
    ours = loops.pop("ours")
    for name, loop in loops.items():
        ratios = [theirs / own for theirs, own in zip(loop.seconds, ours.seconds, strict=True)]
        spread = f"rounds: {min(ratios):.2f} to {max(ratios):.2f}"
        memory = f"{ours.peak_memory / loop.peak_memory:.2f} of its memory"
        print(f"   ratio: {statistics.median(ratios):.2f} times as fast as {name} ({spread}), {memory}")
    job = make_job(arguments)
    drawing = time_drawing(Steps(job, *random_stack(job), list(range(4))))
    print(f" drawing: {drawing:.4f} s a batch, {drawing / statistics.median(ours.seconds):.1%} of our step")


class Loop:
    """A loop in its own process, which trains when asked to.

    Args:
        name: ``plain``, ``before``, ``ours``, or ``beside``, which is ours with another network.
        folder: The checkout whose code it runs.
    """

    def __init__(self, name: str, folder: Path):
        command = [sys.executable, str(Path(__file__).resolve()), *sys.argv[1:], "--loop", name]
        environment = os.environ | {"PYTHONPATH": str(folder.resolve())}
        if name in ("plain", "before"):  # threads wait as torch alone has them wait
            from fusionnet.arithmetic import SPIN, SPIN_TURNS  # earlier versions, which run this file too, have none

            environment = {key: text for key, text in environment.items() if (key, text) != (SPIN, SPIN_TURNS)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True)
        self.seconds: list[float] = []
        self.device, self.peak_memory = "", 0

    def take_round(self, first: int, steps: int) -> None:
        """Train for so many steps and note the seconds of one; not those of the first round, which warms up."""
        seconds = float(self._ask(f"{first} {steps}"))
        if first:
            self.seconds.append(seconds)

    def end(self) -> None:
        """End the process and take over what it knows of its device and memory."""
        memory, _, self.device = self._ask("").partition(" ")
        self.peak_memory = int(memory)
        self.process.wait()

    def _ask(self, order: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")


def work(arguments: argparse.Namespace) -> None:
    """Train as the lines of standard input say, each of which names the first step and how many; one is empty."""
    job = make_job(arguments)
    chosen = {"arithmetic": arguments.arithmetic} if arguments.loop in ("ours", "beside") else {}
    machine = as_torch_is(arguments.device) if arguments.loop == "plain" else set_up(arguments.device, **chosen)
    make_step = plain_loop if arguments.loop == "plain" else our_loop
    step = make_step(job, Steps(job, *random_stack(job), list(range(4))), machine)
    while order := input():
        first, steps = map(int, order.split())
        began = time.perf_counter()
        for number in range(first, first + steps):
            step(number)
        if machine.device.type == "cuda":
            torch.cuda.synchronize()
        print((time.perf_counter() - began) / steps, flush=True)
    print(machine.peak_memory_bytes(), f"{machine.name}, {str(machine.precision).removeprefix('torch.')}", flush=True)


def as_torch_is(device: str) -> Machine:
    cuda = device != "cpu" and torch.cuda.is_available()
    return Machine(torch.device("cuda" if cuda else "cpu"), torch.float32, torch.get_num_threads())


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), default="fusionnet")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--stem", choices=["full", "half"], default="full")
    parser.add_argument("--beside", type=json.loads, help="another network, timed too (JSON, as in a configuration)")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--crop-pixels", type=int, default=192)
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--compile", choices=["auto", "always", "never"], default="auto", help="as train.compile")
    parser.add_argument("--arithmetic", choices=["native", "portable"], default="native", help="of ours")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier version, timed too")
    parser.add_argument("--busy", type=int, default=0, help="processes that keep a processor busy meanwhile")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="steps a round")
    parser.add_argument(
        "--loop", choices=["plain", "before", "ours", "beside"], help=argparse.SUPPRESS
    )  # in its own process
    return parser.parse_args()


def make_job(arguments: argparse.Namespace) -> TrainingJob:
    arm = arguments.architecture
    asked = {"width": arguments.width} | ({"stem": "half"} if arguments.stem == "half" else {})
    if arguments.loop == "beside":
        arm, asked = "beside", arguments.beside
    overrides = {
        "network": {arm: asked},
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
