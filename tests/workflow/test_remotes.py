"""Results travel with their record: `make push` here, `git clone` and `make pull` there, and all that can go wrong."""

import hashlib
import json
from pathlib import Path

import pytest
from small_project import Command, command_in

from fusionnet.volumes.volume import read_volume

pytestmark = pytest.mark.slow


@pytest.fixture
def pushed(repository: Path, tmp_path: Path) -> Path:
    """The repository after `make push` into the folder `store` beside it."""
    run = command_in(repository)
    run(f"dvc remote add --default store {tmp_path / 'store'} && git commit -qam remote")
    run("python scripts/records.py push")
    return repository


@pytest.fixture
def clone(pushed: Path, tmp_path: Path) -> Path:
    command_in(tmp_path)("git clone -q repository clone")
    return tmp_path / "clone"


def object_of(clone: Path, tmp_path: Path, name: str) -> Path:
    """Return the file in the remote that an output of the pipeline is stored as."""
    stored = (clone / "dvc.lock").read_text().partition(f"path: {name}\n")[2]
    digest = stored.partition("md5: ")[2][:32]
    return tmp_path / "store/files/md5" / digest[:2] / digest[2:]


def assert_not_current(run: Command) -> None:
    assert "Nothing to be done" not in run("snakemake --dry-run").stdout


def test_a_clone_has_the_same_bytes_and_nothing_to_do(pushed: Path, clone: Path):
    run = command_in(clone)
    run("python scripts/records.py pull")
    assert run("dvc status dvc.yaml").stdout.strip() == "Data and pipelines are up to date."
    assert "Nothing to be done" in run("snakemake --dry-run").stdout
    for name in ("data/raw/phantom/train-volume.tif", "results/phantom/report/summary.json"):
        assert (clone / name).read_bytes() == (pushed / name).read_bytes()


def test_the_origin_of_the_raw_stacks_travels_with_them(clone: Path):
    command_in(clone)("python scripts/records.py pull")
    raw = clone / "data/raw/phantom"
    origin = json.loads((raw / "ORIGIN.json").read_text())
    assert {"dataset", "description", "citation", "licence", "stacks"} <= origin.keys()
    assert {f"{name}.tif" for name in origin["stacks"]} == {path.name for path in raw.glob("*.tif")}
    for name, stack in origin["stacks"].items():
        pixels = read_volume(raw / f"{name}.tif")
        assert list(pixels.shape) == stack["shape_zyx"]
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == stack["pixel_sha256"]


@pytest.mark.parametrize("action", ["push", "pull"])
def test_without_a_remote_one_line_says_how_to_set_one(repository: Path, action: str):
    done = command_in(repository)(f"python scripts/records.py {action}", succeeds=False)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{action}: no DVC remote is set; name one: dvc remote add --default")
    assert done.stdout.count("\n") == 1


def test_a_remote_that_is_not_there(clone: Path, tmp_path: Path):
    (tmp_path / "store").rename(tmp_path / "unplugged")
    run = command_in(clone)
    done = run("python scripts/records.py pull", succeeds=False)
    assert done.returncode == 1
    assert done.stdout == f"pull: no folder {tmp_path / 'store'} (the remote 'store'); is its disk mounted?\n"
    assert_not_current(run)


def test_a_file_that_is_missing_in_the_remote(clone: Path, tmp_path: Path):
    object_of(clone, tmp_path, "results/phantom/replicates/unet/test/seed-0/checkpoint.pt").unlink()
    run = command_in(clone)
    done = run("python scripts/records.py pull", succeeds=False)
    assert done.returncode == 1
    assert "pull: phantom: missing or damaged in the remote 'store': results/phantom/replicates/unet" in done.stdout
    assert "checkpoint.pt" in done.stdout
    assert_not_current(run)


def test_a_file_that_was_damaged_in_the_remote(clone: Path, tmp_path: Path):
    stored = object_of(clone, tmp_path, "results/phantom/report/summary.json")
    stored.chmod(0o644)
    stored.write_text(stored.read_text().replace("0", "1"))
    stored.chmod(0o444)  # as DVC leaves its files, which it then trusts unless told to verify
    run = command_in(clone)
    done = run("python scripts/records.py pull", succeeds=False)
    assert done.returncode == 1
    assert "pull: phantom: missing or damaged in the remote 'store': results/phantom/report/summary.json" in done.stdout
    assert_not_current(run)
    assert not (clone / "results/phantom/report/summary.json").exists()
