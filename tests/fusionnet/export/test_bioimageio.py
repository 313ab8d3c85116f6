"""A package of the BioImage Model Zoo: it passes the zoo's own test, and gives the answers that are given here."""

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks import MACHINE, SETTINGS, make_network

from fusionnet.config.experiment import load
from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError
from fusionnet.export.bioimageio import Description, example_side, export_package, halo_of
from fusionnet.models.receptive_field import reach
from fusionnet.predict.predictor import Predictor


def grey(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> TrainingJob:
    monkeypatch.chdir(Path(__file__).parents[3])
    return load("phantom").training_job("unet", "test", 0)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the package of a small FusionNet, which sees 246 pixels."""
    pytest.importorskip("bioimageio.core")
    path = tmp_path_factory.mktemp("package") / "m.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parents[3])
        job = load("phantom").training_job("fusionnet", "test", 0)
    export_package(path, make_network("fusionnet", width=1), job, grey(1, 400, 340), DESCRIPTION)
    return path


DESCRIPTION = Description("membranes of a test", "A. Person", "MIT", "noise")


def test_the_package_passes_the_zoos_own_test(package: Path):
    core = pytest.importorskip("bioimageio.core")
    with zipfile.ZipFile(package) as content:
        assert {"weights.onnx", "weights.torchscript.pt", "documentation.md"} <= set(content.namelist())
        assert "`bioimageio.core.Tensor.from_numpy(stack[:, None]" in content.read("documentation.md").decode()
    model = core.load_description(package)
    assert model.inputs[0].axes[2].size.step == 16 and model.outputs[0].axes[2].halo == 160
    assert model.inputs[0].pad.mode == "reflect"
    assert core.test_model(model).status == "passed"
    pipeline = core.create_prediction_pipeline(model, weight_format="torchscript")
    levels = grey(1, 320, 304)
    np.testing.assert_allclose(zoo(pipeline, levels), ours(make_network("fusionnet", width=1), levels), atol=1e-3)


def zoo(pipeline: Any, levels: np.ndarray, **options: Any) -> np.ndarray:
    """Return what bioimageio.core predicts for slices (N, Y, X)."""
    core = pytest.importorskip("bioimageio.core")
    tensor = core.Tensor.from_numpy(levels[:, None], dims=("batch", "channel", "y", "x"))
    found = core.predict(model=pipeline, inputs={"grey": tensor}, **options)
    return found.members["probability"].data.to_numpy()[:, 0]


def ours(network: torch.nn.Module, levels: np.ndarray) -> np.ndarray:
    """Return what scripts/predict.py gives in one pass with as wide a mirrored border."""
    changed = {"orientation_average": False, "padding_pixels": halo_of(network), "tile_pixels": 2048}
    predictor = Predictor(network, SETTINGS.model_copy(update=changed), MACHINE)
    return np.stack([predictor.predict_slice(slice_).probability for slice_ in levels])


@pytest.mark.parametrize("shape", [(512, 512), (600, 630), (1024, 1024)])
def test_slices_of_any_size_are_predicted_as_here(package: Path, shape: tuple[int, int]):
    core = pytest.importorskip("bioimageio.core")
    network = make_network("fusionnet", width=1)
    pipeline = core.create_prediction_pipeline(core.load_description(package), weight_format="onnx")
    levels = grey(1, *shape)
    expected, whole = ours(network, levels), zoo(pipeline, levels)
    assert whole.shape == levels.shape and expected.std() > 0.01
    # Sides that are no multiples of 16 are filled up behind the mirrored border, there and here in different ways.
    same = [size if size % 16 == 0 else size - reach(network) for size in shape]
    np.testing.assert_allclose(whole[:, : same[0], : same[1]], expected[:, : same[0], : same[1]], atol=1e-3)
    np.testing.assert_allclose(whole, expected, atol=0.05)
    if shape[0] == 1024:
        return  # 36 tiles would take long
    in_tiles = zoo(pipeline, levels, blocksize_parameter=10)  # the tiles of bioimageio.core unless it is told otherwise
    # The weights are random; those of a trained network see less far: benchmarks/halo.py.
    assert np.abs(in_tiles - whole).mean() < (0.001 if shape[0] % 16 == 0 else 0.05)


def test_a_stack_is_a_batch_of_slices(package: Path):
    core = pytest.importorskip("bioimageio.core")
    pipeline = core.create_prediction_pipeline(core.load_description(package), weight_format="onnx")
    stack = grey(3, 352, 352)
    apart = np.concatenate([zoo(pipeline, stack[z : z + 1]) for z in range(3)])
    np.testing.assert_allclose(zoo(pipeline, stack), apart, atol=1e-5)


def test_the_halo_is_what_the_network_sees_unless_its_tiles_would_be_larger_than_a_slice():
    assert halo_of(make_network("unet")) == 112 and example_side(make_network("unet")) == 2 * 112 + 16
    for network in (make_network("fusionnet"), make_network("fusionnet", chain=2)):
        assert halo_of(network) == 160 and example_side(network) + 10 * 16 <= 512


def test_too_small_an_example_is_refused(tmp_path: Path, job: TrainingJob):
    pytest.importorskip("bioimageio.core")
    with pytest.raises(UserError, match="expected 240 at least"):
        export_package(tmp_path / "m.zip", make_network("unet"), job, grey(1, 400, 200), DESCRIPTION)


def test_absent_packages_are_named(tmp_path: Path, job: TrainingJob, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "bioimageio.core", None)
    with pytest.raises(UserError, match=r"pip install -e '.\[export\]'"):
        export_package(tmp_path / "m.zip", make_network("unet"), job, grey(1, 400, 300), DESCRIPTION)


def test_a_network_with_neighbours_is_packed_with_a_channel_for_each(tmp_path: Path, job: TrainingJob):
    core = pytest.importorskip("bioimageio.core")
    network = make_network("unet", neighbours=1, stem="half")
    export_package(tmp_path / "m.zip", network, job, grey(3, 288, 300), DESCRIPTION)  # which tests it
    axis = core.load_description(tmp_path / "m.zip").inputs[0].axes[1]
    assert [str(name) for name in axis.channel_names] == ["grey_z-1", "grey", "grey_z+1"]
