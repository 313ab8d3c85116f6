"""The class of each architecture in `fusionnet.config.architectures`, and the network of an arm."""

import torch

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.stages import NetworkSettings
from fusionnet.models.blocks import SegmentationNetwork, initialise
from fusionnet.models.fusionnet import FusionNet
from fusionnet.models.unet import UNet

CLASSES: dict[str, type[SegmentationNetwork]] = {"fusionnet": FusionNet, "unet": UNet}


def build(settings: NetworkSettings, generator: torch.Generator | None = None) -> SegmentationNetwork:
    """Build the network of an arm.

    Args:
        settings: Architecture, width and switches.
        generator: Draws the initial weights; None leaves them to torch's global generator, for weights that
            are loaded next.

    Returns:
        A network from (N, 1 + 2 * neighbours, H, W) normalised grey values to (N, units, H, W) logits.
    """
    switches = {name: getattr(settings, name) for name in ARCHITECTURES[settings.architecture].switches}
    network = CLASSES[settings.architecture](width=settings.width, **switches)
    if generator is not None:
        initialise(network, generator)
    return network
