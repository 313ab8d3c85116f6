"""A trained network made ready to predict fast: normalisation folded into the convolutions, channels last."""

import copy

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from fusionnet.models.blocks import SegmentationNetwork


def fuse(network: SegmentationNetwork) -> SegmentationNetwork:
    """Return a copy of a network whose batch normalisations are folded into the convolutions before them.

    In evaluation a normalisation multiplies and shifts each channel by constants, which the convolution's weight
    and bias can do (Jacob et al. 2018, section 3.2); the network computes the same with fewer passes over memory.

    Args:
        network: Left as it is.

    Returns:
        The copy, in evaluation mode, its parameters frozen and in channels-last memory order.
    """
    fused = copy.deepcopy(network).eval()
    for block in list(fused.modules()):
        if isinstance(block, nn.Sequential):
            _fold_pairs(block)
    fused.requires_grad_(False)
    torch.nn.Module.to(fused, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fused


def _fold_pairs(block: nn.Sequential) -> None:
    for position in range(len(block) - 1):
        layer, normalisation = block[position], block[position + 1]
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(normalisation, nn.BatchNorm2d):
            block[position] = fuse_conv_bn_eval(layer, normalisation, transpose=isinstance(layer, nn.ConvTranspose2d))
            block[position + 1] = nn.Identity()
