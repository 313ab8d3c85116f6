"""The exponential moving average of a network's weights (Polyak averaging), which scores better than the last ones."""

import copy

import torch

from fusionnet.models import SegmentationNetwork


class WeightAverage:
    """Follows a network; `network` has the averaged weights.

    The batch normalisations' running statistics are averaged with the weights: those of the last step belong to
    the last weights.

    Args:
        network: The network in training.
        decay: Share of the old average that a step keeps; 0 follows the network exactly.
    """

    def __init__(self, network: SegmentationNetwork, decay: float):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: SegmentationNetwork, step: int) -> None:
        """Take the weights of the network after a step, counted from 0, into the average."""
        decay = min(self.decay, (1 + step) / (10 + step))  # the random start is soon forgotten
        current = network.state_dict()
        for name, average in self.network.state_dict().items():
            if average.is_floating_point():
                average.lerp_(current[name], 1.0 - decay)
            else:
                average.copy_(current[name])
