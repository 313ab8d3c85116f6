"""U-Net (Ronneberger, Fischer, Brox 2015, figure 1), padded so that the output has the input's size."""

import torch
from torch import nn

from fusionnet.config.stages import Stem
from fusionnet.models.blocks import Convolution, SegmentationNetwork, Upsampling, stem_layers


class UNet(SegmentationNetwork):
    """Four levels down, a bridge, four levels up whose long skips are concatenated.

    It differs from the original in padding and in batch normalisation after each convolution, which FusionNet
    has too: the two are to differ by architecture alone.

    Args:
        width: Channels of the first level; the original has 64.
        neighbours: See `SegmentationNetwork`.
        stem: See `stem_layers`; "half" leaves three levels.
    """

    def __init__(self, width: int, neighbours: int = 0, stem: Stem = "full"):
        super().__init__()
        self.neighbours, self.reach = neighbours, 107 if stem == "full" else 103
        self.enter, self.leave, held, levels = stem_layers(stem)
        channels = [width * 2**level for level in range(levels + 1)]  # 64, 128, 256, 512, 1024 at width 64
        self.down = nn.ModuleList(
            _two_convolutions(inside, outside)
            for inside, outside in zip([held * (1 + 2 * neighbours), *channels[:-2]], channels[:-1], strict=True)
        )
        self.pool = nn.MaxPool2d(2)
        self.bridge = _two_convolutions(channels[-2], channels[-1])
        self.deconvolution = nn.ModuleList(Upsampling(2 * c, c) for c in reversed(channels[:-1]))
        self.up = nn.ModuleList(_two_convolutions(2 * c, c) for c in reversed(channels[:-1]))
        self.head = nn.Conv2d(width, held, 1)

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1, H, W) of an input (N, C, H, W)."""
        x, skips = self.enter(x), []
        for stage in self.down:
            x = stage(x)  # (N, width * 2**level, H / 2**level, W / 2**level)
            skips.append(x)
            x = self.pool(x)
        x = self.bridge(x)  # (N, 16 * width, H / 16, W / 16)
        for deconvolution, stage, skip in zip(self.deconvolution, self.up, reversed(skips), strict=True):
            x = stage(torch.cat([deconvolution(x), skip], dim=1))
        return self.leave(self.head(x))


def _two_convolutions(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(Convolution(in_channels, out_channels), Convolution(out_channels, out_channels))
