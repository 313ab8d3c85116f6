"""Volumes at an address: read by what a region needs, or refused in one line and in bounded time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorstore
import zarr
from local_server import Server, serve
from networks import MACHINE, SETTINGS, OneLayer

from fusionnet.config.experiment import DownloadSection
from fusionnet.errors import UserError
from fusionnet.predict.predictor import Predictor
from fusionnet.predict.streaming import BlockReader, _read
from fusionnet.volumes import places
from fusionnet.volumes.fingerprint import files_fingerprint, volume_fingerprint
from fusionnet.volumes.places import Place, is_address
from fusionnet.volumes.volume import open_volume
from fusionnet.workflow.volume_job import VolumeJob

STACK = np.random.default_rng(0).integers(1, 256, (6, 64, 96), dtype=np.uint8)
NM = (50.0, 4.0, 4.0)
METADATA = {"zarr.json", ".zarray", ".zattrs", ".zgroup", "attributes.json", "info"}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve the test's folder; tries are short."""
    monkeypatch.setattr(places, "RETRIES", {"max_retries": 1, "initial_delay": "0.01s", "max_delay": "0.01s"})
    places.context.cache_clear()
    with serve() as running:
        running.folder = tmp_path
        yield running
    places.context.cache_clear()


def image(path: Path, version: int, sharded: bool = False) -> None:
    group = zarr.open_group(path, mode="w", zarr_format=version)
    shards = {"shards": (2, 64, 64)} if sharded else {}
    group.create_array("0", data=STACK, chunks=(1, 32, 32), **shards)
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    levels = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": list(NM)}]}]
    content = {"axes": axes, "datasets": levels}
    group.attrs.update({"ome": {"multiscales": [content]}} if version == 3 else {"multiscales": [content]})


def n5(path: Path) -> None:
    metadata = {"compression": {"type": "gzip"}, "dataType": "uint8", "dimensions": [96, 64, 6]}
    metadata |= {"blockSize": [32, 32, 1], "axes": list("xyz"), "resolution": [4, 4, 50], "units": ["nm"] * 3}
    store = {"driver": "n5", "kvstore": f"file://{path}/", "metadata": metadata}
    tensorstore.open(store, create=True).result().write(STACK.T).result()


def precomputed(path: Path) -> None:
    store = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{path}/"}
    store["multiscale_metadata"] = {"type": "image", "data_type": "uint8", "num_channels": 1}
    scale = {"resolution": [4, 4, 50], "encoding": "raw", "chunk_size": [32, 32, 1], "size": [96, 64, 6]}
    tensorstore.open(store | {"scale_metadata": scale}, create=True).result().write(STACK.T[..., None]).result()


KINDS: dict[str, Callable[[Path], None]] = {
    "zarr-2": lambda path: image(path, 2),
    "zarr-3": lambda path: image(path, 3),
    "zarr-3-sharded": lambda path: image(path, 3, sharded=True),
    "n5": n5,
    "precomputed": precomputed,
}


@pytest.mark.parametrize("kind", KINDS)
def test_opening_reads_metadata_and_a_region_its_chunks_alone(tmp_path: Path, server: Server, kind: str):
    KINDS[kind](tmp_path / "a folder/v")
    source = open_volume(f"{server.url}a folder/v")
    assert source.shape == STACK.shape and source.dtype == np.uint8 and source.voxel_size_nm == NM
    assert source.depth == 1
    assert {Path(path).name for path in server.requested} <= METADATA and len(server.requested) <= 14
    server.requested.clear()
    region = slice(2, 4), slice(0, 30), slice(40, 60)  # one chunk in each of two slices, of one shard
    np.testing.assert_array_equal(source.read(*region), STACK[region])
    assert len(server.requested) == 2  # of a shard, its index and then both chunks at once
    np.testing.assert_array_equal(source.read(*region), STACK[region])
    assert len(server.requested) == 2  # kept in memory
    np.testing.assert_array_equal(source.read_all(), STACK)


def test_formats_may_be_named_before_an_address_or_a_path(tmp_path: Path, server: Server):
    precomputed(tmp_path / "v")
    for name in (f"precomputed://{server.url}v/", f"precomputed://{tmp_path}/v"):
        np.testing.assert_array_equal(open_volume(name).read_all(), STACK)
    assert {Path(path).name for path in server.requested} & METADATA == {"info"}
    assert volume_fingerprint(f"precomputed://{tmp_path}/v") == volume_fingerprint(tmp_path / "v")


