"""Batches of random samples that depend on (seed, step, sample) and on nothing else.

No generator runs along with the training, so a resumed training, or one with other loader workers, sees the same.
"""

import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from fusionnet.augment.samples import draw_sample
from fusionnet.config.stages import TrainingJob
from fusionnet.train.losses import pixel_weights


@dataclass
class Batch:
    """A step's samples."""

    images: torch.Tensor  # (N, 1 + 2 * neighbours, H, W) float32, normalised
    labels: torch.Tensor  # (N, H, W) uint8, 1 inside a cell
    weights: torch.Tensor  # (N, H, W) float32

    def __getstate__(self) -> list[np.ndarray]:
        """Return what a worker sends through its pipe; tensors would lie in /dev/shm, and be lost where it is full."""
        return [tensor.numpy() for tensor in (self.images, self.labels, self.weights)]

    def __setstate__(self, arrays: list[np.ndarray]) -> None:
        self.images, self.labels, self.weights = map(torch.from_numpy, arrays)

    def pin_memory(self) -> "Batch":
        """Return the batch in memory that a GPU reads by itself; DataLoader calls it."""
        return Batch(self.images.pin_memory(), self.labels.pin_memory(), self.weights.pin_memory())

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device, without waiting for the copy; images channels-last."""
        images = self.images.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        return Batch(images, self.labels.to(device, non_blocking=True), self.weights.to(device, non_blocking=True))

    def split(self, samples: int) -> "list[Batch]":
        """Divide the batch into parts of at most ``samples`` samples."""
        parts = zip(*(tensor.split(samples) for tensor in (self.images, self.labels, self.weights)), strict=True)
        return [Batch(*part) for part in parts]


class Steps(Dataset[Batch]):
    """The batches of a training, by step.

    Args:
        job: Seed, batch size, augmentation.
        volume: The augment stage's stack, ((copies + 1) * Z, Y, X).
        labels: Its labels, same shape.
        slices: Slices of one copy that may be drawn.
    """

    def __init__(self, job: TrainingJob, volume: np.ndarray, labels: np.ndarray, slices: list[int]):
        self.job, self.volume, self.labels, self.slices = job, volume, labels, slices

    def __getitem__(self, step: int) -> Batch:
        """Draw the batch of a step."""
        samples = [self._draw(step, sample) for sample in range(self.job.train.batch_size)]
        images, labels, weights = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*samples, strict=True))
        return Batch(images, labels, weights)

    def _draw(self, step: int, sample: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.job.seed, step, sample])
        augment, neighbours = self.job.sampling, self.job.network.neighbours
        stacks = self.volume, self.labels, self.slices, augment.elastic_copies
        image, label = draw_sample(rng, *stacks, augment, neighbours)
        return image, label, pixel_weights(label, self.job.train)


def batches(steps: Steps, first_step: int, workers: int, pinned: bool) -> Iterator[Batch]:
    """Yield the batches from a step to the training's end, in the CPU's memory.

    Args:
        steps: The batches.
        first_step: Counted from 0.
        workers: Processes that draw them; 0 for this one.
        pinned: Put them where a GPU reads by itself.
    """
    loader = DataLoader(
        steps,
        batch_size=None,
        sampler=range(first_step, steps.job.train.steps),
        num_workers=workers,
        # Forked workers share the stack's memory; they never touch the GPU.
        multiprocessing_context=multiprocessing.get_context("fork") if workers else None,
        worker_init_fn=_leave_signals_to_the_training,
        pin_memory=pinned,
    )
    yield from loader


def _leave_signals_to_the_training(_: int) -> None:
    """Ignore what a cluster or Ctrl-C sends to the whole group: the training saves its state and ends its workers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
