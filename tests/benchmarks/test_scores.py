"""The two benchmarks of the scores run, and what they compare with is right."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from fusionnet.evaluate.isbi import score_stack

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def labels() -> np.ndarray:
    """Twelve cells a slice, walls of 2 to 4 pixels."""
    truth = np.ones((2, 60, 70), np.uint8)
    truth[:, 19:21] = truth[:, 40:44] = truth[:, :, 15:17] = truth[:, :, 33:36] = truth[:, :, 52:54] = 0
    return truth


def test_plain_implementation_agrees(labels: np.ndarray) -> None:
    noise = 0.3 * np.random.default_rng(0).standard_normal(labels.shape)
    proposal = np.clip(labels + noise, 0, 1).astype(np.float32)
    scores = score_stack(labels, proposal)
    expected = load("scores").plain_scores(labels[1], proposal[1])
    ours = np.stack([scores.per_slice["v_rand"][1], scores.per_slice["v_info"][1]], axis=1)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


def test_slips_are_measured(
    labels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for z, plane in enumerate(labels):
        Image.fromarray(plane * np.uint8(255)).save(tmp_path / f"{z}.png")
    slips = load("score_slips")
    monkeypatch.setattr(sys, "argv", ["score_slips.py", "--labels", str(tmp_path)])
    slips.main()  # asserts that without a slip it equals score_stack
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    changes = {name: (float(rand), float(info)) for name, rand, info, _ in rows[2:]}
    assert len(changes) == len(slips.SLIPS) + 1
    assert changes["the truth's membrane counted as a cell"][0] < -0.05
    assert changes["best threshold for each slice"] >= (0, 0)
    assert changes["thresholds k / 10, the last one 1.0"] <= (0, 0)
