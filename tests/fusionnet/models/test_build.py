"""The two networks: their layers, parameters, additions, gradients, sizes, and that they learn."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fusionnet.config.stages import NetworkSettings
from fusionnet.models.blocks import Residual, SegmentationNetwork, stem_layers
from fusionnet.models.build import build
from fusionnet.models.fusionnet import FusionNet
from fusionnet.models.unet import UNet

# The paper's table 1 and figure 2 at base width 64 and a 640 x 640 input: block, channels, side before pooling.
TABLE = [
    ("down.0", 64, 640),
    ("down.1", 128, 320),
    ("down.2", 256, 160),
    ("down.3", 512, 80),
    ("bridge", 1024, 40),
    ("deconvolution.0", 512, 80),
    ("up.0", 512, 80),
    ("deconvolution.1", 256, 160),
    ("up.1", 256, 160),
    ("deconvolution.2", 128, 320),
    ("up.2", 128, 320),
    ("deconvolution.3", 64, 640),
    ("up.3", 64, 640),
    ("head", 1, 640),
]
SWITCHES = [
    {"architecture": "fusionnet"},
    {"architecture": "fusionnet", "chain": 2},
    {"architecture": "fusionnet", "residual": False},
    {"architecture": "fusionnet", "skips": "concatenate"},
    {"architecture": "unet"},
    {"architecture": "unet", "stem": "half"},
    {"architecture": "fusionnet", "stem": "half", "chain": 2},
]


def make(switches: dict, width: int = 2, seed: int = 0) -> SegmentationNetwork:
    return build(NetworkSettings(width=width, **switches), torch.Generator().manual_seed(seed))


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def outputs_of(network: nn.Module, x: torch.Tensor) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Run a network and return each module's input and output by name."""
    kept: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def keep(name: str):
        # Copies: the activations that follow work in place.
        return lambda module, inputs, output: kept.__setitem__(name, (inputs[0].clone(), output.clone()))

    handles = [module.register_forward_hook(keep(name)) for name, module in network.named_modules()]
    network(x)
    for handle in handles:
        handle.remove()
    return kept


@pytest.mark.parametrize(("network", "prefix"), [(FusionNet, "units.0."), (UNet, "")])
def test_layers_are_those_of_the_table(network: type, prefix: str):
    with torch.device("meta"):  # shapes without arithmetic
        kept = outputs_of(network(64), torch.empty(1, 1, 640, 640))
    found = [(name, *kept[prefix + name][1].shape) for name, _, _ in TABLE]
    assert found == [(name, 1, channels, side, side) for name, channels, side in TABLE]


def test_blocks_hold_the_layers_that_the_paper_names():
    with torch.device("meta"):
        unit = FusionNet(64).units[0]
    for stage in [*unit.down, unit.bridge, *unit.up]:
        kinds = [type(layer).__name__ for layer in stage]
        assert kinds == ["Convolution", "Residual", "Convolution"]
        assert len(stage[1].convolutions) == 3
        assert all(layer.kernel_size == (3, 3) for layer in stage.modules() if isinstance(layer, nn.Conv2d))


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_fusionnet_has_the_parameters_counted_by_hand():
    # A 3 x 3 convolution from i to o channels has 9 * i * o weights; its normalisation a weight and a bias for each
    # of the o channels. A stage has one convolution from i to o and four from o to o: three residual ones and the last.
    down = (
        (9 * 1 * 64 + 2 * 64 + 4 * (9 * 64 * 64 + 2 * 64))  # 148,672
        + (9 * 64 * 128 + 2 * 128 + 4 * (9 * 128 * 128 + 2 * 128))  # 664,832
        + (9 * 128 * 256 + 2 * 256 + 4 * (9 * 256 * 256 + 2 * 256))  # 2,656,768
        + (9 * 256 * 512 + 2 * 512 + 4 * (9 * 512 * 512 + 2 * 512))  # 10,621,952
    )
    bridge = 9 * 512 * 1024 + 2 * 1024 + 4 * (9 * 1024 * 1024 + 2 * 1024)  # 42,477,568
    # A 2 x 2 deconvolution from 2c to c channels has 4 * 2c * c weights, and its normalisation 2c.
    deconvolutions = sum(4 * 2 * c * c + 2 * c for c in (512, 256, 128, 64))  # 2,787,200
    # The skips are added, so each stage on the way up has c channels in and out: five convolutions from c to c.
    up = sum(5 * (9 * c * c + 2 * c) for c in (512, 256, 128, 64))  # 15,676,800
    head = 9 * 64 + 1
    expected = down + bridge + deconvolutions + up + head
    assert expected == 75_034_369
    with torch.device("meta"):
        assert parameters(FusionNet(64)) == expected
        assert parameters(FusionNet(64, chain=2)) == 2 * expected
        assert parameters(FusionNet(64, residual=False)) == expected  # the addition itself has none
        # Concatenated skips double the input of each upper stage's first convolution.
        more = sum(9 * c * c for c in (512, 256, 128, 64))
        assert parameters(FusionNet(64, skips="concatenate")) == expected + more


