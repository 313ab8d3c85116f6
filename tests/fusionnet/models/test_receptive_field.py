"""The computed reach is the true one: no pixel beyond it matters, and the farthest pixel within it does."""

import pytest
import torch
from networks import OneLayer
from torch import nn

from fusionnet.config.stages import NetworkSettings
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.models.receptive_field import Sight, reach, sights


def network_of(architecture: str, **switches: object) -> SegmentationNetwork:
    with torch.device("meta"):
        return build(NetworkSettings(architecture=architecture, width=1, **switches))


def test_unet_reaches_what_is_counted_by_hand():
    # Two convolutions a level reach 2 * stride, down at strides 1, 2, 4, 8, at the bridge 16, up at 8, 4, 2, 1;
    # the deconvolutions reach half their input's stride: 8, 4, 2, 1. The head is 1 x 1.
    assert reach(network_of("unet")) == 2 * (1 + 2 + 4 + 8 + 16 + 8 + 4 + 2 + 1) + (8 + 4 + 2 + 1) == 107


def test_fusionnet_reaches_what_is_counted_by_hand():
    # Five convolutions a stage, and a 3 x 3 head.
    expected = 5 * (1 + 2 + 4 + 8 + 16 + 8 + 4 + 2 + 1) + (8 + 4 + 2 + 1) + 1
    assert reach(network_of("fusionnet")) == expected == 246
    assert reach(network_of("fusionnet", residual=False)) == expected
    assert reach(network_of("fusionnet", skips="concatenate")) == expected
    assert reach(network_of("fusionnet", chain=3)) == 3 * expected


@pytest.mark.parametrize(
    "switches",
    [{}, {"chain": 3}, {"residual": False}, {"skips": "concatenate"}, {"stem": "half", "chain": 2}, {"neighbours": 1}],
    ids=["plain", "chain", "bare", "concat", "half", "neighbours"],
)
def test_training_tiles_by_the_true_reach(switches: dict):
    network = network_of("fusionnet", **switches)
    assert network.reach == reach(network)
    for stem in ("full", "half"):
        assert network_of("unet", stem=stem).reach == reach(network_of("unet", stem=stem))
    assert OneLayer().reach > 1e8, "of a network that does not know, a tile sees the whole slice"


def test_the_bridge_has_the_coarsest_sight():
    steps = sights(network_of("unet"))
    assert max(sight.stride for sight in steps.values()) == 16
    assert next(iter(steps.values())) == Sight(1, 0) and list(steps.values())[-1] == Sight(1, 107)


def transparent(network: SegmentationNetwork) -> SegmentationNetwork:
    """Make every path of a network count: positive weights, means for maxima, no normalisation."""
    for name, layer in list(network.named_modules()):
        parent = network.get_submodule(name.rpartition(".")[0]) if name else network
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.constant_(layer.weight, 1.0 / (layer.weight[0].numel()))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.ReLU):
            setattr(parent, name.rpartition(".")[2], nn.Identity())
        elif isinstance(layer, nn.MaxPool2d):
            setattr(parent, name.rpartition(".")[2], nn.AvgPool2d(2))
    return network.double()


def test_behind_the_half_stem_a_pixel_reaches_what_is_counted_by_hand():
    # As above without the level of stride 1; the way out of the stem reaches half its stride, 1.
    levels, halves = 2 + 4 + 8 + 16 + 8 + 4 + 2, 8 + 4 + 2 + 1
    assert reach(network_of("unet", stem="half")) == 2 * levels + halves == 103
    assert reach(network_of("fusionnet", stem="half")) == 5 * levels + halves + 2 == 237


@pytest.mark.parametrize("stem", ["full", "half"])
@pytest.mark.parametrize("architecture", ["unet", "fusionnet"])
def test_gradients_reach_exactly_so_far(architecture: str, stem: str):
    network = transparent(build(NetworkSettings(architecture=architecture, width=1, stem=stem)))
    far = reach(network)
    middle, size = 256, 16 * 36
    before, behind = [], []
    for offset in range(16):  # how far a pixel sees depends on its place in the pooling cells
        x = torch.zeros((1, 1, 16, size), dtype=torch.float64, requires_grad=True)
        network(x)[0, 0, 8, middle + offset].backward()
        seen = x.grad[0, 0].abs().sum(dim=0).nonzero().flatten()
        before.append(middle + offset - int(seen.min()))
        behind.append(int(seen.max()) - middle - offset)
    # The bound holds for every pixel and is met by the farthest to within the pooling of 16.
    assert far - 16 < max(before) <= far and far - 16 < max(behind) <= far


def test_one_layer():
    assert reach(OneLayer()) == 1


class Strided(SegmentationNetwork):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def test_what_is_not_known_is_refused():
    with pytest.raises(ValueError, match="not known"):
        reach(Strided(nn.Conv2d(1, 1, 3, stride=2, padding=1)))
    with pytest.raises(ValueError, match="output has stride 2"):
        reach(Strided(nn.MaxPool2d(2)))
