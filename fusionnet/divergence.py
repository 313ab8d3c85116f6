"""The losses of the running epoch, and when they say that a training has diverged."""

import math
from typing import Any

import torch

from fusionnet.errors import UserError

DIVERGED = 5.0  # an epoch's mean loss, as a multiple of the first step's


class DivergedError(UserError):
    """The loss is no number any more, or far above where it began; `step` is the first with such a loss, from 1."""

    def __init__(self, step: int, message: str):
        super().__init__(message)
        self.step = step


class EpochLosses:
    """The loss of each step of the running epoch, on the device: each look at them waits for the GPU.

    Args:
        steps: Steps of an epoch.
        device: Where losses are computed.
    """

    def __init__(self, steps: int, device: torch.device):
        self.values = torch.zeros(steps, device=device)
        self.first = math.nan  # the training's first loss

    def put(self, step: int, loss: torch.Tensor) -> None:
        """Keep the loss of a step, counted from 0."""
        self.values[step % len(self.values)] = loss

    def last(self, steps_done: int) -> float:
        """Return the loss of the last step.

        Raises:
            DivergedError: A loss of the running epoch is no number.
        """
        begun = (steps_done - 1) % len(self.values) + 1
        losses = self.values[:begun].cpu()
        bad = (~losses.isfinite()).nonzero()
        if len(bad):
            place = int(bad[0])
            step = steps_done - begun + place + 1
            raise DivergedError(step, f"step {step}: the loss is {float(losses[place])}")
        if steps_done == begun:
            self.first = float(losses[0])
        return float(losses[-1])

    def mean(self, steps_done: int) -> float:
        """Return the mean of the epoch that has just ended.

        Raises:
            DivergedError: It is far above the training's first loss.
        """
        losses = self.values.double().cpu()
        mean = float(losses.mean())
        if mean > DIVERGED * self.first:
            begin = steps_done - len(losses)
            first_high = begin + int((losses > DIVERGED * self.first).nonzero()[0]) + 1
            epoch = f"the mean loss of its epoch, {mean:.4g}, is far above the first step's, {self.first:.4g}"
            raise DivergedError(first_high, f"step {first_high}: {epoch}")
        return mean

    def state(self) -> dict[str, Any]:
        """Return what `restore` takes."""
        return {"values": self.values, "first": self.first}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the losses of an earlier process."""
        self.values.copy_(state["values"])
        self.first = state["first"]
