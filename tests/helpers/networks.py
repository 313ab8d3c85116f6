"""Networks for tests: small, with weights and statistics that keep signals alive through all layers."""

import torch
from torch import nn

from fusionnet.config.stages import NetworkSettings, PredictSection
from fusionnet.devices import Machine
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build

SETTINGS = PredictSection(
    orientation_average=True, padding_pixels=24, tile_pixels=64, device="cpu", precision="float32"
)

MACHINE = Machine(torch.device("cpu"), torch.float32, threads=1)


def make_network(architecture: str = "unet", width: int = 2, seed: int = 0, **switches: object) -> SegmentationNetwork:
    """Build a network in evaluation mode whose normalisations have seen noise."""
    generator = torch.Generator().manual_seed(seed)
    network = build(NetworkSettings(architecture=architecture, width=width, **switches), generator).train()
    normalisations = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in normalisations:
        layer.momentum = None  # the plain mean of what it sees
        with torch.no_grad():
            layer.weight.uniform_(0.8, 1.2, generator=generator)
            layer.bias.uniform_(0.2, 0.6, generator=generator)
    with torch.no_grad():
        network(torch.randn((2, 1 + 2 * network.neighbours, 128, 128), generator=generator))
    for layer in normalisations:
        layer.momentum = 0.1
    return network.eval()


class OneLayer(SegmentationNetwork):
    """A single 3 x 3 convolution: prediction with nearly no arithmetic."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 3, padding=1)
        nn.init.constant_(self.layer.weight, 0.2)
        nn.init.constant_(self.layer.bias, 0.1)

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)
