"""Servers that stall, vanish, send pages or send us elsewhere: one line, exit code 1, and nothing half-written."""

import hashlib
import io
import json
import os
import re
import runpy
import socket
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from local_server import Server, serve
from PIL import Image

from fusionnet.config.experiment import load
from fusionnet.download import fetch
from fusionnet.download.datasets import DATASETS, NUCLEI_STACKS, CropSource, Dataset, SliceSource, SliceStack
from fusionnet.volumes.volume import read_volume

PART = "Downloads"
ROOT = Path(__file__).parents[2]
PAGE = b"<!DOCTYPE html><html>Please log in</html>"
MOST_SECONDS = 600  # of one attempt on a starved machine; what stalls is waited for for half a second here
STACK = np.random.default_rng(7).integers(0, 256, (2, 16, 16), np.uint8)
FOLDERS = {"train": ("Image/train", "Label/train"), "test": ("Image/val", "Label/val")}


def png(plane: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(plane).save(buffer, "PNG")
    return buffer.getvalue()


def hdf5(stack: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["main"] = stack
    return buffer.getvalue()


def of_slices(server: Server) -> Dataset:
    """Return a dataset of two stacks of two slices, which the server has from then on."""
    stacks = []
    for name in ("train-volume", "train-labels"):
        stacks.append(SliceStack(name, name, STACK.shape, hashlib.sha256(STACK.tobytes()).hexdigest()))
        server.files |= {path: png(plane) for path, plane in zip(stacks[-1].files, STACK, strict=True)}
    sums = {path: hashlib.sha256(content).hexdigest() for path, content in server.files.items()}
    names = ("train-volume", "train-labels")
    return Dataset("noise", "Noise.", "Nobody", "any", None, names, SliceSource(server.url, tuple(stacks), sums))


def of_crops(server: Server) -> Dataset:
    """Return a dataset of small volumes whose hashes the server does not tell, which it has from then on."""
    for images, labels in FOLDERS.values():
        server.files |= {f"{images}/img_0.h5": hdf5(STACK), f"{labels}/seg_0.h5": hdf5(STACK // 100)}
        for folder, file in ((images, "img_0.h5"), (labels, "seg_0.h5")):
            server.files[f"tree/{folder}"] = json.dumps([{"path": f"{folder}/{file}"}]).encode()
    source = CropSource(server.url, f"{server.url}tree/", FOLDERS, "main", {})
    return Dataset("noise", "Noise.", "Nobody", "any", None, NUCLEI_STACKS, source, "nuclei")


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server; one that stalls is waited for for half a second, not for half a minute."""
    monkeypatch.delenv(fetch.MIRROR_VARIABLE, raising=False)
    monkeypatch.chdir(ROOT)
    if re.search(r"stalls|never answers", request.node.name):
        monkeypatch.setattr(fetch, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(fetch, "MOST_BYTES", 100_000)
    monkeypatch.setattr("pooch.core.time", types.SimpleNamespace(sleep=lambda seconds: None))  # between two tries
    with serve() as answers:
        yield answers


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another host: another port of this machine."""
    with serve() as answers:
        yield answers


@pytest.fixture
def download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Dataset], tuple[object, str]]:
    """A function that runs the script for a dataset here; it returns the exit code and what was said."""

    def run(dataset: Dataset) -> tuple[object, str]:
        monkeypatch.setitem(DATASETS, "noise", dataset)
        section = load("phantom", {"folds": ["0-0"], "download": {"dataset": "noise"}}).download.model_dump_json()
        words = ["--config", section, "--output-folder", tmp_path / "raw/noise", "--cache-folder", tmp_path / "cache"]
        monkeypatch.setattr(sys, "argv", ["download.py", *map(str, words)])
        start = time.monotonic()
        try:
            runpy.run_path(str(ROOT / "scripts/download.py"), run_name="__main__")
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        finally:
            assert time.monotonic() - start < MOST_SECONDS
        return 0, capsys.readouterr().err

    return run


def assert_refused(answer: tuple[object, str], words: str, folder: Path, files: dict[str, bytes]) -> None:
    """See one line with these words, no stack, and no file in the cache but whole ones."""
    code, said = answer
    assert code == 1 and words in said and said.count("\n") == 1, said
    assert "FUSIONNET_MIRROR=FOLDER" in said, "the way out"
    assert not (folder / "raw").exists()
    kept = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    assert all(path.read_bytes() == files[path.relative_to(folder / "cache/noise").as_posix()] for path in kept)


def lose(path: str) -> Callable[[Server, Server], None]:
    return lambda server, _: server.files.pop(path) and None


def send_on(path: str, address: str, **of_the_other: object) -> Callable[[Server, Server], None]:
    """Have the server send us on; ``{}`` in the address stands for the other's host and port."""

    def change(server: Server, other: Server) -> None:
        host = (server if address.endswith(path) else other).url.split("/")[2]
        server.sent_on[path] = address.format(host)
        vars(other).update(of_the_other)

    return change


def everywhere(**fields: object) -> Callable[[Server, Server], None]:
    return lambda server, _: vars(server).update(fields)


FILE = "train-volume/1.png"
OF_SLICES = {
    "never answers": (everywhere(stalls=True), "cannot be fetched (Read timed out"),
    "stalls in a file": (everywhere(stalls_in={FILE}), "cannot be fetched (Read timed out"),
    "goes away in a file": (everywhere(cut_short={FILE}), "cannot be fetched ("),
    "has lost a file": (lose(FILE), "HTTP 404"),
    "is down": (everywhere(status=503), "HTTP 503"),
    "sends a page": (everywhere(page=PAGE), "got SHA-256"),
    "sends too much": (everywhere(page=bytes(200_000)), "more than 100,000 bytes"),
    "sends us to another protocol": (send_on(FILE, "https://{}/x"), "another protocol: nothing is fetched"),
    "sends us to a file": (send_on(FILE, "file:///etc/passwd"), "another protocol: nothing is fetched"),
    "sends us to a page": (send_on(FILE, "http://{}/x", page=PAGE), "got SHA-256"),
    "sends us round": (send_on(FILE, "http://{}/" + FILE), "cannot be fetched (HTTP 302"),
}


@pytest.mark.parametrize("name", OF_SLICES)
def test_a_server_of_slices_that(
    name: str, server: Server, elsewhere: Server, download: Callable, tmp_path: Path, tried: Callable[..., None]
) -> None:
    """A server that stalls, vanishes, sends pages, too much, or us elsewhere: one line soon, nothing half-written."""
    dataset = of_slices(server)
    whole, (fault, words) = dict(server.files), OF_SLICES[name]
    fault(server, elsewhere)
    assert_refused(download(dataset), words, tmp_path, whole)
    tried(1)


LIST, CROP = "tree/Label/train", "Label/train/seg_0.h5"
OF_CROPS = {
    "never answers": (everywhere(stalls=True), "the list of files cannot be fetched (Read timed out"),
    "stalls in its list": (everywhere(stalls_in={LIST}), "the list of files cannot be fetched (Read timed out"),
    "stalls in a file": (everywhere(stalls_in={CROP}), "cannot be fetched (Read timed out"),
    "goes away in a file": (everywhere(cut_short={CROP}), "cannot be fetched ("),
    "has lost a file": (lose(CROP), "HTTP 404"),
    "sends a page": (everywhere(page=PAGE), "got no list of files in JSON"),
    "sends a page for a file": (send_on(CROP, "/" + LIST), "something else than HDF5"),
    "sends too much": (everywhere(page=bytes(200_000)), "more than 100,000 bytes"),
    "has its list elsewhere": (send_on(LIST, "http://{}/x", page=b"[]"), "another host: nothing is fetched"),
    "has files without hash elsewhere": (send_on(CROP, "http://{}/x", page=PAGE), "another host: nothing is fetched"),
    "has files at another protocol": (send_on(CROP, "https://{}/x"), "another protocol: nothing is fetched"),
    "has a list without an end": (
        lambda server, _: server.headers.update({LIST: {"Link": f'<{server.url}{LIST}>; rel="next"'}}),
        "goes on at",
    ),
}


@pytest.mark.parametrize("name", OF_CROPS)
def test_a_server_of_small_volumes_that(
    name: str, server: Server, elsewhere: Server, download: Callable, tmp_path: Path, tried: Callable[..., None]
) -> None:
    """A server that stalls, vanishes, sends pages, too much, or us elsewhere: one line soon, nothing half-written."""
    dataset = of_crops(server)
    whole, (fault, words) = dict(server.files), OF_CROPS[name]
    fault(server, elsewhere)
    assert_refused(download(dataset), words, tmp_path, whole)
    tried(1)


def test_files_with_a_hash_may_lie_elsewhere(server: Server, elsewhere: Server, download: Callable, tmp_path: Path):
    """As those of Hugging Face do."""
    dataset = of_slices(server)
    elsewhere.files["store"] = server.files[FILE]
    send_on(FILE, "http://{}/store")(server, elsewhere)
    code, said = download(dataset)
    assert code == 0, said
    np.testing.assert_array_equal(read_volume(tmp_path / "raw/noise/train-volume.tif"), STACK)


def test_the_same_command_goes_on_when_the_server_is_back(server: Server, download: Callable, tmp_path: Path):
    dataset = of_crops(server)
    server.cut_short = {CROP}
    assert download(dataset)[0] == 1
    server.cut_short = set()
    code, said = download(dataset)
    assert code == 0, said
    np.testing.assert_array_equal(read_volume(tmp_path / "raw/noise/train-instances.tif") > 0, STACK >= 100)


DIGEST = "0" * 64
DAMAGED = {
    "raw/noise/ORIGIN.json": (b"", b"\xff", b"{", b"3", b"[]", b"{}", b'{"dataset": "noise", "file_sha256": ["a"]}'),
    "cache/noise/SHA256SUMS": (b"\xff", b"one-word", PAGE.replace(b" ", b"")),
}
CLIMBING = ("../../x.h5", "Image/train/../x.h5", "/tmp/x.h5", "Image/train/..", "x.h5")


@pytest.mark.parametrize("file", DAMAGED)
def test_damaged_records_of_an_earlier_download(
    file: str, server: Server, download: Callable, tmp_path: Path, tried: Callable[..., None]
) -> None:
    """Records of an earlier download that are damaged, or name files elsewhere: refused in a line, nothing fetched."""
    dataset = of_crops(server)
    hostile = [
        json.dumps({"dataset": "noise", "file_sha256": {name: DIGEST}}).encode()
        if file.endswith(".json")
        else f"{DIGEST}  {name}\n".encode()
        for name in CLIMBING
    ]
    (tmp_path / file).parent.mkdir(parents=True)
    for content in (*DAMAGED[file], *hostile):
        (tmp_path / file).write_bytes(content)
        code, said = download(dataset)
        assert code == 1 and said.count("\n") == 1 and Path(file).name in said, said
        assert not server.requested and [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / file]
    tried(len(DAMAGED[file]) + len(CLIMBING))


def test_what_a_killed_download_left_is_removed_by_the_next(server: Server, download: Callable, tmp_path: Path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = socket.gethostname()
    lefts = [tmp_path / f"raw/.noise.{host}-{number}" for number in (ended.pid, os.getpid(), os.getppid())]
    for left in lefts:
        left.mkdir(parents=True)
        (left / "train-volume.tif").write_bytes(b"half")
    assert download(of_slices(server))[0] == 0
    assert [left.exists() for left in lefts] == [False, False, True], "the last is of a process that lives"
