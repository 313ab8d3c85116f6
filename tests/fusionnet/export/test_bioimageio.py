"""A package of the BioImage Model Zoo: it passes the zoo's own test, and gives the answers that are given here."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import make_network

from fusionnet.config.experiment import load
from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError
from fusionnet.export.bioimageio import Description, example_side, export_package, halo_of
from fusionnet.export.onnx import Standalone


def grey(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> TrainingJob:
    monkeypatch.chdir(Path(__file__).parents[3])
    return load("phantom").training_job("unet", "test", 0)


DESCRIPTION = Description("membranes of a test", "A. Person", "MIT", "noise")


def test_the_package_passes_the_zoos_own_test(tmp_path: Path, job: TrainingJob):
    core = pytest.importorskip("bioimageio.core")
    network = make_network("unet")
    export_package(tmp_path / "m.zip", network, job, grey(1, 400, 300), DESCRIPTION)
    with zipfile.ZipFile(tmp_path / "m.zip") as package:
        assert {"weights.onnx", "weights.torchscript.pt", "documentation.md"} <= set(package.namelist())
    model = core.load_description(tmp_path / "m.zip")
    assert model.inputs[0].axes[2].size.step == 16 and model.outputs[0].axes[2].halo == halo_of(network) == 112
    assert core.test_model(model).status == "passed"
    levels = grey(1, 1, 320, 304)
    sample = core.create_prediction_pipeline(model, weight_format="torchscript")
    tensor = core.Tensor.from_numpy(levels, dims=("batch", "channel", "y", "x"))
    found = sample.predict_sample_without_blocking(core.Sample(members={"grey": tensor}, stat={}, id="s"))
    with torch.inference_mode():
        expected = Standalone(network)(torch.from_numpy(levels)).numpy()
    # The zoo's runner mirrors the image by the halo; pixels that see no border are the same.
    inner = np.s_[..., halo_of(network) : -halo_of(network), halo_of(network) : -halo_of(network)]
    np.testing.assert_allclose(found.members["probability"].data.to_numpy()[inner], expected[inner], atol=1e-4)
    assert expected[inner].std() > 0.01


def test_the_halo_is_what_the_network_sees():
    assert halo_of(make_network("fusionnet")) == 256 and halo_of(make_network("fusionnet", chain=2)) == 496
    assert example_side(make_network("unet")) == 2 * 112 + 64


def test_too_small_an_example_is_refused(tmp_path: Path, job: TrainingJob):
    pytest.importorskip("bioimageio.core")
    with pytest.raises(UserError, match="expected 288 at least"):
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
