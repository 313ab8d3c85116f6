"""How far an output pixel of a network sees: computed from its graph, so that tiles can be exact.

A feature map whose pixels are `stride` input pixels wide is described by its reach: its pixel p depends on no input
pixel outside stride * p - reach .. stride * (p + 1) - 1 + reach. The reach obeys

- convolution of size k, same padding: reach + stride * (k - 1) / 2
- pooling 2 x 2, or putting 2 x 2 pixels into channels: the same reach at twice the stride
- deconvolution 2 x 2 of stride 2, or taking 2 x 2 pixels out of channels: half the stride, and reach + that half (the
  odd pixels look back, the even ones on)
- sum or concatenation: the greater reach

after Araujo, Norris, Sim: Computing receptive fields of convolutional neural networks (Distill 2019), which
describes chains of layers without upsampling.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from fusionnet.models.blocks import SegmentationNetwork


@dataclass(frozen=True)
class Sight:
    """What the pixels of a feature map see, in input pixels."""

    stride: int
    reach: int


class _Root(nn.Module):
    """Calls the network, so that the tracer meets it as a module."""

    def __init__(self, network: SegmentationNetwork):
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)


class _Tracer(fx.Tracer):
    """Follows `segment` instead of `forward`, which branches on the input's size."""

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
        if isinstance(m, SegmentationNetwork):
            return m.segment(*args)
        return super().call_module(m, forward, args, kwargs)


def sights(network: SegmentationNetwork) -> dict[str, Sight]:
    """Return the sight of every step of a network's graph, in order of execution."""
    root = _Root(network)
    graph = _Tracer().trace(root)
    modules = dict(root.named_modules())
    seen: dict[str, Sight] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            seen[node.name] = Sight(1, 0)
            continue
        inputs = [seen[source.name] for source in node.all_input_nodes]
        before = Sight(max(sight.stride for sight in inputs), max(sight.reach for sight in inputs))
        if len({sight.stride for sight in inputs}) > 1:
            raise ValueError(f"{node.name}: joins maps of strides {[sight.stride for sight in inputs]}")
        seen[node.name] = _after(modules[node.target], before) if node.op == "call_module" else before
    return seen


def reach(network: SegmentationNetwork) -> int:
    """Return how many pixels on each side of itself an output pixel can depend on.

    Args:
        network: FusionNet (246, and as much again for each further unit), U-Net (107), these behind the stem "half"
            (237 and 103), or another of their layers.

    Raises:
        ValueError: A layer that this module does not know, or an output of another size than the input.
    """
    output = list(sights(network).values())[-1]
    if output.stride != 1:
        raise ValueError(f"the network's output has stride {output.stride}, expected one pixel for each input pixel")
    return output.reach


def _after(layer: nn.Module, before: Sight) -> Sight:
    size, stride, padding = (_number(layer, name) for name in ("kernel_size", "stride", "padding"))
    if isinstance(layer, nn.Conv2d) and stride == 1 and 2 * padding == size - 1:
        return Sight(before.stride, before.reach + before.stride * padding)
    pools = isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) and size == stride == 2
    if pools or (isinstance(layer, nn.PixelUnshuffle) and layer.downscale_factor == 2):
        return Sight(2 * before.stride, before.reach)
    rises = isinstance(layer, nn.ConvTranspose2d) and size == stride == 2 and padding == 0
    if rises or (isinstance(layer, nn.PixelShuffle) and layer.upscale_factor == 2):
        half = before.stride // 2
        return Sight(half, before.reach + half)
    if isinstance(layer, nn.BatchNorm2d | nn.ReLU | nn.Identity | nn.Dropout | nn.Sigmoid):
        return before
    raise ValueError(
        f"the receptive field of {layer} is not known; add its rule to fusionnet/models/receptive_field.py"
    )


def _number(layer: nn.Module, name: str) -> int:
    value = getattr(layer, name, 0)
    return value[0] if isinstance(value, tuple) else value
