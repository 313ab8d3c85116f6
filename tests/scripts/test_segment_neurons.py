"""scripts/segment.py --neurons: a label volume of anyone's volume, from the command line."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    """Run the script in this process, which spares starting anew."""

    def run(*words: object) -> None:
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", ["segment.py", *map(str, words)])
        runpy.run_path(str(ROOT / "scripts/segment.py"), run_name="__main__")

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Probabilities, grey values, labels and neurons of cells that drift from slice to slice."""
    folder = tmp_path_factory.mktemp("cells")
    z, y, x = np.mgrid[:5, :96, :96]
    rim = ((y + 2 * z) % 24 < 3) | ((x + z) % 32 < 3)
    noise = np.random.default_rng(0).normal(0, 0.06, rim.shape)
    probabilities = np.clip(np.where(rim, 0.15, 0.85) + noise, 0, 1).astype(np.float32)
    neurons = np.where(rim, 0, 1 + (y + 2 * z) // 24 * 100 + (x + z) // 32)
    write_volume(folder / "p.tif", probabilities, {})
    write_volume(folder / "v.tif", (probabilities * 200).astype(np.uint8), {})
    write_volume(folder / "labels.tif", np.where(rim, 0, 255).astype(np.uint8), {})
    write_volume(folder / "neurons.tif", neurons.astype(np.uint16), {})
    return folder


def inputs(folder: Path) -> list[object]:
    return ["--probabilities", folder / "p.tif", "--volume", folder / "v.tif"]


def test_neurons_of_a_volume_that_nothing_is_known_of(script, folder: Path, tmp_path: Path):
    script(*inputs(folder), "--neurons", tmp_path / "n.tif", "--level", "0.5", "--log", tmp_path / "log.txt")
    found = tifffile.imread(tmp_path / "n.tif")
    truth = tifffile.imread(folder / "neurons.tif")
    assert found.dtype == np.uint16 and f"{found.max()} neurons in 5 slices" in (tmp_path / "log.txt").read_text(
        encoding="utf-8"
    )
    largest = np.bincount(truth[truth > 0]).argmax()
    assert np.bincount(found[truth == largest]).max() > 0.9 * (truth == largest).sum()


def test_ome_zarr_opens_as_labels(script, folder: Path, tmp_path: Path):
    learned = ("--labels", folder / "labels.tif", "--train-slices", "0-3")
    script(*inputs(folder), "--neurons", tmp_path / "n.zarr", *learned)
    assert zarr.open_array(tmp_path / "n.zarr/0", mode="r").dtype == np.uint32
    attributes = dict(zarr.open_group(tmp_path / "n.zarr", mode="r").attrs)
    assert attributes["fusionnet"]["level"] == 0.4 and "image-label" in attributes["ome"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--neurons", "p.tif"], "p.tif"),
        (["--neurons", "n.png"], "n.png: cannot be written; expected"),
    ],
)
def test_what_cannot_be_is_refused(
    script, folder: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(SystemExit):
        script(*inputs(folder), words[0], folder / words[1])
    assert message in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
