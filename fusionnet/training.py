"""The training of one network: bitwise reproducible, resumable at any step, visible.

The outcome is decided by the job, the data, the code, the device and its threads, and by nothing else: not by
interruptions, loader workers, or how often states are saved.
"""

import math
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from fusionnet.averaging import WeightAverage
from fusionnet.compilation import compiled
from fusionnet.devices import Machine
from fusionnet.errors import UserError
from fusionnet.jobs import TrainingJob, TrainSection
from fusionnet.losses import segmentation_loss
from fusionnet.models import SegmentationNetwork, build
from fusionnet.progress import Progress
from fusionnet.resume import StateFolder
from fusionnet.sampling import Batch, Steps, batches
from fusionnet.schedules import learning_rate
from fusionnet.stacks import Stacks
from fusionnet.validation import validate

READ_EVERY = 20  # steps between two looks at the loss on CUDA, each of which waits for the GPU
DIVERGED = 5.0  # an epoch's mean loss, as a multiple of the first step's


@dataclass
class Training:
    """Everything that changes while a network is trained; `state` and `restore` carry it over a kill."""

    job: TrainingJob
    machine: Machine
    network: SegmentationNetwork
    average: WeightAverage
    optimizer: torch.optim.Optimizer
    forward: Callable[[torch.Tensor], torch.Tensor]
    losses: torch.Tensor  # (steps_per_epoch,) of the running epoch, on the device
    micro_batch: int  # samples worked off at once
    say: Callable[[str], None]
    step: int = 0
    first_loss: float = math.nan
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, job: TrainingJob, machine: Machine, say: Callable[[str], None] = print) -> "Training":
        """Build network and optimizer, the weights drawn from the job's seed.

        Args:
            job: What is trained, and how.
            machine: Where.
            say: Takes messages for the person.
        """
        settings = job.train
        network = build(job.network, torch.Generator().manual_seed(job.seed))
        network = network.to(device=machine.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        return cls(
            job=job,
            machine=machine,
            network=network,
            average=WeightAverage(network, settings.ema_decay),
            optimizer=_optimizer(network, settings, machine.device),
            forward=compiled(network, job, machine, say),
            losses=torch.zeros(settings.steps_per_epoch, device=machine.device),
            micro_batch=math.ceil(settings.batch_size / settings.accumulation),
            say=say,
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
            "optimizer": self.optimizer.state_dict(),
            "losses": self.losses,
            "micro_batch": self.micro_batch,
            "first_loss": self.first_loss,
            "seconds": self.seconds,
            "history": self.history,
        }

    def restore(self, step: int, state: Mapping[str, Any]) -> None:
        """Take over the state after so many steps."""
        self.step = step
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.losses.copy_(state["losses"])
        self.micro_batch, self.first_loss = state["micro_batch"], state["first_loss"]
        self.seconds, self.history = state["seconds"], state["history"]

    def take_step(self, batch: Batch) -> None:
        """Change the weights once."""
        settings = self.job.train
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, settings)
        loss = self._gradients(batch)
        if settings.gradient_clip:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.gradient_clip)
        self.optimizer.step()
        self.average.update(self.network, self.step)
        self.losses[self.step % settings.steps_per_epoch] = loss
        self.step += 1

    def _gradients(self, batch: Batch) -> torch.Tensor:
        """Fill the gradients with those of a batch, in parts that fit the memory, and return its loss."""
        while True:
            try:
                return self._gradients_in_parts(batch)
            except torch.OutOfMemoryError as error:
                if self.micro_batch == 1:
                    raise UserError(
                        f"out of GPU memory at step {self.step + 1} with a single sample of {batch.images.shape[-1]} "
                        "pixels; make augment.crop_pixels or the network's width smaller"
                    ) from error
                self.micro_batch = math.ceil(self.micro_batch / 2)
                torch.cuda.empty_cache()
                self.say(
                    f"out of GPU memory at step {self.step + 1}: batches go in parts of {self.micro_batch} from now"
                )

    def _gradients_in_parts(self, batch: Batch) -> torch.Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.machine.device)
        for part in batch.split(self.micro_batch):
            with self.machine.autocast():
                logits = self.forward(part.images)
            share = len(part.images) / len(batch.images)
            part_loss = share * segmentation_loss(logits, part.labels, part.weights, self.job.train.loss)
            part_loss.backward()
            loss += part_loss.detach()
        return loss

    def last_loss(self) -> float:
        """Return the loss of the last step; stops a training whose loss is no number. On CUDA it waits for the GPU."""
        begun = (self.step - 1) % len(self.losses) + 1
        losses = self.losses[:begun].cpu()
        bad = (~losses.isfinite()).nonzero()
        if len(bad):
            first = int(bad[0])
            raise DivergedError(f"step {self.step - begun + first + 1}: the loss is {float(losses[first])}")
        if self.step == begun:
            self.first_loss = float(losses[0])
        return float(losses[-1])

    def end_epoch(self, stacks: Stacks) -> dict[str, Any]:
        """Add the epoch to the history, validated if it is its turn, and return the new row."""
        settings = self.job.train
        epoch = self.step // settings.steps_per_epoch
        mean = float(self.losses.double().mean())
        if mean > DIVERGED * self.first_loss:
            raise DivergedError(
                f"step {self.step}: the epoch's mean loss {mean:.4g} is far above {self.first_loss:.4g}"
            )
        row = {
            "epoch": epoch,
            "step": self.step,
            "learning_rate": learning_rate(self.step - 1, settings),
            "train_loss": mean,
            "validation_loss": None,
            "validation_v_rand": None,
        }
        due = epoch % settings.validate_every_epochs == 0 or epoch == settings.epochs
        if due and stacks.fold.validation:
            scores = validate(self.average.network, self.machine, stacks.volume, stacks.labels, stacks.fold.validation)
            row["validation_loss"], row["validation_v_rand"] = scores
        self.history.append(row)
        return row

    def timing(self) -> dict[str, Any]:
        """Return seconds, rate and memory: what differs from run to run and is kept out of the history."""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if self.machine.device.type == "cuda":
            memory = torch.cuda.max_memory_allocated(self.machine.device)
        return {
            "training_seconds": self.seconds,
            "steps_per_second": self.step / self.seconds if self.seconds else None,
            "device": self.machine.name,
            "threads": self.machine.threads,
            "precision": str(self.machine.precision).removeprefix("torch."),
            "peak_memory_bytes": memory,
        }


