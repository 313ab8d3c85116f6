import pytest

from fusionnet.config.stages import NetworkSettings
from fusionnet.models.cost import network_cost


def convolution(side: int, inside: int, outside: int, kernel: int = 3) -> int:
    """A multiplication and an addition for each weight and output pixel."""
    return 2 * side * side * inside * outside * kernel * kernel


def deconvolution(side: int, inside: int, outside: int) -> int:
    """2 x 2 with stride 2: each of the (half as wide) input's pixels meets each weight once."""
    return 2 * (side // 2) ** 2 * inside * outside * 4


def test_unet_costs_what_a_count_by_hand_gives() -> None:
    # Width 2 on 512 x 512: two convolutions a level, concatenated skips, a 1 x 1 head with a bias.
    down = convolution(512, 1, 2) + convolution(512, 2, 2)
    down += convolution(256, 2, 4) + convolution(256, 4, 4)
    down += convolution(128, 4, 8) + convolution(128, 8, 8)
    down += convolution(64, 8, 16) + convolution(64, 16, 16)
    bridge = convolution(32, 16, 32) + convolution(32, 32, 32)
    up = deconvolution(64, 32, 16) + convolution(64, 32, 16) + convolution(64, 16, 16)
    up += deconvolution(128, 16, 8) + convolution(128, 16, 8) + convolution(128, 8, 8)
    up += deconvolution(256, 8, 4) + convolution(256, 8, 4) + convolution(256, 4, 4)
    up += deconvolution(512, 4, 2) + convolution(512, 4, 2) + convolution(512, 2, 2)
    head = convolution(512, 2, 1, kernel=1)
    assert network_cost(NetworkSettings(architecture="unet", width=2)).flops == down + bridge + up + head


def test_fusionnet_costs_what_a_count_by_hand_gives() -> None:
    # Five convolutions a level (one, three in the residual, one), added skips, a 3 x 3 head.
    total = 0
    for side, inside, outside in [(512, 1, 2), (256, 2, 4), (128, 4, 8), (64, 8, 16), (32, 16, 32)]:
        total += convolution(side, inside, outside) + 4 * convolution(side, outside, outside)
    for side, channels in [(64, 16), (128, 8), (256, 4), (512, 2)]:
        total += deconvolution(side, 2 * channels, channels) + 5 * convolution(side, channels, channels)
    assert network_cost(NetworkSettings(architecture="fusionnet", width=2)).flops == total + convolution(512, 2, 1)


def test_cost_grows_with_area_and_with_units() -> None:
    settings = NetworkSettings(architecture="fusionnet", width=4)
    single = network_cost(settings)
    assert network_cost(settings, side_pixels=1024).flops == 4 * single.flops
    chained = network_cost(settings.model_copy(update={"chain": 2}))
    assert (chained.flops, chained.parameters) == (2 * single.flops, 2 * single.parameters)


@pytest.mark.parametrize(("architecture", "millions"), [("fusionnet", 75.0), ("unet", 31.0)])
def test_parameters_at_the_papers_width(architecture: str, millions: float) -> None:
    cost = network_cost(NetworkSettings.model_validate({"architecture": architecture, "width": 64}))
    assert cost.parameters / 1e6 == pytest.approx(millions, abs=0.1)
