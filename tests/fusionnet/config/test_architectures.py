"""A third network is a row and a class: from the configuration to its zoo package nothing else knows of it."""

import re
import runpy
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fusionnet.config.architectures import ARCHITECTURES, Architecture, Publication
from fusionnet.config.experiment import load
from fusionnet.config.stages import NetworkSettings, TrainingJob
from fusionnet.errors import UserError
from fusionnet.export.bioimageio import Description, example_side, export_package
from fusionnet.files import write_json
from fusionnet.models.blocks import Convolution, SegmentationNetwork
from fusionnet.models.build import CLASSES
from fusionnet.models.pretrained import load_trained
from fusionnet.style import BASELINE_COLOUR, OTHER_ARMS, OTHER_COLOURS, arm_colours, display_names
from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[3]
CITED = Publication("Somebody, Nobody: A shallow network. Journal of Tests 2026", "10.1234/shallow.2026")
ORIGIN = {
    "dataset": "noise",
    "description": "Stripes.",
    "voxel_size_zyx_nm": [50.0, 4.0, 4.0],
    "citation": "Nobody, Noise 2026",
    "licence": "any",
}


class Shallow(SegmentationNetwork):
    """One level, with or without a shortcut."""

    def __init__(self, width: int, residual: bool = True):
        super().__init__()
        self.shortcut = residual
        self.first, self.second = Convolution(1, width), Convolution(width, width)
        self.head = nn.Conv2d(width, 1, 1)

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        return self.head(x + self.second(x) if self.shortcut else self.second(x))


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> Architecture:
    """The third network, registered for one test."""
    row = Architecture("Shallow network", CITED, "#123456", switches=("residual",))
    monkeypatch.setitem(ARCHITECTURES, "shallow", row)
    monkeypatch.setitem(CLASSES, "shallow", Shallow)
    monkeypatch.chdir(ROOT)
    return row


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Run a script in this process, which spares starting torch again."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}

    def run(name: str, *words: object) -> None:
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        runpy.run_path(str(ROOT / "scripts" / name), run_name="__main__")

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_configuration_takes_it_with_its_own_switches_alone(shallow: Architecture) -> None:
    arm = {"architecture": "shallow", "width": 2, "residual": False}
    config = load("phantom", {"arms": ["unet", "shallow"], "network": {"shallow": arm}})
    assert config.training_job("shallow", "test", 0).network.residual is False
    with pytest.raises(UserError, match="got chain; architecture 'shallow' takes only 'width', 'residual'"):
        load("phantom", {"network": {"shallow": arm | {"chain": 2}}})
    with pytest.raises(
        UserError, match=r"got 'shalow'; expected one of fusionnet, unet, shallow \(did you mean 'shall"
    ):
        load("phantom", {"network": {"shallow": arm | {"architecture": "shalow"}}})
    assert display_names(["shallow", "shallow-3-slices"]) == {
        "shallow": "Shallow network",
        "shallow-3-slices": "Shallow network, 3 slices",
    }
    assert arm_colours(["fusionnet", "shallow"])["shallow"] == "#123456"


def test_it_is_trained_published_and_packed_under_its_own_name(
    shallow: Architecture, script, training_job, augmented, tmp_path: Path
) -> None:
    job = training_job(epochs=1).model_copy(update={"network": load_arm()})
    for name, stack in zip(("volume", "labels"), augmented, strict=True):
        write_volume(tmp_path / f"{name}.tif", stack, {})
    folder = tmp_path / "seed-5"
    script(
        "train.py",
        *("--config", job.model_dump_json(), "--volume", tmp_path / "volume.tif", "--labels", tmp_path / "labels.tif"),
        *(
            "--checkpoint",
            folder / "checkpoint.pt",
            "--history",
            folder / "history.csv",
            "--work-folder",
            tmp_path / "w",
        ),
    )
    write_json(folder / "metrics.json", {"v_rand": 0.9, "v_rand_threshold": 0.5, "v_info": 0.95})
    write_json(folder / "prediction-time.json", {"orientations": 8})
    write_json(tmp_path / "ORIGIN.json", ORIGIN)
    words = ("--origin", tmp_path / "ORIGIN.json", "--name", "shallow-noise", "--folder", tmp_path)
    script("publish.py", "--replicates", folder, *words)
    card = (tmp_path / "shallow-noise.md").read_text()
    assert "Shallow network of width 3" in card and ORIGIN["citation"] in card
    assert CITED.text in card and CITED.doi in card and "Ronneberger" not in card and "Quan" not in card

    network, read, _ = load_trained(tmp_path / "shallow-noise.safetensors")
    assert isinstance(network, Shallow) and read == job
    _packed(tmp_path / "m.zip", network, read)


def load_arm() -> object:
    return load(
        "phantom", {"arms": ["shallow"], "network": {"shallow": {"architecture": "shallow", "width": 3}}}
    ).network["shallow"]


def _packed(path: Path, network: SegmentationNetwork, job: TrainingJob) -> None:
    core = pytest.importorskip("bioimageio.core")
    side = example_side(network)
    grey = np.random.default_rng(0).integers(0, 256, (1, side, side)).astype(np.float32)
    export_package(path, network, job, grey, Description("shallow membranes", "A. Person", "MIT", "noise"))
    model = core.load_description(path)
    assert [(entry.text, str(entry.doi)) for entry in model.cite] == [(CITED.text, CITED.doi)]


def test_every_architecture_is_complete() -> None:
    assert CLASSES.keys() == ARCHITECTURES.keys()
    taken = [*OTHER_COLOURS, BASELINE_COLOUR, *(colour for _, colour in OTHER_ARMS.values())]
    colours = [row.colour for row in ARCHITECTURES.values()]
    assert len({*colours, *taken}) == len(colours) + len(taken), "two arms of one colour"
    docs = "".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    for name, row in ARCHITECTURES.items():
        assert row.title and row.publication.text and row.title in docs, name
        assert re.fullmatch(r"10\.\d{4,}/\S+", row.publication.doi), name
        assert re.fullmatch(r"#[0-9A-F]{6}", row.colour), name
        assert set(row.switches) <= NetworkSettings.model_fields.keys() - {"architecture", "width"}, name


def test_reading_a_configuration_starts_no_torch() -> None:
    from fusionnet.workflow.code import project_files

    files = [ROOT / file for file in project_files("fusionnet/config/experiment.py") if file.endswith(".py")]
    assert ROOT / "fusionnet/config/architectures.py" in files
    assert [file for file in files if re.search(r"^(import|from) torch", file.read_text(), re.M)] == []