class DivergedError(UserError):
    """The loss is no number any more, or far above where it began."""


class StoppedError(Exception):
    """The training was asked to stop and has saved its state."""


def train(
    training: Training,
    stacks: Stacks,
    states: StateFolder,
    progress: Progress,
    stop_asked: Callable[[], bool] = lambda: False,
    save_every_seconds: float = 30.0,
) -> None:
    """Train to the end, from the newest state in the folder if there is one.

    Args:
        training: Fresh from `Training.begin`; changed in place.
        stacks: Training and validation data.
        states: Where states for resuming are kept.
        progress: Shows where the training is.
        stop_asked: Asked after each step; true saves the state and stops.
        save_every_seconds: Least time between two saved states.

    Raises:
        StoppedError: `stop_asked` returned true; the same call goes on from here.
        DivergedError: With step, loss and the last good state.
    """
    found = states.load()
    if found:
        training.restore(*found)
        progress.say(f"going on from step {training.step}/{training.steps}")
    progress.start(training.step, training.machine.name)
    steps = Steps(training.job, stacks.volume, stacks.labels, stacks.fold.train)
    saved = began = time.monotonic()
    before = training.seconds
    read_every = READ_EVERY if training.machine.device.type == "cuda" else 1
    safe_step = training.step
    try:
        for batch in batches(steps, training.step, training.machine.device):
            training.take_step(batch)
            ends_epoch = training.step % training.job.train.steps_per_epoch == 0
            stops, last = stop_asked(), training.step == training.steps
            saves = stops or last or time.monotonic() - saved >= save_every_seconds
            if saves or ends_epoch or training.step % read_every == 0:
                progress.update(training.step, training.last_loss())
            if ends_epoch:
                progress.validated(training.end_epoch(stacks))
            training.seconds = before + time.monotonic() - began
            if saves:
                states.save(training.step, training.state())
                saved, safe_step = time.monotonic(), training.step
            if stops and not last:
                raise StoppedError(f"stopped at step {training.step}; the same command goes on from there")
    except DivergedError as error:
        raise DivergedError(
            f"training diverged at {error}; the last good state, of step {safe_step}, is in {states.folder}. "
            "Lower train.learning_rate, or set train.gradient_clip"
        ) from error


def _optimizer(network: torch.nn.Module, settings: TrainSection, device: torch.device) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
