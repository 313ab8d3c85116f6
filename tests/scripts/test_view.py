import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_results import cell_labels, degraded, raw_of

from fusionnet.volumes.stacks import write_volume


@pytest.fixture
def stacks(tmp_path: Path) -> dict[str, Path]:
    generator = np.random.default_rng(0)
    labels = cell_labels(3, 64, generator, cells=8)
    made = {"volume": raw_of(labels, generator), "probabilities": degraded(labels, 3, generator), "labels": labels}
    for name, stack in made.items():
        write_volume(tmp_path / f"{name}.tif", stack, {})
    return {name: tmp_path / f"{name}.tif" for name in made}


def run_here(monkeypatch: pytest.MonkeyPatch, **options: object) -> int:
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    monkeypatch.setattr(sys, "argv", ["scripts/view.py", *words])
    try:
        runpy.run_path("scripts/view.py", run_name="__main__")
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_the_page_is_written_beside_the_probabilities_and_its_bytes_are_the_same_again(
    stacks: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert run_here(monkeypatch, **stacks) == 0
    page = stacks["probabilities"].with_suffix(".html")
    assert f"{page}: " in capsys.readouterr().err
    first = page.read_bytes()
    assert b"largest mergers" in first and b'id="canvas"' in first
    assert run_here(monkeypatch, **stacks) == 0
    assert page.read_bytes() == first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"around": "1,2"}, "--around: got '1,2', expected Z,Y,X"),
        ({"probabilities": "https://example.org/p.zarr"}, "say with --page which file to write"),
        ({"threshold": 7}, "--threshold: got 7, expected a probability of 0 to 1"),
        ({"threshold": "nan"}, "--threshold: got nan, expected a probability of 0 to 1"),
        ({"slices": "0-1"}, "expected (2, 64, 64)"),
        ({"labels": "missing.tif"}, "missing.tif"),
        ({"page": "VOLUME"}, "the same file as --volume"),
    ],
)
def test_a_persons_mistakes_end_in_one_line(
    stacks: dict[str, Path],
    options: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    given = stacks | {name: str(stacks["volume"]) if value == "VOLUME" else value for name, value in options.items()}
    before = stacks["volume"].read_bytes()
    assert run_here(monkeypatch, **given) == 1
    stderr = capsys.readouterr().err
    assert message in stderr and len(stderr.splitlines()) == 1
    assert not list(stacks["volume"].parent.glob("*.html")) and stacks["volume"].read_bytes() == before
