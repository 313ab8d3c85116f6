"""Files made to run code or to reach elsewhere: nothing is run, and nothing is written but where it was asked."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import zarr

from fusionnet.config.experiment import Config
from fusionnet.config.reading import merge, read_json, read_yaml
from fusionnet.config.schema import validate
from fusionnet.download.datasets import DATASETS, CropSource, SliceSource
from fusionnet.errors import UserError
from fusionnet.models.pretrained import load_trained
from fusionnet.report.results import read_table
from fusionnet.train.states import StateFolder
from fusionnet.volumes.volume import open_volume
from fusionnet.workflow.dvc_lock import outputs_of
from fusionnet.workflow.status import find_replicates

PART = "Hostile files"
ROOT = Path(__file__).parents[2]


class Payload:
    """Makes a file when it is unpickled: a harmless stand-in for any command."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return os.mkdir, (str(self.marker),)


def pickled(marker: Path) -> bytes:
    return pickle.dumps(Payload(marker), protocol=2)


def archive(path: Path, marker: Path, name: str = "archive/data.pkl") -> None:
    """Write an archive as torch's, whose pickle makes the marker."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, pickled(marker))
        file.writestr("archive/version", "3")
        file.writestr("archive/byteorder", "little")


def as_yaml(marker: Path) -> str:
    return f"download: !!python/object/apply:os.mkdir ['{marker}']\n"


def checkpoint(path: Path, marker: Path) -> Callable[[], Any]:
    archive(path / "c.pt", marker)
    return lambda: load_trained(path / "c.pt")


def bare_pickle(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "c.pt").write_bytes(pickled(marker))
    return lambda: load_trained(path / "c.pt")


def in_the_provenance(path: Path, marker: Path) -> Callable[[], Any]:
    torch.save({"weights": {}, "job": {}, "provenance": Payload(marker)}, path / "c.pt")
    return lambda: load_trained(path / "c.pt")


def names_that_climb(path: Path, marker: Path) -> Callable[[], Any]:
    archive(path / "c.pt", marker, "../../../../data.pkl")
    return lambda: load_trained(path / "c.pt")


def renamed_to_safetensors(path: Path, marker: Path) -> Callable[[], Any]:
    archive(path / "c.safetensors", marker)
    return lambda: load_trained(path / "c.safetensors")


def state(path: Path, marker: Path) -> Callable[[], Any]:
    states = StateFolder(path, "key")
    right = states.save(3, {"a": 1})
    right.unlink()
    archive(right, marker)  # with the hash of another content
    return states.load


def state_with_its_hash(path: Path, marker: Path) -> Callable[[], Any]:
    from fusionnet.files import sha256

    archive(path / "new", marker)
    (path / "new").rename(path / f"state-00000003-key-{sha256(path / 'new')[:16]}.pt")
    return StateFolder(path, "key").load


def overlay(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "o.yaml").write_text(as_yaml(marker))
    return lambda: read_yaml(path / "o.yaml")


def lock(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "dvc.lock").write_text(as_yaml(marker))
    return lambda: outputs_of(path / "dvc.lock")


def heartbeat(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "unet/test/seed-0").mkdir(parents=True)
    (path / "unet/test/seed-0/heartbeat.json").write_bytes(pickled(marker))
    return lambda: find_replicates([("unet", "test", 0)], path, path)


def metrics(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "m.json").write_bytes(pickled(marker))
    return lambda: read_json(path / "m.json", [])


def slices(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "s.csv").write_text(f"slice,=cmd|'mkdir {marker}'!A0\n1,2\n")
    return lambda: read_table(path / "s.csv", ["slice"])


def objects_in_hdf5(path: Path, marker: Path) -> Callable[[], Any]:
    with h5py.File(path / "v.h5", "w") as file:
        file["raw"] = np.frombuffer(pickled(marker), np.uint8).reshape(1, 1, -1)
        file["raw"].attrs["axistags"] = as_yaml(marker)
    return lambda: open_volume(f"{path / 'v.h5'}:raw").read_all()


def objects_in_zarr(path: Path, marker: Path) -> Callable[[], Any]:
    array = zarr.create_array(path / "v.zarr", shape=(1, 4, 4), dtype="u1", zarr_format=2)
    array[:] = 1
    content = json.loads((path / "v.zarr/.zarray").read_text())
    content |= {"dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}]}
    (path / "v.zarr/.zarray").write_text(json.dumps(content))
    for chunk in (path / "v.zarr").glob("[0-9]*"):
        chunk.write_bytes(pickled(marker))
    return lambda: open_volume(path / "v.zarr").read_all()


def objects_in_a_stack(path: Path, marker: Path) -> Callable[[], Any]:
    (path / "v.tif").write_bytes(pickled(marker))
    return lambda: open_volume(path / "v.tif").read_all()


HOSTILE = (
    *(checkpoint, bare_pickle, in_the_provenance, names_that_climb, renamed_to_safetensors, state, state_with_its_hash),
    *(overlay, lock, heartbeat, metrics, slices, objects_in_hdf5, objects_in_zarr, objects_in_a_stack),
)


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_the_payload_would_be_seen(tmp_path: Path) -> None:
    pickle.loads(pickled(tmp_path / "marker"))
    assert (tmp_path / "marker").is_dir()


def test_loading_runs_no_code_and_writes_nowhere_else(tmp_path: Path, tried: Callable[..., None]) -> None:
    """A payload in each kind of file that is loaded (pickles, YAML's tags, names in archives, objects) is never run."""
    for make in HOSTILE:
        folder, outside = tmp_path / make.__name__, tmp_path / f"{make.__name__} outside"
        folder.mkdir()
        outside.mkdir()
        load = make(folder, outside / "marker")
        before = listing(folder)
        with suppress(UserError):
            load()
        assert not listing(outside), f"{make.__name__}: the payload was run"
        new = listing(folder) - before
        assert all(Path(name).name.startswith("damaged-state") for name in new), f"{make.__name__}: wrote {new}"
    tried(len(HOSTILE))


CLIMBING = ("../outside", "/{}/outside", "a/../../outside", "..")


def test_metadata_reach_no_array_outside_of_their_folder(tmp_path: Path, tried: Callable[..., None]) -> None:
    """Paths in the metadata of OME-Zarr and precomputed volumes that lead out of their folder are refused."""
    outside = zarr.create_array(tmp_path / "outside", shape=(1, 4, 4), dtype="u1")
    outside[:] = 7
    for number, climbing in enumerate(CLIMBING):
        path = climbing.format(tmp_path)
        group = zarr.open_group(tmp_path / f"{number}.zarr", mode="w")
        axes = [{"name": axis, "type": "space"} for axis in "zyx"]
        scale = [{"type": "scale", "scale": [1, 1, 1]}]
        image = {"axes": axes, "datasets": [{"path": path, "coordinateTransformations": scale}], "version": "0.5"}
        group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
        with pytest.raises(UserError):
            open_volume(tmp_path / f"{number}.zarr").read_all()
        folder = tmp_path / f"precomputed-{number}"
        folder.mkdir()
        scales = [
            {"key": path, "size": [4, 4, 1], "chunk_sizes": [[4, 4, 1]], "resolution": [1, 1, 1], "encoding": "raw"}
        ]
        info = {"type": "image", "data_type": "uint8", "num_channels": 1, "scales": scales}
        (tmp_path / "outside/0-4_0-4_0-1").write_bytes(bytes([7] * 16))
        (folder / "info").write_text(json.dumps(info | {"@type": "neuroglancer_multiscale_volume"}))
        with pytest.raises(UserError):
            open_volume(folder).read_all()
    tried(2 * len(CLIMBING))


NAMES = ("<b>x</b>", "a b", "../x", "x;rm", "x'y", "", "é", "a/b", "-x", "{x}")


def test_names_of_arms_and_folds_are_words(tried: Callable[..., None]) -> None:
    """Names that reach pages, paths and command lines are letters, digits, `-` and `_`, or refused."""
    base = merge(read_yaml(ROOT / "config/config.yaml"), read_yaml(ROOT / "config/experiments/phantom.yaml"))
    network = base["network"]["unet"]

    def overlay(arm: str, fold: str) -> dict[str, Any]:
        return base | {"arms": [arm], "network": {arm: network}, "folds": [fold]}

    assert validate(Config, overlay("a-good_Name2", "25-29"), "harmless").arms == ["a-good_Name2"]
    for name in NAMES:
        with pytest.raises(UserError, match=r"arms|network"):
            validate(Config, overlay(name, "test"), "hostile")
        with pytest.raises(UserError, match="folds"):
            validate(Config, overlay("unet", name), "hostile")
    tried(2 * len(NAMES))


def test_datasets_come_by_https_with_their_hashes(tried: Callable[..., None]) -> None:
    """Every dataset is declared with an https address, and has SHA-256 sums."""
    sources = [each.source for each in DATASETS.values() if isinstance(each.source, SliceSource | CropSource)]
    assert sources
    for source in sources:
        assert source.url.startswith("https://") and source.sha256
        assert all(len(digest) == 64 for digest in source.sha256.values())
        if isinstance(source, CropSource):
            assert source.listing_url.startswith("https://")
    tried(len(sources))
