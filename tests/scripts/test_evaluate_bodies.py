"""scripts/evaluate_bodies.py at the prompt: what it reads, writes and refuses."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusionnet.evaluate.morphology import found_bodies, measure_sections, score_bodies
from fusionnet.files import sha256
from fusionnet.volumes.stacks import write_volume

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stacks(tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Two bodies through 6 slices; a prediction that misses a corner of one and invents a speck in slice 1."""
    instances = np.zeros((6, 24, 32), np.uint16)
    instances[:, 4:12, 5:13], instances[:, 10:20, 18:30] = 40, 7
    probabilities = np.where(instances > 0, 0.9, 0.1).astype(np.float32)
    probabilities[2:, 4:7, 5:8] = 0.2
    probabilities[1, 20:22, 2:4] = 0.8
    write_volume(tmp_path / "instances.tif", instances, {"breaks": [3]})
    write_volume(tmp_path / "probabilities.tif", probabilities, {"stage": "predict"})
    return instances, probabilities


@pytest.fixture
def evaluate(tmp_path: Path, stacks: tuple, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the script in this process on the stacks, with further options; files are written to tmp_path."""

    def call(*options: str, labels: str = "instances.tif", probabilities: str = "probabilities.tif") -> int:
        given = {"labels": labels, "probabilities": probabilities, "metrics": "bodies.json", "bodies": "bodies.csv"}
        words = [word for key, name in given.items() for word in (f"--{key}", str(tmp_path / name))]
        monkeypatch.setattr(sys, "argv", ["evaluate_bodies.py", *words, *options])
        try:
            runpy.run_path(str(ROOT / "scripts/evaluate_bodies.py"), run_name="__main__")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


def test_writes_scores_and_a_row_for_each_section(evaluate: Callable[..., int], stacks: tuple, tmp_path: Path) -> None:
    assert evaluate("--log", str(tmp_path / "log/bodies.log")) == 0
    instances, probabilities = stacks
    found = found_bodies(probabilities, [3])
    written = json.loads((tmp_path / "bodies.json").read_text())
    expected = score_bodies(instances, found)
    assert {key: written[key] for key in expected} == expected
    assert written["threshold"] == 0.5 and written["bodies_found"] == 5, "bodies run across the break"
    assert written["provenance"]["probabilities"]["sha256"] == sha256(tmp_path / "probabilities.tif")
    table = pd.read_csv(tmp_path / "bodies.csv")
    assert list(table) == ["of", "slice", "body", "area_pixels", "perimeter_pixels", "eccentricity", "cut"]
    for name, numbers in (("truth", instances), ("found", found)):
        measured = measure_sections(numbers)
        rows = table[table["of"] == name]
        np.testing.assert_allclose(rows["perimeter_pixels"], measured["perimeter_pixels"], rtol=1e-5)
        assert rows["area_pixels"].tolist() == measured["area_pixels"].tolist()
    assert f"Dice {expected['dice']:.6f}" in (tmp_path / "log/bodies.log").read_text()


def test_slices_are_chosen_and_the_break_moves_with_them(evaluate: Callable[..., int], stacks, tmp_path: Path) -> None:
    write_volume(tmp_path / "part.tif", stacks[1][2:5], {})
    assert evaluate("--label-slices", "2-4", probabilities="part.tif") == 0
    written = json.loads((tmp_path / "bodies.json").read_text())
    assert (written["bodies_true"], written["bodies_found"]) == (2, 4)
    assert evaluate("--label-slices", "3-5", probabilities="part.tif") == 0
    assert json.loads((tmp_path / "bodies.json").read_text())["bodies_found"] == 2


def test_a_mask_will_do(evaluate: Callable[..., int], stacks: tuple, tmp_path: Path) -> None:
    write_volume(tmp_path / "mask.tif", ((stacks[0] > 0) * 255).astype(np.uint8), {})
    assert evaluate(labels="mask.tif") == 0
    assert json.loads((tmp_path / "bodies.json").read_text())["bodies_true"] == 2


def test_the_same_bytes_again(evaluate: Callable[..., int], tmp_path: Path) -> None:
    assert evaluate() == 0
    first = [(tmp_path / name).read_bytes() for name in ("bodies.json", "bodies.csv")]
    assert evaluate() == 0
    assert first == [(tmp_path / name).read_bytes() for name in ("bodies.json", "bodies.csv")]


def test_nothing_found_is_a_result(evaluate: Callable[..., int], stacks: tuple, tmp_path: Path) -> None:
    write_volume(tmp_path / "none.tif", np.zeros_like(stacks[1]), {})
    assert evaluate(probabilities="none.tif") == 0
    assert json.loads((tmp_path / "bodies.json").read_text())["dice"] == 0
    assert set(pd.read_csv(tmp_path / "bodies.csv")["of"]) == {"truth"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"probabilities": "one.tif"}, "both must cover the same"),
        ({"labels": "empty.tif"}, "no pixel is above 0"),
        ({"probabilities": "logits.tif"}, "expected probabilities in 0..1"),
        ({"labels": "missing.tif"}, "no such file"),
    ],
)
def test_mistakes_end_in_one_line_and_leave_nothing(
    evaluate: Callable[..., int], stacks: tuple, tmp_path: Path, capfd: pytest.CaptureFixture, options, complaint: str
) -> None:
    write_volume(tmp_path / "one.tif", stacks[1][:1], {})
    write_volume(tmp_path / "empty.tif", np.zeros_like(stacks[0]), {})
    write_volume(tmp_path / "logits.tif", stacks[1] * 9 - 4, {})
    assert evaluate(**options) == 1
    errors = capfd.readouterr().err
    assert complaint in errors and len(errors.splitlines()) == 1
    assert not (tmp_path / "bodies.json").exists() and not (tmp_path / "bodies.csv").exists()


def test_it_is_a_command(stacks: tuple, tmp_path: Path) -> None:
    names = {"labels": "instances.tif", "probabilities": "probabilities.tif", "metrics": "m.json", "bodies": "b.csv"}
    words = [word for key, name in names.items() for word in (f"--{key}", name)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/evaluate_bodies.py"), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert "2 bodies in the truth, 5 found" in done.stderr
