"""The training of one network: bitwise reproducible, resumable at any step, visible.

The outcome is decided by the job, the data, the code, the device and its threads, and by nothing else: not by
interruptions, loader workers, or how often states are saved. Only a GPU whose memory does not suffice adds to that:
from then on batches go in smaller parts.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from fusionnet.config.stages import TrainingJob
from fusionnet.devices import Machine
from fusionnet.errors import UserError
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.train.batches import Batch, Steps, batches
from fusionnet.train.divergence import DivergedError, EpochLosses
from fusionnet.train.folds import Stacks
from fusionnet.train.optimisation import WeightAverage, learning_rate
from fusionnet.train.progress import Progress
from fusionnet.train.states import StateFolder
from fusionnet.train.update import WeightUpdate
from fusionnet.train.validation import validate

LOG = logging.getLogger(__name__)
READ_EVERY = 20  # steps between two looks at the loss on CUDA, each of which waits for the GPU


@dataclass
class Training:
    """Everything that changes while a network is trained; `state` and `restore` carry it over a kill."""

    job: TrainingJob
    machine: Machine
    network: SegmentationNetwork
    average: WeightAverage
    update: WeightUpdate
    losses: EpochLosses
    machines: list[str]  # the descriptions of all that had a part in it
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, job: TrainingJob, machine: Machine) -> "Training":
        """Build network and optimizer, the weights drawn from the job's seed.

        Args:
            job: What is trained, and how.
            machine: Where.
        """
        settings = job.train
        network = build(job.network, torch.Generator().manual_seed(job.seed))
        network = network.to(device=machine.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        return cls(
            job=job,
            machine=machine,
            network=network,
            average=WeightAverage(network, settings.ema_decay),
            update=WeightUpdate(network, settings, machine),
            losses=EpochLosses(settings.steps_per_epoch, machine.device),
            machines=[machine.description],
        )

    @property
    def steps(self) -> int:
        """Number of steps of the whole training."""
        return self.job.train.steps

    def state(self) -> dict[str, Any]:
        """Return all that a later process needs to go on as if nothing had happened."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimizer": self.update.optimizer.state_dict(),
            "losses": self.losses.state(),
            "micro_batch": self.update.micro_batch,
            "machines": self.machines,
            "seconds": self.seconds,
            "history": self.history,
        }

    def restore(self, step: int, state: Mapping[str, Any]) -> None:
        """Take over the state after ``step`` steps; a message says if it is of a machine that computes otherwise."""
        self.step = step
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.update.optimizer.load_state_dict(state["optimizer"])
        self.losses.restore(state["losses"])
        self.update.micro_batch = state["micro_batch"]
        self.seconds, self.history = state["seconds"], state["history"]
        here = [self.machine.description] if step < self.steps else []
        self.machines = list(dict.fromkeys([*state["machines"], *here]))
        if len(self.machines) > 1:
            LOG.warning(
                "trained in part on %s: the outcome is not, bit for bit, that of an uninterrupted training "
                "(docs/reproducibility.md)",
                ", in part on ".join(self.machines),
            )

    def take_step(self, batch: Batch) -> None:
        """Change the weights once, by a batch in the CPU's memory."""
        loss = self.update(batch, self.step)
        self.average.update(self.step)
        self.losses.put(self.step, loss)
        self.step += 1

    def end_epoch(self, stacks: Stacks) -> dict[str, Any]:
        """Add the epoch to the history, validated if it is its turn, and return the new row."""
        settings = self.job.train
        epoch = self.step // settings.steps_per_epoch
        row = {
            "epoch": epoch,
            "step": self.step,
            "learning_rate": learning_rate(self.step - 1, settings),
            "train_loss": self.losses.mean(self.step),
            "validation_loss": None,
            "validation_v_rand": None,
        }
        due = epoch % settings.validate_every_epochs == 0 or epoch == settings.epochs
        if due and stacks.fold.validation:
            scores = validate(self.average.network, self.machine, stacks)
            row["validation_loss"], row["validation_v_rand"] = scores
        self.history.append(row)
        return row

    def timing(self) -> dict[str, Any]:
        """Return seconds, rate and memory: what differs from run to run and is kept out of the history."""
        return {
            "training_seconds": self.seconds,
            "steps_per_second": self.step / self.seconds if self.seconds else None,
            "device": self.machine.name,
            "machines": self.machines,
            "samples_at_once": self.update.micro_batch,
            "arithmetic": self.machine.arithmetic_in_use,
            "peak_memory_bytes": self.machine.peak_memory_bytes(),
        }


class StoppedError(Exception):
    """The training was asked to stop and has saved its state."""


def train(
    training: Training,
    stacks: Stacks,
    states: StateFolder,
    progress: Progress,
    stop_asked: Callable[[], bool] = lambda: False,
    save_every_seconds: float = 30.0,
    loader_workers: int | None = None,
) -> None:
    """Train to the end, from the newest state in the folder if there is one.

    Args:
        training: Fresh from `Training.begin`; changed in place.
        stacks: Training and validation data.
        states: Where states for resuming are kept.
        progress: Shows where the training is.
        stop_asked: Asked after each step; true saves the state and stops.
        save_every_seconds: Least time between two saved states.
        loader_workers: Processes that draw samples, 0 for this one; None for as many as suit the machine.

    Raises:
        StoppedError: `stop_asked` returned true; the same call goes on from here.
        DivergedError: With step, loss and the last good state.
    """
    found = states.load()
    if found:
        training.restore(*found)
        LOG.info("going on from step %d/%d", training.step, training.steps)
    progress.start(training.step, training.machine.name)
    steps = Steps(training.job, stacks.volume, stacks.labels, stacks.fold.train)
    saved = began = time.monotonic()
    before = training.seconds
    on_cuda = training.machine.device.type == "cuda"
    read_every = READ_EVERY if on_cuda else 1
    workers = training.machine.loader_workers if loader_workers is None else loader_workers
    try:
        for batch in batches(steps, training.step, workers, pinned=on_cuda):
            training.take_step(batch)
            ends_epoch = training.step % training.job.train.steps_per_epoch == 0
            stops, last = stop_asked(), training.step == training.steps
            saves = stops or last or time.monotonic() - saved >= save_every_seconds
            if saves or ends_epoch or training.step % read_every == 0:
                progress.update(training.step, training.losses.last(training.step))
            if ends_epoch:
                progress.validated(training.end_epoch(stacks))
            training.seconds = before + time.monotonic() - began
            # A state is kept where the loss is sane: in a training that diverges, the last good one stays.
            if saves and (stops or last or training.losses.last_sane == training.step):
                states.save(training.step, training.state())
                saved = time.monotonic()
            if stops and not last:
                raise StoppedError(f"stopped at step {training.step}; the same command goes on from there")
    except RuntimeError as error:
        if "DataLoader worker" in str(error):
            raise UserError(f"{error} Is memory short? With --loader-workers 0 there is none of them") from error
        raise
    except DivergedError as error:
        raise DivergedError(error.last_sane, f"training diverged at {error}; {_way_out(states, error)}") from error
    states.remove_others()


def _way_out(states: StateFolder, error: DivergedError) -> str:
    """Say which state is the last good one, and what to do.

    The loss of a step is that of the weights before it, so the last sane step speaks for the state before it.
    """
    good = states.newest(error.last_sane - 1)
    kept = f"the last good state is {good}" if good else "no good state of it is left"
    return f"{kept}. Lower train.learning_rate or set train.gradient_clip; the training then starts afresh"
