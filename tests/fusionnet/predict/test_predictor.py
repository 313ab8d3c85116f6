"""Tiles equal the whole, orientations are averaged over, borders are mirrored, NaN is counted."""

import numpy as np
import pytest
import torch
from networks import MACHINE, SETTINGS, make_network

from fusionnet.augment.geometry import orient, orient_back
from fusionnet.config.stages import PredictSection
from fusionnet.devices import Machine
from fusionnet.errors import UserError
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.normalisation import normalise
from fusionnet.models.receptive_field import reach
from fusionnet.predict.predictor import Predictor, Window, repays_compiling
from fusionnet.predict.tiles import Chunk


def settings(**changes: object) -> PredictSection:
    return SETTINGS.model_copy(update=changes)


def grey(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


class DoublePredictor(Predictor):
    """Computes in double precision, where rounding cannot hide or feign a difference."""

    def __init__(self, network: SegmentationNetwork, chosen: PredictSection, machine: Machine):
        super().__init__(network.double(), chosen, machine)

    def prepare(self, levels: np.ndarray, chunk: Chunk) -> Window:
        window = super().prepare(levels, chunk)
        return Window(window.x.double(), window.inner, window.missing)


def difference(
    network: SegmentationNetwork, levels: np.ndarray, tile: int, kind: type[Predictor] = Predictor, **changes: object
) -> float:
    """Return the greatest difference between tiles and the whole, in mean and deviation."""
    whole = kind(network, settings(tile_pixels=4096, **changes), MACHINE)
    tiled = kind(network, settings(tile_pixels=tile, **changes), MACHINE)
    assert len(whole.plan(range(1), levels.shape[-2:])) == 1 < len(tiled.plan(range(1), levels.shape[-2:]))
    expected, found = whole.predict_slice(levels), tiled.predict_slice(levels)
    assert expected.probability.std() > 0.01, "a network that says nothing proves nothing"
    return max(
        float(np.abs(found.probability - expected.probability).max()),
        float(np.abs(found.deviation - expected.deviation).max()),
    )


@pytest.mark.parametrize(
    ("switches", "shape", "tile", "padding"),
    [
        ({"architecture": "unet", "width": 2}, (269, 251), 128, 8),
        ({"architecture": "unet", "width": 3}, (256, 32), 96, 0),
        ({"architecture": "unet", "width": 1}, (17, 319), 64, 7),
        ({"architecture": "fusionnet", "width": 2}, (21, 601), 128, 12),
        ({"architecture": "fusionnet", "width": 3, "skips": "concatenate"}, (573, 16), 192, 0),
        ({"architecture": "fusionnet", "width": 1, "residual": False}, (601, 10), 112, 5),
        ({"architecture": "unet", "width": 3, "stem": "half"}, (269, 251), 128, 8),
        ({"architecture": "fusionnet", "width": 2, "stem": "half", "neighbours": 1}, (3, 601, 21), 128, 12),
    ],
)
def test_tiles_equal_the_whole(switches: dict, shape: tuple[int, ...], tile: int, padding: int):
    network = make_network(**switches)
    assert difference(network, grey(*shape), tile, padding_pixels=padding) <= 1e-5
    once = {"padding_pixels": padding, "orientation_average": False}
    assert difference(network, grey(*shape), tile, DoublePredictor, **once) <= 1e-7


def test_tiles_of_a_chain_equal_the_whole():
    network = make_network("fusionnet", width=2, chain=2)
    levels = grey(12, 1300)  # longer than 2 * 492 + a tile, so that no window is the whole
    changes = {"padding_pixels": 4, "orientation_average": False}
    # Random weights blow rounding up from unit to unit, hence double precision.
    assert difference(network, levels, 240, DoublePredictor, **changes) <= 1e-7


@pytest.mark.parametrize("wrong", [32, 48])
def test_narrower_windows_would_show(wrong: int, monkeypatch: pytest.MonkeyPatch):
    """The tests above can fail: with windows that reach less far than the network sees, tiles differ."""
    monkeypatch.setattr("fusionnet.predict.predictor.reach", lambda network: wrong)
    assert difference(make_network("unet"), grey(30, 201), 64) > 1e-4


def test_windows_off_the_pooling_grid_would_show(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fusionnet.predict.tiles.SIDE_MULTIPLE", 8)
    assert difference(make_network("unet"), grey(250, 24), 72, padding_pixels=4) > 1e-4


def test_the_mean_and_deviation_are_those_of_the_8_orientations():
    network = make_network("fusionnet")
    levels = grey(64, 80)
    found = Predictor(network, settings(padding_pixels=0), MACHINE).predict_slice(levels)
    x = torch.from_numpy(normalise(levels))[None, None]
    with torch.inference_mode():
        each = [orient_back(torch.sigmoid(network(orient(x, number))), number)[0, 0].numpy() for number in range(8)]
    np.testing.assert_allclose(found.probability, np.mean(each, axis=0), atol=2e-5)
    np.testing.assert_allclose(found.deviation, np.std(each, axis=0), atol=2e-5)
    assert found.deviation.mean() > 1e-3


def test_the_prediction_turns_with_the_slice():
    predictor = Predictor(make_network("unet"), settings(padding_pixels=16), MACHINE)
    levels = grey(64, 80)
    expected = predictor.predict_slice(levels)
    for number in (1, 6):
        turned = predictor.predict_slice(np.ascontiguousarray(orient(levels, number)))
        np.testing.assert_allclose(turned.probability, orient(expected.probability, number), atol=2e-5)


def test_one_orientation_has_no_deviation():
    found = Predictor(make_network(), settings(orientation_average=False), MACHINE).predict_slice(grey(40, 40))
    assert not found.deviation.any() and found.probability.any()


def test_borders_are_mirrored():
    network = make_network()
    levels = grey(48, 64)
    padded = Predictor(network, settings(padding_pixels=32, orientation_average=False), MACHINE).predict_slice(levels)
    by_hand = torch.from_numpy(normalise(np.pad(levels, 32, mode="reflect")))[None, None]
    with torch.inference_mode():
        expected = torch.sigmoid(network(by_hand))[0, 0, 32:80, 32:96].numpy()
    np.testing.assert_allclose(padded.probability, expected, atol=1e-5)


def test_the_last_unit_of_a_chain_answers():
    network = make_network("fusionnet", chain=2)
    levels = grey(32, 32)
    found = Predictor(network, settings(padding_pixels=0, orientation_average=False), MACHINE).predict_slice(levels)
    with torch.inference_mode():
        answers = torch.sigmoid(network(torch.from_numpy(normalise(levels))[None, None]))[0].numpy()
    np.testing.assert_allclose(found.probability, answers[1], atol=1e-4)
    assert np.abs(answers[0] - answers[1]).max() > 1e-2


def test_nan_is_counted_and_taken_for_mid_grey():
    predictor = Predictor(make_network(), SETTINGS, MACHINE)
    levels = grey(150, 90)
    levels[3, 5] = levels[149, 89] = 127.5
    expected = predictor.predict_slice(levels)
    levels[3, 5] = levels[149, 89] = np.nan
    found = predictor.predict_slice(levels)
    assert found.missing == 2, "each pixel counts once, though windows overlap and mirror it"
    np.testing.assert_array_equal(found.probability, expected.probability)


def test_each_slice_of_a_stack_is_seen_with_its_neighbours():
    network = make_network("unet", neighbours=1)
    predictor = Predictor(network, settings(padding_pixels=0, orientation_average=False), MACHINE)
    stack = grey(3, 32, 48)
    stack[1, 4, 5] = np.nan
    x = torch.from_numpy(normalise(np.nan_to_num(stack, nan=127.5)))
    with torch.inference_mode():
        expected = torch.sigmoid(network(torch.stack([x[[1, 0, 1]], x[[0, 1, 2]], x[[1, 2, 1]]])))[:, 0].numpy()
    np.testing.assert_allclose(predictor.predict_stack(stack), expected, atol=1e-5)
    np.testing.assert_allclose(predictor.predict_stack(stack, [2]), expected[2:], atol=1e-5)
    missing = [predictor.predict_slice(stack[numbers]).missing for numbers in ([1, 0, 1], [0, 1, 2])]
    assert missing == [0, 1], "a pixel that is missing counts in its own slice"


def test_bfloat16_is_near():
    levels = grey(64, 64)
    half = Machine(torch.device("cpu"), torch.bfloat16, 1)
    exact = Predictor(make_network("unet", width=4), SETTINGS, MACHINE).predict_slice(levels)
    low = Predictor(make_network("unet", width=4), SETTINGS, half).predict_slice(levels)
    difference_ = np.abs(exact.probability - low.probability)
    assert 0 < difference_.max() < 0.1 and low.probability.dtype == np.float32


def test_only_long_work_on_a_gpu_is_compiled(monkeypatch: pytest.MonkeyPatch):
    assert repays_compiling("cuda", 10**11)
    assert not repays_compiling("cuda", 10**8) and not repays_compiling("cpu", 10**11)
    predictor = Predictor(make_network(), SETTINGS, MACHINE)
    before = predictor.network
    predictor.compile_for(predictor.plan(range(10**6), (4096, 4096)))
    assert predictor.network is before
    monkeypatch.setattr(
        "fusionnet.predict.predictor.repays_compiling", lambda device, pixels: pixels == 8 * 3 * 64 * 64
    )
    monkeypatch.setattr(torch, "compile", lambda network: lambda x: network(x) * 0)
    predictor.compile_for(predictor.plan(range(3), (64, 64)))
    assert (predictor.predict_slice(grey(64, 64)).probability == 0.5).all()


def test_the_network_that_is_given_stays_as_it_is():
    network = make_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    Predictor(network, SETTINGS, MACHINE).predict_slice(grey(32, 32))
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert reach(network) == 107


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu():
    levels = grey(200, 180)
    cpu = Predictor(make_network("fusionnet", width=4), SETTINGS, MACHINE).predict_slice(levels)
    for precision, tolerance in ((torch.float32, 2e-3), (torch.bfloat16, 0.1)):
        machine = Machine(torch.device("cuda"), precision, 1)
        cuda = Predictor(make_network("fusionnet", width=4), SETTINGS, machine).predict_slice(levels)
        np.testing.assert_allclose(cuda.probability, cpu.probability, atol=tolerance)


class SmallMemory(DoublePredictor):
    """Has memory for so many pixels at once."""

    pixels = 0

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[2] * x.shape[3] > self.pixels:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return super()._forward(x)


@pytest.mark.parametrize(
    ("architecture", "shape", "tile"),
    [("unet", (601, 10), 4096), ("unet", (21, 533), 256), ("unet", (261, 251), 4096), ("fusionnet", (19, 801), 4096)],
)
def test_out_of_memory_takes_smaller_windows_that_are_as_exact(architecture: str, shape: tuple, tile: int, messages):
    network, levels = make_network(architecture), grey(*shape)
    levels[3, 5:9] = np.nan
    kinds = DoublePredictor, SmallMemory
    whole, small = (kind(network, settings(tile_pixels=tile), MACHINE) for kind in kinds)
    sides = [min(side + 2 * 24 + 16, 2 * whole.reach + 64) for side in shape]  # of a small tile's window
    small.pixels = sides[0] * sides[1]
    expected, found = whole.predict_slice(levels), small.predict_slice(levels)
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-9)
    np.testing.assert_allclose(found.deviation, expected.deviation, atol=1e-9)
    assert found.missing == expected.missing == 4 and expected.probability.std() > 0.01
    told = [message for message in messages() if "out of memory with a window of" in message]
    assert len(told) == 1


def test_memory_for_not_even_the_smallest_window_is_an_error():
    small = SmallMemory(make_network(), settings(), MACHINE)
    with pytest.raises(UserError, match=r"out of memory.*smallest.*predict.device: cpu"):
        small.predict_slice(grey(40, 40))


def test_where_nothing_can_be_compiled_prediction_goes_on_with_a_message(messages):
    def fails(x: torch.Tensor) -> torch.Tensor:
        raise torch._dynamo.exc.TorchDynamoException("TritonMissing: no triton")

    network, levels = make_network(), grey(40, 40)
    plain, broken = (Predictor(network, settings(), MACHINE) for _ in range(2))
    broken.network = fails
    assert np.array_equal(plain.predict_slice(levels).probability, broken.predict_slice(levels).probability)
    assert [message for message in messages() if "TritonMissing: no triton); going on without" in message]
    assert len(messages()) == 1
