"""A new dataset of slices is a row of the table: it is configured, fetched, verified and planned by it alone."""

import hashlib
import io
import json
import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from local_server import Server, serve
from PIL import Image

from fusionnet.config.experiment import Config, load
from fusionnet.download.datasets import DATASETS, STACK_NAMES, CropSource, Dataset, SliceSource, SliceStack
from fusionnet.download.fetch import MIRROR_VARIABLE
from fusionnet.download.raw_stacks import stacks_of
from fusionnet.volumes.volume import read_volume

ROOT = Path(__file__).parents[3]
SHAPE = (12, 32, 32)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as answers:
        yield answers


@pytest.fixture
def stripes(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The stacks of a dataset `stripes`, registered for one test, that a server on this machine has."""
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.chdir(ROOT)
    rng = np.random.default_rng(3)
    volume = rng.integers(0, 256, SHAPE, dtype=np.uint8)
    stacks = {"train-volume": volume, "train-labels": np.where(volume > 90, 255, 0).astype(np.uint8)}
    for name, stack in stacks.items():
        for z, grey in enumerate(stack):
            buffer = io.BytesIO()
            Image.fromarray(grey).save(buffer, "PNG")
            server.files[f"{name}/{z}.png"] = buffer.getvalue()
    sha256 = {path: hashlib.sha256(content).hexdigest() for path, content in server.files.items()}
    parts = [
        SliceStack(name, name, SHAPE, hashlib.sha256(stack.tobytes()).hexdigest()) for name, stack in stacks.items()
    ]
    source = SliceSource(server.url, tuple(parts), sha256)
    row = Dataset("stripes", "Noise in slices.", "Nobody 2026", "any", (40.0, 5.0, 5.0), tuple(stacks), source)
    monkeypatch.setitem(DATASETS, "stripes", row)
    return stacks


def configured() -> Config:
    return load("phantom", {"folds": ["3-4"], "download": {"dataset": "stripes"}})


def test_it_is_configured_fetched_and_verified(
    stripes: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured()
    assert config.raw_name("mine") == "stripes", "a published dataset is shared by all experiments"
    assert stacks_of(config.download) == tuple(stripes)
    assert config.download.relevant().phantom is None
    words = ["--config", config.download.model_dump_json(), "--output-folder", tmp_path / "raw"]
    words += ["--cache-folder", tmp_path / "cache", "--log", tmp_path / "download.log"]
    monkeypatch.setattr(sys, "argv", ["download.py", *map(str, words)])
    runpy.run_path("scripts/download.py", run_name="__main__")
    for name, stack in stripes.items():
        np.testing.assert_array_equal(read_volume(tmp_path / "raw" / f"{name}.tif"), stack)
    origin = json.loads((tmp_path / "raw" / "ORIGIN.json").read_text())
    source = DATASETS["stripes"].source
    assert (origin["dataset"], origin["citation"], origin["voxel_size_zyx_nm"]) == (
        "stripes",
        "Nobody 2026",
        [40, 5, 5],
    )
    assert (origin["source"], origin["file_sha256"]) == (source.url, source.sha256)
    assert "cite: Nobody 2026" in (tmp_path / "download.log").read_text()


def test_an_experiment_of_it_is_planned(
    stripes: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from snakemake.cli import main

    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))  # the Snakefile sets it
    monkeypatch.setattr(sys, "path", list(sys.path))
    words = ["phantom", "--dry-run", "--quiet", "rules", "--cores", "1", "--nolock"]
    words += ["--config", "folds=['3-4']", "download={'dataset': 'stripes'}"]
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])  # the plan looks there for its targets
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code in (0, None), caplog.text
    assert "download_stripes" in caplog.text, "the plan downloads it"
    assert "--volume data/raw/stripes/train-volume.tif" in caplog.text and "data/raw/phantom" not in caplog.text


def test_every_dataset_is_complete() -> None:
    pages = [ROOT / "README.md", ROOT / "config/README.md", *(ROOT / "docs").glob("*.md")]
    named = "".join(path.read_text() for path in [*pages, *(ROOT / "config/experiments").glob("*.yaml")])
    for name, row in DATASETS.items():
        assert row.name == name and row.description.endswith(".") and row.citation and row.licence, name
        assert {"train-volume", "train-labels"} <= set(row.stack_names) <= set(STACK_NAMES), name
        assert [row.is_published, row.is_drawn, row.is_own].count(True) == 1, name
        assert name in named, f"{name}: no page and no experiment names it"
        if isinstance(row.source, SliceSource):
            files = [file for stack in row.source.stacks for file in stack.files]
            assert sorted(row.source.sha256) == sorted(files), name
            assert {stack.name for stack in row.source.stacks} == set(row.stack_names), name
        if isinstance(row.source, CropSource):
            assert set(row.source.folders) == {"train", "test"}, name
