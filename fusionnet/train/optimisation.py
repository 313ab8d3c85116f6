"""How weights move: the optimizer, learning rates over the training, and the moving average that is kept."""

import copy
import math

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fusionnet.config.stages import TrainSection
from fusionnet.models.blocks import SegmentationNetwork

WARM_UP = 0.1  # share of the steps in which one_cycle rises
START = 0.04  # one_cycle's first rate, as a share of its highest (Smith & Topin 2017 start at 1/25)
END = 1e-3  # the last rate of cosine and one_cycle, as a share of the highest


def make_optimizer(network: torch.nn.Module, settings: TrainSection) -> torch.optim.Optimizer:
    """Return the optimizer of a network on its device."""
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)


def learning_rate(step: int, settings: TrainSection) -> float:
    """Return the learning rate of a step.

    Args:
        step: Counted from 0, over all epochs.
        settings: Has the schedule, its highest rate and the number of steps.

    Returns:
        ``constant``: always the highest. ``cosine``: falls from it along half a cosine (Loshchilov & Hutter 2017,
        equation 5, one period). ``one_cycle``: rises along half a cosine in the first tenth, then falls like it.
    """
    progress = step / max(1, settings.steps - 1)
    if settings.schedule == "constant":
        share = 1.0
    elif settings.schedule == "cosine":
        share = _half_cosine(1.0, END, progress)
    elif progress < WARM_UP:
        share = _half_cosine(START, 1.0, progress / WARM_UP)
    else:
        share = _half_cosine(1.0, END, (progress - WARM_UP) / (1.0 - WARM_UP))
    return settings.learning_rate * share


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * progress)) / 2.0


class WeightAverage:
    """Follows a network; `network` has the averaged weights.

    The batch normalisations' running statistics are averaged with the weights: those of the last step belong to
    the last weights.

    Args:
        network: The network in training, on its device.
        decay: Share of the old average that a step keeps; 0 follows the network exactly.
    """

    def __init__(self, network: SegmentationNetwork, decay: float):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        self.averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        self.counted = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights of the network after a step, counted from 0, into the average."""
        decay = min(self.decay, (1 + step) / (10 + step))  # the random start is soon forgotten
        averages, current = zip(*self.averaged, strict=True)
        get_ema_multi_avg_fn(decay)(averages, current, None)
        for count, now in self.counted:
            count.copy_(now)
