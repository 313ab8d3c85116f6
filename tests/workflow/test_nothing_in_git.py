"""Nothing of a dataset is in git: no stack, no slice, and what DVC stores is ignored."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo
from small_project import ROOT

from fusionnet.download.datasets import DATASETS

VOLUMES = {".tif", ".tiff", ".h5", ".hdf5", ".hdf", ".zarr", ".npy", ".npz", ".nrrd", ".pt", ".pkl"}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("needs git's list of files, and this is no git repository")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listing.stdout.split("\0") if name]


def test_the_data_folder_holds_its_readme_alone(tracked: list[Path]):
    assert [path for path in tracked if path.parts[0] == "data"] == [Path("data/README.md")]


def test_no_volume_and_no_checkpoint(tracked: list[Path]):
    assert [path for path in tracked if path.suffix in VOLUMES or ".zarr" in path.parts] == []


def test_no_file_of_a_published_dataset(tracked: list[Path]):
    sources = [dataset.source for dataset in DATASETS.values() if dataset.is_published]
    published = {digest for source in sources for digest in source.sha256.values()}
    assert len(published) >= 90
    files = [ROOT / path for path in tracked if (ROOT / path).is_file()]
    assert [path for path in files if hashlib.sha256(path.read_bytes()).hexdigest() in published] == []


def test_git_ignores_what_dvc_stores(tracked: list[Path]):
    with Repo(ROOT) as repo:
        stored = [Path(out.fs_path).relative_to(ROOT).as_posix() for out in repo.index.outs if out.use_cache]
    assert any(path.startswith("data/raw/") for path in stored)
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(stored),
        capture_output=True,
        text=True,
    )
    assert set(ignored.stdout.split("\n")) - {""} == set(stored)
