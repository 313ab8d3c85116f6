"""The networks of the comparison, by name."""

import torch

from fusionnet.config.stages import NetworkSettings
from fusionnet.models.blocks import SegmentationNetwork, initialise
from fusionnet.models.fusionnet import FusionNet
from fusionnet.models.unet import UNet


def build(settings: NetworkSettings, generator: torch.Generator | None = None) -> SegmentationNetwork:
    """Build the network of an arm.

    Args:
        settings: Architecture, width and switches.
        generator: Draws the initial weights; None leaves them to torch's global generator, for weights that
            are loaded next.

    Returns:
        A network from (N, 1, H, W) normalised grey values to (N, units, H, W) logits.
    """
    if settings.architecture == "unet":
        network: SegmentationNetwork = UNet(settings.width)
    else:
        network = FusionNet(settings.width, settings.chain, settings.residual, settings.skips)
    if generator is not None:
        initialise(network, generator)
    return network