def test_unet_has_the_parameters_counted_by_hand():
    # Two convolutions a level, with normalisation as above; upper levels get 2c channels: the skip is concatenated.
    down = (
        (9 * 1 * 64 + 2 * 64 + 9 * 64 * 64 + 2 * 64)  # 37,696
        + (9 * 64 * 128 + 2 * 128 + 9 * 128 * 128 + 2 * 128)  # 221,696
        + (9 * 128 * 256 + 2 * 256 + 9 * 256 * 256 + 2 * 256)  # 885,760
        + (9 * 256 * 512 + 2 * 512 + 9 * 512 * 512 + 2 * 512)  # 3,540,992
    )
    bridge = 9 * 512 * 1024 + 2 * 1024 + 9 * 1024 * 1024 + 2 * 1024  # 14,159,872
    deconvolutions = sum(4 * 2 * c * c + 2 * c for c in (512, 256, 128, 64))  # 2,787,200
    up = sum(9 * 2 * c * c + 2 * c + 9 * c * c + 2 * c for c in (512, 256, 128, 64))  # 9,403,776
    head = 64 + 1  # 1 x 1
    expected = down + bridge + deconvolutions + up + head
    assert expected == 31_037_441
    with torch.device("meta"):
        assert parameters(UNet(64)) == expected


@pytest.mark.parametrize(("network", "prefix"), [(FusionNet, "units.0."), (UNet, "")])
def test_the_half_stem_takes_the_place_of_the_first_level(network: type, prefix: str):
    with torch.device("meta"):
        kept = outputs_of(network(64, stem="half", neighbours=1), torch.empty(1, 3, 640, 640))
    shapes = {name: tuple(kept[prefix + name][1].shape[1:]) for name in ("enter", "down.0", "down.2", "bridge", "up.2")}
    assert shapes == {
        "enter": (12, 320, 320),  # 2 x 2 pixels of three slices
        "down.0": (64, 320, 320),
        "down.2": (256, 80, 80),
        "bridge": (512, 40, 40),
        "up.2": (64, 320, 320),
    }
    assert kept[prefix + "head"][1].shape == (1, 4, 320, 320) and kept[prefix + "leave"][1].shape == (1, 1, 640, 640)
    assert f"{prefix}down.3" not in kept


def test_half_a_network_behind_the_stem_is_the_lower_part_of_one_of_half_its_width():
    # U-Net of width 8 has 16, 32, 64 and 128 channels below its first level, as that of width 16 behind the stem.
    with torch.device("meta"):
        half, full = UNet(16, stem="half"), UNet(8)
    rest = [full.down[0], full.down[1][0], full.deconvolution[3], full.up[3], full.head]
    ends = [half.down[0][0], half.head]
    assert parameters(half) == parameters(full) - sum(map(parameters, rest)) + sum(map(parameters, ends))