def test_a_level_has_axes_and_scale_of_its_image(tmp_path: Path, server: Server):
    image(tmp_path / "v.zarr", 2)
    assert open_volume(f"{server.url}v.zarr/0?token=a%2Fb").voxel_size_nm == NM
    assert open_volume(f"{server.url}v.zarr/0/").ome_version == "0.4"


def test_prediction_asks_for_the_chunks_of_its_windows(tmp_path: Path, server: Server):
    image(tmp_path / "v.zarr", 3)
    source = open_volume(f"{server.url}v.zarr")
    server.requested.clear()
    predictor = Predictor(OneLayer(), SETTINGS.model_copy(update={"padding_pixels": 0, "tile_pixels": 32}), MACHINE)
    plan = predictor.plan(range(1, 3), source.shape[1:], 1)
    blocks = BlockReader(source, plan)
    for number in range(len(plan)):
        _read(blocks, plan[number], predictor, None)
    assert {path.split("/c/")[1] for path in server.requested} == {
        f"{z}/{y}/{x}" for z in (1, 2) for y in (0, 1) for x in (0, 1, 2)
    }
    assert len(server.requested) == 12  # though windows overlap


def test_a_chunk_that_is_not_there_is_said_once(tmp_path: Path, server: Server, caplog: pytest.LogCaptureFixture):
    image(tmp_path / "v.zarr", 3)
    (tmp_path / "v.zarr/0/c/1/0/2").unlink()
    source = open_volume(f"{server.url}v.zarr")
    np.testing.assert_array_equal(source.read(slice(0, 1), slice(None), slice(None)), STACK[:1])
    assert not caplog.messages
    expected = STACK.copy()
    expected[1, :32, 64:] = 0
    for _ in range(2):
        np.testing.assert_array_equal(source.read_all(), expected)
    assert [
        message for message in caplog.messages if "chunks are missing and are read as 0" in message
    ] == caplog.messages
    assert len(caplog.messages) == 1


def refusal(name: str) -> str:
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        open_volume(name).read_all()
    assert time.monotonic() - start < 15 and "\n" not in str(caught.value) and len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize("name", ["v.zarr", "v", "v.n5", "precomputed"])
def test_servers_that_do_not_answer_as_they_should(server: Server, monkeypatch: pytest.MonkeyPatch, name: str):
    address = f"{server.url}{name}"
    missing = (
        "holds no metadata" if name == "v.zarr" else "N5 group" if name == "v.n5" else "no Zarr, N5 or precomputed"
    )
    assert missing in refusal(address)
    server.status = 403
    assert missing in refusal(address)
    server.status = 500
    assert "cannot be reached" in refusal(address) and "500" in refusal(address)
    server.status, server.page = None, b"<!DOCTYPE html><html>Please log in</html>"
    assert "a web page came back" in refusal(address)
    server.page, server.stalls = None, True
    monkeypatch.setattr(places, "METADATA_SECONDS", 0.3)
    assert "cannot be reached (TimeoutError)" in refusal(address)


def test_a_server_that_goes_away_or_sends_damaged_chunks(tmp_path: Path, server: Server):
    image(tmp_path / "v.zarr", 3)
    source = open_volume(f"{server.url}v.zarr")
    (tmp_path / "v.zarr/0/c/3/1/1").write_text("<html>")
    with pytest.raises(UserError, match="slices 0-5, rows 0-63 cannot be read") as caught:
        source.read_all()
    assert "\n" not in str(caught.value)
    image(tmp_path / "w.zarr", 3)
    source = open_volume(f"{server.url}w.zarr")
    server.status = 503
    with pytest.raises(UserError, match="503"):
        source.read(slice(5, 6), slice(None), slice(None))


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_of_whole_files_alone(tmp_path: Path, server: Server, kind: str):
    KINDS[kind](tmp_path / "v")
    server.whole = True
    if kind == "zarr-3-sharded":
        assert "shards are read by parts" in refusal(f"{server.url}v")
    else:
        np.testing.assert_array_equal(open_volume(f"{server.url}v").read_all(), STACK)


def test_no_server_and_other_formats(server: Server):
    assert "Could not connect" in refusal("http://127.0.0.1:9/v.zarr")
    assert "resolve" in refusal("https://no-such-host.invalid/v")
    assert "download the file" in refusal(f"{server.url}stack.tif")
    assert "download the file" in refusal(f"{server.url}cremi.h5:volumes/raw")


