"""Fixtures that all tests share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fusionnet.arithmetic import PORTABLE

os.environ.update(PORTABLE)  # the same bits and the same precision on every processor

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores: threads of one that wait for each other spin on the core that the other needs.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from counted import pytest_terminal_summary, tried  # noqa: F401 - of `make torture`
from hypothesis import HealthCheck, settings

from fusionnet.config.experiment import BASE
from fusionnet.config.reading import read_yaml
from fusionnet.config.stages import TrainingJob

# Other work on the machine is no failure.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder with reference material beside the checkout; a clone without it skips these tests."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the reference material in {SHARED}")
    return SHARED


@pytest.fixture
def training_job() -> Callable[..., TrainingJob]:
    """A function that gives a job of seconds; its keyword arguments are keys of the section `train`."""

    def make(**train: Any) -> TrainingJob:
        base = read_yaml(ROOT / BASE)
        short = {"epochs": 3, "steps_per_epoch": 4, "batch_size": 3, "loss": "bce", "device": "cpu", "compile": "never"}
        return TrainingJob.model_validate(
            {
                "arm": "unet",
                "fold": "4-4",
                "seed": 5,
                "network": {"architecture": "unet", "width": 2},
                "split": {"validation_slices": 1, "gap_slices": 1},
                "augment": base["augment"] | {"elastic_copies": 1, "crop_pixels": 32, "padding_pixels": 8},
                "train": base["train"] | short | train,
            }
        )

    return make


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """A function that returns what the package has told the person since the test began."""
    caplog.set_level("INFO", "fusionnet")
    return lambda: [record.getMessage() for record in caplog.records if record.name.startswith("fusionnet")]


@pytest.fixture
def augmented() -> tuple[np.ndarray, np.ndarray]:
    """A stack of striped tissue and its labels as the augment stage leaves them: 8 slices and one copy of each."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:48, :48]
    phase = rng.uniform(0, 12, 16)[:, None, None]
    labels = ((y + 0.4 * x + phase) % 12 > 3).astype(np.uint8)
    volume = (60 + 110 * labels + rng.normal(0, 20, labels.shape)).clip(0, 255).astype(np.uint8)
    return volume, labels
