"""Layers that both networks are built of."""

import torch
from torch import nn
from torch.nn import functional

from fusionnet.config.stages import Stem

SIDE_MULTIPLE = 16  # four 2 x 2 poolings, the first of which may be the stem
LEVELS = 4


class Convolution(nn.Sequential):
    """3 x 3 convolution of the same size, batch normalisation, ReLU; (N, in, H, W) to (N, out, H, W).

    The paper's figure 2 names the three; their order is *inferred*.
    """

    def __init__(self, in_channels: int, out_channels: int):
        # Batch normalisation subtracts the mean, so a bias before it would do nothing.
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Three convolutions with their input added to the third's result; (N, C, H, W) to the same.

    The sum is *stated* (FusionNet, section 3.1); that the third convolution is activated before the sum is *inferred*.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.convolutions = nn.Sequential(*(Convolution(channels, channels) for _ in range(3)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input plus its third convolution, (N, C, H, W)."""
        return x + self.convolutions(x)


class Upsampling(nn.Sequential):
    """2 x 2 deconvolution of stride 2, batch normalisation, ReLU; (N, in, H, W) to (N, out, 2H, 2W)."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(
            nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


def stem_layers(stem: Stem) -> tuple[nn.Module, nn.Module, int, int]:
    """Return what comes before and behind a network, how many pixels a pixel between the two holds, and its levels.

    Args:
        stem: "half" puts the pixels of a 2 x 2 square into channels, and takes them out of channels behind the network
            (Shi et al. 2016, section 2.2); so the network has half the width and height, and one pooling less.
    """
    if stem == "full":
        return nn.Identity(), nn.Identity(), 1, LEVELS
    return nn.PixelUnshuffle(2), nn.PixelShuffle(2), 4, LEVELS - 1


class SegmentationNetwork(nn.Module):
    """An encoder-decoder that takes slices of any size: `segment` sees sides that are multiples of 16."""

    reach = 1 << 30  # pixels on each side that an output pixel sees: all, unless a network knows better
    neighbours = 0  # slices above, and as many below, that are channels of its input beside the slice that it segments

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of "inside a cell".

        Args:
            x: Normalised grey values, (N, C, H, W): the slice, or the slices in order with that one in their middle.

        Returns:
            (N, units, H, W): one channel for each unit in series, the last of them the network's answer.
        """
        height, width = x.shape[-2:]
        below, right = -height % SIDE_MULTIPLE, -width % SIDE_MULTIPLE
        if below or right:
            x = functional.pad(x, (0, right, 0, below), mode="replicate")
        return self.segment(x)[..., :height, :width]

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        """As `forward`, for sides that are multiples of 16."""
        raise NotImplementedError


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all convolution weights from He's normal distribution (He et al. 2015, equation 10).

    Args:
        network: Changed in place; normalisations keep weight 1 and bias 0.
        generator: Source of the random numbers.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            # A stride-2 deconvolution feeds each output pixel from one input pixel, hence fan_in = in_channels.
            fan_in = layer.in_channels * (9 if layer.kernel_size == (3, 3) else 1)
            with torch.no_grad():
                layer.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