def test_chunks_that_stop_coming_end_the_run(tmp_path: Path, server: Server):
    image(tmp_path / "v.zarr", 3)
    program = (
        "import sys; from fusionnet.volumes import places; from fusionnet.volumes.volume import open_volume\n"
        "places.RETRIES = {'max_retries': 1, 'initial_delay': '0.01s', 'max_delay': '0.01s'}\n"
        "source = open_volume(sys.argv[1]); print('opened', flush=True); sys.stdin.read(1)\n"
        "source.read_all()"
    )
    environment = os.environ | {"TENSORSTORE_CURL_LOW_SPEED_TIME_SECONDS": "1"}
    command = [sys.executable, "-c", program, f"{server.url}v.zarr"]
    with subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout.readline() == "opened\n"
        server.stalls = True
        start = time.monotonic()
        _, errors = process.communicate("\n", timeout=60)
    assert "Operation too slow" in errors and "UserError" in errors and time.monotonic() - start < 30


def test_buckets_are_asked_without_an_account_unless_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    s3 = {"driver": "s3", "bucket": "cells", "path": "a/v.zarr/"}
    assert Place("s3://cells/a/v.zarr").kvstore == s3 | {"aws_credentials": {"type": "anonymous"}}
    public = {"driver": "http", "base_url": "https://storage.googleapis.com/cells/", "path": "a/v/"}
    assert Place("gs://cells/a/v/").kvstore == public
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "key.json")
    assert Place("s3://cells/a/v.zarr").kvstore == s3 | {"aws_credentials": {"type": "default"}}
    assert Place("gs://cells/a/v").kvstore == {"driver": "gcs", "bucket": "cells", "path": "a/v/"}
    for address in ("s3://cells/a", "gs://cells", "https://host/v?token=1"):
        tensorstore.KvStore.Spec(Place(address).kvstore)


@pytest.mark.parametrize("kind", ["zarr-3-sharded", "precomputed"])
def test_a_bucket_is_read(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, kind: str):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.rstrip("/"))
    KINDS[kind](tmp_path / "cells/v")
    np.testing.assert_array_equal(open_volume("s3://cells/v").read_all(), STACK)
    assert "no Zarr, N5 or precomputed" in refusal("s3://cells/w")
    server.status = 403
    assert "no Zarr, N5 or precomputed" in refusal("s3://cells/v")


@pytest.mark.parametrize("name", ["v.zarr", "v.n5", "v", "zarr://v", "n5://v", "precomputed://v"])
def test_a_folder_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)
    assert "no such file or folder" in refusal(name)


def test_places_at_an_address():
    assert all(map(is_address, ("https://a/b", "HTTP://a", "s3://a", "gs://a/b", "n5://https://a/b")))
    assert not any(map(is_address, ("a/b", "/https:/a", "file.h5:https://a", "precomputed://a")))
    place = Place("https://host/a/v.zarr/?token=1")
    assert (place / "0/s0").name == "https://host/a/v.zarr/0/s0?token=1"
    assert [each.name for each in place.parents] == ["https://host/a?token=1", "https://host?token=1"]
    assert place.kvstore == {"driver": "http", "base_url": "https://host?token=1", "path": "/a/v.zarr/"}


def test_fingerprints_are_those_of_the_metadata(tmp_path: Path, server: Server):
    image(tmp_path / "v.zarr", 2)
    first = volume_fingerprint(f"{server.url}v.zarr"), files_fingerprint([f"{server.url}v.zarr"])
    assert first[0].startswith("metadata:")
    assert {Path(path).name for path in server.requested} <= METADATA
    (tmp_path / "v.zarr/0/0.0.0").write_bytes(b"")
    assert (volume_fingerprint(f"{server.url}v.zarr"), files_fingerprint([f"{server.url}v.zarr"])) == first
    zarr.open_group(tmp_path / "v.zarr").attrs["more"] = 1
    assert volume_fingerprint(f"{server.url}v.zarr") != first[0]
    assert files_fingerprint([f"{server.url}v.zarr"]) != first[1]


def test_experiments_read_from_a_disk(tmp_path: Path):
    (tmp_path / "labels.tif").touch()
    labels, others = str(tmp_path / "labels.tif"), dict.fromkeys(["mirror", "test_volume", "test_labels"])
    section = DownloadSection(dataset="files", volume="https://host/v.zarr", labels=labels, **others)
    with pytest.raises(UserError, match="an address: Snakemake and DVC watch files"):
        section.require_own_files()
    entries = ["checkpoint=c.pt", "volume=s3://cells/v.zarr", "probabilities=p.tif"]
    with pytest.raises(UserError, match="an address: Snakemake watches files"):
        VolumeJob.from_command_line([], entries)
