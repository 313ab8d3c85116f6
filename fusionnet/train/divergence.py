"""The losses of the running epoch, and when they say that a training has diverged."""

import math
from typing import Any

import torch

from fusionnet.errors import UserError

DIVERGED = 5.0  # an epoch's mean loss, as a multiple of the first step's


class DivergedError(UserError):
    """The loss is no number any more, or far above where it began; before that came the step `last_sane`, from 1."""

    def __init__(self, last_sane: int, message: str):
        super().__init__(message)
        self.last_sane = last_sane


class EpochLosses:
    """The loss of each step of the running epoch, on the device: each look at them waits for the GPU.

    Args:
        steps: Steps of an epoch.
        device: Where losses are computed.
    """

    def __init__(self, steps: int, device: torch.device):
        self.values = torch.zeros(steps, device=device)
        self.first = math.nan  # the training's first loss
        self.last_sane = 0  # the last step, from 1, whose loss was a number and not far above the first

    def put(self, step: int, loss: torch.Tensor) -> None:
        """Keep the loss of a step, counted from 0."""
        self.values[step % len(self.values)] = loss

    def last(self, steps_done: int) -> float:
        """Return the loss of the last step.

        Raises:
            DivergedError: A loss of the running epoch is no number.
        """
        begun = (steps_done - 1) % len(self.values) + 1
        before = steps_done - begun
        losses = self.values[:begun].cpu()
        if before == 0:
            self.first = float(losses[0])
        bad = (~losses.isfinite()).nonzero()
        numbers = losses[: int(bad[0])] if len(bad) else losses
        sane = (numbers <= DIVERGED * self.first).nonzero()
        if len(sane):
            self.last_sane = before + int(sane[-1]) + 1
        if len(bad):
            step = before + len(numbers) + 1
            raise DivergedError(self.last_sane, f"step {step}: the loss is {float(losses[len(numbers)])}")
        return float(losses[-1])

    def mean(self, steps_done: int) -> float:
        """Return the mean of the epoch that has just ended, at whose end `last` was called.

        Raises:
            DivergedError: It is far above the training's first loss.
        """
        mean = float(self.values.double().mean())
        if mean > DIVERGED * self.first:
            epoch = f"the epoch's mean loss, {mean:.4g}, is far above the first step's, {self.first:.4g}"
            raise DivergedError(self.last_sane, f"step {steps_done}: {epoch}, since step {self.last_sane + 1}")
        return mean

    def state(self) -> dict[str, Any]:
        """Return what `restore` takes."""
        return {"values": self.values, "first": self.first, "last_sane": self.last_sane}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the losses of an earlier process."""
        self.values.copy_(state["values"])
        self.first, self.last_sane = state["first"], state["last_sane"]
