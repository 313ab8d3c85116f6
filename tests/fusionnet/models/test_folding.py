"""Folding changes no answer, removes every normalisation, and leaves the network as it was."""

import pytest
import torch
from networks import make_network
from torch import nn

from fusionnet.models.folding import fuse


@pytest.mark.parametrize(
    "switches",
    [
        {"architecture": "unet", "width": 3},
        {"architecture": "fusionnet", "width": 4},
        {"architecture": "fusionnet", "chain": 2},
        {"architecture": "fusionnet", "residual": False},
        {"architecture": "fusionnet", "skips": "concatenate"},
    ],
)
def test_folding_changes_no_answer(switches: dict):
    network = make_network(**switches).double()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    x = torch.randn((2, 1, 48, 33), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.inference_mode():
        expected, folded = network(x), fuse(network)(x)
    assert expected.std() > 0.05
    torch.testing.assert_close(folded, expected, rtol=1e-9, atol=1e-9)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_nothing_is_left_to_normalise():
    folded = fuse(make_network("fusionnet"))
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    weights = [layer.weight for layer in folded.modules() if isinstance(layer, nn.Conv2d) and layer.in_channels > 1]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_a_network_in_training_goes_on_as_if_nothing_had_been():
    network = make_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fuse(network)(torch.randn((1, 1, 16, 16), generator=torch.Generator().manual_seed(0)))
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
