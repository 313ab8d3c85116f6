"""Networks for other programs: the same answers as here, on any size."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import MACHINE, SETTINGS, make_network

from fusionnet.errors import UserError
from fusionnet.export.onnx import Standalone, export_onnx, export_torchscript
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.predict.predictor import Predictor

NETWORKS = [
    {"architecture": "unet", "width": 3},
    {"architecture": "fusionnet", "width": 3},
    {"architecture": "fusionnet", "chain": 2},
    {"architecture": "fusionnet", "skips": "concatenate"},
    {"architecture": "unet", "width": 3, "stem": "half", "neighbours": 1},
]
SIZES = [(1, 64, 64), (2, 48, 112), (1, 33, 50), (3, 100, 17), (1, 1, 5)]


def grey(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def tolerance(switches: dict) -> float:
    """Return 1e-4, but for a chain: random weights blow rounding up from unit to unit."""
    return 1e-3 if "chain" in switches else 1e-4


@pytest.mark.parametrize("switches", NETWORKS)
def test_the_standalone_network_answers_as_prediction_does(switches: dict):
    network = make_network(**switches)
    once = SETTINGS.model_copy(update={"orientation_average": False, "padding_pixels": 0})
    levels = grey(1 + 2 * network.neighbours, 64, 80)
    expected = Predictor(network, once, MACHINE).predict_slice(levels).probability
    with torch.inference_mode():
        found = Standalone(network)(torch.from_numpy(levels)[None])[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=tolerance(switches))
    assert found.std() > 0.01


@pytest.mark.parametrize("switches", NETWORKS)
def test_onnxruntime_agrees_on_every_size(tmp_path: Path, switches: dict):
    runtime = pytest.importorskip("onnxruntime")
    network = make_network(**switches)
    export_onnx(tmp_path / "m.onnx", network, {"job": {"arm": "mine"}})
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map["job"]) == {"arm": "mine"}
    standalone = Standalone(network)
    for number, height, width in SIZES:
        levels = grey(number, 1 + 2 * network.neighbours, height, width)
        with torch.inference_mode():
            expected = standalone(torch.from_numpy(levels)).numpy()
        (found,) = session.run(None, {"grey": levels})
        assert found.shape == (number, 1, height, width)
        np.testing.assert_allclose(found, expected, atol=tolerance(switches))


def test_torchscript_agrees_on_every_size(tmp_path: Path):
    network = make_network("fusionnet")
    export_torchscript(tmp_path / "m.pt", network)
    loaded, standalone = torch.jit.load(tmp_path / "m.pt"), Standalone(network)
    for number, height, width in SIZES:
        levels = torch.from_numpy(grey(number, 1, height, width))
        with torch.inference_mode():
            torch.testing.assert_close(loaded(levels), standalone(levels), rtol=0, atol=1e-5)


def test_absent_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UserError, match=r"pip install -e '.\[export\]'"):
        export_onnx(tmp_path / "m.onnx", make_network("unet"), {})


class Certain(SegmentationNetwork):
    """Gives logits of 0 to 40, for which some runtimes' sigmoid exceeds 1."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 1, 1)
        torch.nn.init.constant_(self.layer.weight, 20.0)
        torch.nn.init.constant_(self.layer.bias, 20.0)

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def test_no_probability_of_onnxruntime_is_above_1(tmp_path: Path):
    runtime = pytest.importorskip("onnxruntime")
    export_onnx(tmp_path / "m.onnx", Certain(), {})
    levels = np.linspace(0, 255, 64 * 64, dtype=np.float32).reshape(1, 1, 64, 64)
    (found,) = runtime.InferenceSession(tmp_path / "m.onnx").run(None, {"grey": levels})
    assert found.max() == 1 and found.min() >= 0 and 0.1 < found.mean() < 1
