"""What a network costs: its parameters, and the floating-point operations of one slice."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from fusionnet.config.stages import NetworkSettings
from fusionnet.models.build import build

SLICE_PIXELS = 512


@dataclass(frozen=True)
class Cost:
    """Size and work of a network."""

    parameters: int
    """Trained numbers."""
    flops: int
    """Floating-point operations of one forward pass, a multiplication and an addition counted as two."""


def network_cost(settings: NetworkSettings, side_pixels: int = SLICE_PIXELS) -> Cost:
    """Count what an arm's network costs, by torch's own counter and without computing anything.

    Args:
        settings: The arm's network.
        side_pixels: Side of the square slice that is counted.

    Returns:
        Parameters, and operations of one pass over one slice: all convolutions and deconvolutions. Torch's counter
        leaves out normalisation, activation, pooling and sums, some hundredth of the whole. A prediction that is
        averaged over 8 orientations costs 8 passes.
    """
    with torch.device("meta"):  # shapes without values: no memory, no time
        network = build(settings).eval()
        image = torch.empty(1, 1 + 2 * network.neighbours, side_pixels, side_pixels)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(image)
    parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    return Cost(parameters, counter.get_total_flops())
