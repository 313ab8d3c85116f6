"""FusionNet: a fully residual encoder-decoder (Quan, Hildebrand, Jeong, arXiv 1612.05360, figure 2 and table 1)."""

import torch
from torch import nn

from fusionnet.config.stages import Skips, Stem
from fusionnet.models.blocks import Convolution, Residual, SegmentationNetwork, Upsampling, stem_layers


class Stage(nn.Sequential):
    """One level of the network: convolution, residual, convolution; (N, in, H, W) to (N, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, residual: bool):
        middle: list[nn.Module] = [Residual(out_channels)] if residual else [_plain(out_channels)]
        super().__init__(Convolution(in_channels, out_channels), *middle, Convolution(out_channels, out_channels))


class FusionNetUnit(SegmentationNetwork):
    """One FusionNet: four levels down, a bridge, four levels up whose long skips are added.

    Args:
        width: Channels of the first level; the paper has 64.
        in_channels: Channels of the input.
        residual: False replaces each residual layer by its three convolutions alone (an ablation).
        skips: "add" as the paper has it; "concatenate" as U-Net does (an ablation).
        stem: See `stem_layers`; "half" leaves three levels (ours).
    """

    def __init__(
        self, width: int, in_channels: int = 1, residual: bool = True, skips: Skips = "add", stem: Stem = "full"
    ):
        super().__init__()
        self.enter, self.leave, held, levels = stem_layers(stem)
        channels = [width * 2**level for level in range(levels + 1)]  # 64, 128, 256, 512, 1024 at width 64
        self.concatenates = skips == "concatenate"
        self.down = nn.ModuleList(
            Stage(inside, outside, residual)
            for inside, outside in zip([held * in_channels, *channels[:-2]], channels[:-1], strict=True)
        )
        self.pool = nn.MaxPool2d(2)
        self.bridge = Stage(channels[-2], channels[-1], residual)
        self.deconvolution = nn.ModuleList(Upsampling(2 * c, c) for c in reversed(channels[:-1]))
        self.up = nn.ModuleList(Stage(2 * c if self.concatenates else c, c, residual) for c in reversed(channels[:-1]))
        self.head = nn.Conv2d(width, held, 3, padding=1)

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1, H, W) of an input (N, C, H, W)."""
        x, skips = self.enter(x), []
        for stage in self.down:
            x = stage(x)  # (N, width * 2**level, H / 2**level, W / 2**level)
            skips.append(x)
            x = self.pool(x)
        x = self.bridge(x)  # (N, 16 * width, H / 16, W / 16)
        for deconvolution, stage, skip in zip(self.deconvolution, self.up, reversed(skips), strict=True):
            x = deconvolution(x)
            x = stage(torch.cat([x, skip], dim=1) if self.concatenates else x + skip)
        return self.leave(self.head(x))


class FusionNet(SegmentationNetwork):
    """FusionNet units in series, each with weights and, in training, a loss of its own (section 3.3).

    A unit after the first sees the probability that the unit before it gave (*inferred*: the paper shows the
    units in series and does not say whether the probability or the logit is handed on).

    Args:
        width: Channels of the first level of each unit.
        chain: Number of units.
        residual: See `FusionNetUnit`.
        skips: See `FusionNetUnit`.
        neighbours: Of a single unit alone; see `SegmentationNetwork`.
        stem: Of each unit; see `stem_layers`.
    """

    def __init__(
        self,
        width: int,
        chain: int = 1,
        residual: bool = True,
        skips: Skips = "add",
        neighbours: int = 0,
        stem: Stem = "full",
    ):
        super().__init__()
        self.neighbours, self.reach = neighbours, (246 if stem == "full" else 237) * chain
        unit = width, 1 + 2 * neighbours, residual, skips, stem
        self.units = nn.ModuleList(FusionNetUnit(*unit) for _ in range(chain))

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, chain, H, W) of an input (N, C, H, W)."""
        logits = []
        for unit in self.units:
            logits.append(unit(x))
            x = torch.sigmoid(logits[-1])
        return torch.cat(logits, dim=1)


def _plain(channels: int) -> nn.Sequential:
    return nn.Sequential(*(Convolution(channels, channels) for _ in range(3)))