@pytest.mark.parametrize("place", [(0, 0), (1, 6), (6, 1), (7, 7)])
def test_pixels_come_out_where_they_went_in(place: tuple[int, int]):
    enter, leave, held, levels = stem_layers("half")
    x = torch.zeros((1, 1, 8, 8))
    x[0, 0][place] = 1
    assert (held, levels) == (4, 3) and enter(x)[0, :, place[0] // 2, place[1] // 2].sum() == 1
    torch.testing.assert_close(leave(enter(x)), x)


def test_residual_layers_add_their_input():
    network = make({"architecture": "fusionnet"}).eval()
    kept = outputs_of(network, noise(1, 1, 32, 48))
    residuals = [name for name, module in network.named_modules() if isinstance(module, Residual)]
    assert len(residuals) == 9
    for name in residuals:
        given, result = kept[name]
        torch.testing.assert_close(result, given + kept[f"{name}.convolutions"][1])
        assert given.abs().sum() > 0


def test_long_skips_add_the_encoders_map():
    network = make({"architecture": "fusionnet"}).eval()
    kept = outputs_of(network, noise(1, 1, 32, 48))
    for level in range(4):
        skip = kept[f"units.0.down.{3 - level}"][1]
        from_below = kept[f"units.0.deconvolution.{level}"][1]
        torch.testing.assert_close(kept[f"units.0.up.{level}"][0], from_below + skip)
        assert skip.abs().sum() > 0


def test_unet_concatenates_the_encoders_map():
    kept = outputs_of(make({"architecture": "unet"}).eval(), noise(1, 1, 32, 48))
    for level in range(4):
        parts = [kept[f"deconvolution.{level}"][1], kept[f"down.{3 - level}"][1]]
        torch.testing.assert_close(kept[f"up.{level}"][0], torch.cat(parts, dim=1))


def test_ablation_without_residuals_adds_nothing():
    network = make({"architecture": "fusionnet", "residual": False})
    assert not any(isinstance(module, Residual) for module in network.modules())


@pytest.mark.parametrize("switches", SWITCHES)
def test_gradients_reach_every_parameter(switches: dict):
    network = make(switches, width=4).train()
    network(noise(2, 1, 64, 64)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("size", [(16, 16), (17, 31), (1, 50), (48, 33)])
def test_any_size_goes_in_and_the_same_comes_out(switches: dict, size: tuple[int, int]):
    with torch.inference_mode():
        assert make(switches).eval()(noise(2, 1, *size)).shape == (2, switches.get("chain", 1), *size)


def test_sides_that_are_no_multiple_of_16_are_padded_at_the_end():
    network = make({"architecture": "unet"}).eval()
    x = noise(1, 1, 40, 50)
    by_hand = functional.pad(x, (0, 14, 0, 8), mode="replicate")
    torch.testing.assert_close(network(x), network(by_hand)[..., :40, :50], rtol=0, atol=0)


def test_a_chained_unit_sees_the_probability_of_the_one_before():
    network = make({"architecture": "fusionnet", "chain": 3}).eval()
    x = noise(1, 1, 32, 32)
    logits = network(x)
    assert logits.shape[1] == 3
    for number, unit in enumerate(network.units):
        torch.testing.assert_close(unit(x), logits[:, number : number + 1])
        x = torch.sigmoid(logits[:, number : number + 1])


def test_initial_weights_come_from_the_generator_alone():
    first, again, other = (make({"architecture": "fusionnet"}, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["units.0.head.weight"], other["units.0.head.weight"])


def test_initial_weights_follow_he():
    network = make({"architecture": "unet"}, width=16)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 20_000:
            expected = (2 / (9 * layer.in_channels)) ** 0.5
            assert abs(layer.weight.std().item() / expected - 1) < 0.03


def crop_with_membranes() -> tuple[torch.Tensor, torch.Tensor]:
    """Return a noisy image of cells between dark wavy membranes, and 1 inside a cell, both (1, 1, 64, 64)."""
    y, x = np.mgrid[:64, :64]
    membrane = (np.abs((x + 4 * np.sin(y / 9)) % 21 - 10) < 2) | (np.abs((y + 3 * np.cos(x / 7)) % 30 - 15) < 2)
    grey = np.random.default_rng(0).normal(np.where(membrane, -1, 0.5), 0.7)
    return tuple(torch.from_numpy(array.astype(np.float32))[None, None] for array in (grey, ~membrane))


@pytest.mark.parametrize("switches", [SWITCHES[0], SWITCHES[4], SWITCHES[5]])
def test_overfits_one_crop(switches: dict):
    image, label = crop_with_membranes()
    network = make(switches, width=8 if "stem" in switches else 4).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(80):
        logits = network(image)
        loss = functional.binary_cross_entropy_with_logits(logits, label.expand_as(logits))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    wrong = ((logits > 0) != (label > 0.5)).float().mean(dim=(0, 2, 3))
    baseline = ((image > 0) != (label > 0.5)).float().mean()
    assert baseline > 0.1
    assert (wrong < 0.01).all(), f"pixel errors by unit: {wrong.tolist()}"
