"""Datasets of small HDF5 volumes: stacked in order, numbered anew, and held to the hashes of the first download."""

import hashlib
import io
import json
import types
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from local_server import Server, serve

from fusionnet.config.experiment import DownloadSection
from fusionnet.config.schema import parse
from fusionnet.download import fetch
from fusionnet.download.crops import RECORD, inside_label
from fusionnet.download.datasets import DATASETS, NUCLEI_STACKS, CropSource, Dataset
from fusionnet.download.raw_stacks import prepare_dataset
from fusionnet.errors import UserError
from fusionnet.files import sha256
from fusionnet.volumes.stacks import read_provenance
from fusionnet.volumes.volume import read_volume

SHAPE = (4, 8, 10)
FOLDERS = {"train": ("Image/train", "Label/train"), "test": ("Image/val", "Label/val")}
# By part, where the volumes begin in the tissue, in the order in which they are to be stacked.
PLACES = {"train": ["0000_0064_0128", "0064_0000_0000"], "test": ["0000_0000_0064"]}
SECTION = {"dataset": "nucmm-z", "mirror": None} | dict.fromkeys(("volume", "labels", "test_volume", "test_labels"))


def as_hdf5(array: np.ndarray, key: str = "main") -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset(key, data=array, compression="gzip")
    return buffer.getvalue()


def crop(place: str) -> tuple[np.ndarray, np.ndarray]:
    """Return grey values and two nuclei that touch; their numbers are sparse, and the same in every volume."""
    volume = np.random.default_rng([int(part) for part in place.split("_")]).integers(0, 256, SHAPE, dtype=np.uint8)
    numbers = np.zeros(SHAPE, np.uint32)
    numbers[1:3, 2:6, 1:4], numbers[1:3, 2:6, 4:7] = 1700, 90000
    return volume, numbers


def list_files(server: Server) -> None:
    """Answer as Hugging Face does when it is asked for the files of a folder."""
    for folder in (each for pair in FOLDERS.values() for each in pair):
        here = {path: content for path, content in server.files.items() if path.startswith(f"{folder}/")}
        entries = [
            {"type": "file", "path": path, "size": len(content), "lfs": {"oid": hashlib.sha256(content).hexdigest()}}
            for path, content in sorted(here.items(), reverse=True)
        ]
        entries.append({"type": "file", "path": f"{folder}/README.txt", "oid": "1234"})
        server.files[f"tree/{folder}"] = json.dumps(entries).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as answers:
        for part, (images, labels) in FOLDERS.items():
            for place in PLACES[part]:
                volume, numbers = crop(place)
                answers.files[f"{images}/img_{place}.h5"] = as_hdf5(volume)
                answers.files[f"{labels}/seg_{place}.h5"] = as_hdf5(numbers)
        list_files(answers)
        yield answers


@pytest.fixture
def source(server: Server, monkeypatch: pytest.MonkeyPatch) -> CropSource:
    """A small dataset in the place of NucMM-Z, of which one hash is known beforehand."""
    monkeypatch.delenv(fetch.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr("pooch.core.time", types.SimpleNamespace(sleep=lambda seconds: None))  # between two tries
    known = "Label/val/seg_0000_0000_0064.h5"
    digests = {known: hashlib.sha256(server.files[known]).hexdigest()}
    tiny = CropSource(server.url, f"{server.url}tree/", FOLDERS, "main", digests, "or elsewhere")
    dataset = Dataset("nucmm-z", "Noise.", "Nobody", "Any", None, NUCLEI_STACKS, tiny, "nuclei")
    monkeypatch.setitem(DATASETS, "nucmm-z", dataset)
    return tiny


def download(folder: Path, cache: str = "cache", mirror: Path | None = None) -> dict[str, np.ndarray]:
    section = parse(DownloadSection, SECTION | {"mirror": str(mirror) if mirror else None})
    return prepare_dataset(section, folder / "raw", folder / cache)


def test_volumes_are_stacked_in_the_order_of_their_places(source: CropSource, tmp_path: Path) -> None:
    stacks = download(tmp_path)
    assert {name: stack.shape[0] for name, stack in stacks.items()} == {
        name: 8 if name.startswith("train") else 4 for name in NUCLEI_STACKS
    }
    for index, place in enumerate(PLACES["train"]):
        written = read_volume(tmp_path / "raw" / "train-volume.tif")[4 * index : 4 * index + 4]
        np.testing.assert_array_equal(written, crop(place)[0])
    assert read_provenance(tmp_path / "raw" / "train-instances.tif")["breaks"] == [4]
    assert read_provenance(tmp_path / "raw" / "test-instances.tif")["breaks"] == []


def test_bodies_are_numbered_anew_in_each_volume(source: CropSource, tmp_path: Path) -> None:
    instances = download(tmp_path)["train-instances"]
    assert instances.dtype == np.uint16
    assert [np.unique(half).tolist() for half in (instances[:4], instances[4:])] == [[0, 1, 2], [0, 3, 4]]
    np.testing.assert_array_equal(instances[:4] > 0, crop(PLACES["train"][0])[1] > 0)


def test_a_seam_parts_bodies_that_touch() -> None:
    numbers = crop(PLACES["train"][0])[1]
    label = inside_label(numbers)
    assert np.unique(label).tolist() == [0, 255]
    expected = numbers > 0
    expected[1:3, 2:6, 3] = False
    np.testing.assert_array_equal(label > 0, expected)
    below = np.swapaxes(numbers, 1, 2)
    np.testing.assert_array_equal(inside_label(below), np.swapaxes(label, 1, 2))
    apart = numbers * (numbers == 1700)
    np.testing.assert_array_equal(inside_label(apart) > 0, apart > 0)


def test_hashes_are_recorded_and_the_cache_needs_no_source(source: CropSource, server: Server, tmp_path: Path) -> None:
    download(tmp_path)
    files = {path: content for path, content in server.files.items() if path.endswith(".h5")}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    record = (tmp_path / "cache" / "nucmm-z" / RECORD).read_text()
    assert record == "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))
    origin = json.loads((tmp_path / "raw" / "ORIGIN.json").read_text())
    assert origin["file_sha256"] == digests and origin["breaks"] == {"train": [4], "test": []}
    server.requested.clear()
    before = sha256(tmp_path / "raw" / "train-labels.tif")
    download(tmp_path)
    assert server.requested == []
    assert sha256(tmp_path / "raw" / "train-labels.tif") == before


@pytest.mark.parametrize("kept", ["cache", "stacks"])
def test_a_source_that_changed_since_is_refused(source: CropSource, server: Server, tmp_path: Path, kept: str) -> None:
    download(tmp_path)
    changed = f"Image/train/img_{PLACES['train'][0]}.h5"
    expected = hashlib.sha256(server.files[changed]).hexdigest()
    server.files[changed] = as_hdf5(np.zeros(SHAPE, np.uint8))
    list_files(server)
    if kept == "cache":  # on the same machine, the stacks removed as Snakemake does
        (tmp_path / "raw" / "ORIGIN.json").unlink()
        (tmp_path / "cache" / "nucmm-z" / changed).unlink()
    before = sha256(tmp_path / "raw" / "train-volume.tif")
    with pytest.raises(UserError, match=rf"{changed}: got SHA-256 .*, expected .*{expected}.*FUSIONNET_MIRROR"):
        download(tmp_path, cache="cache" if kept == "cache" else "of another machine")
    assert sha256(tmp_path / "raw" / "train-volume.tif") == before


@pytest.mark.parametrize("path", ["Label/val/seg_0000_0000_0064.h5", "Label/train/seg_0064_0000_0000.h5"])
def test_a_file_of_another_hash_is_refused(source: CropSource, server: Server, tmp_path: Path, path: str) -> None:
    """One hash is known to the package, the other is told by the source's list."""
    server.files[path] += b"x"
    with pytest.raises(UserError, match=f"{path}: got SHA-256"):
        download(tmp_path)
    assert not (tmp_path / "raw").exists()
    assert not (tmp_path / "cache" / "nucmm-z" / path).exists()


def test_a_list_in_pages_is_read_to_its_end(source: CropSource, server: Server, tmp_path: Path) -> None:
    entries = json.loads(server.files["tree/Image/train"])
    server.files |= {"tree/Image/train": json.dumps(entries[:1]).encode(), "more": json.dumps(entries[1:]).encode()}
    server.headers["tree/Image/train"] = {"Link": f'<{server.url}more>; rel="next"'}
    assert len(download(tmp_path)["train-volume"]) == 8


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(None, "HTTP 404"), (b"<html>", "no list of files"), (b'["a"]', "no list of files")],
)
def test_a_list_that_is_none_ends_in_one_line(
    source: CropSource, server: Server, tmp_path: Path, answer: bytes | None, reason: str
) -> None:
    if answer is None:
        del server.files["tree/Label/train"]
    else:
        server.files["tree/Label/train"] = answer
    with pytest.raises(UserError, match=rf"tree/Label/train: .*{reason}.*FUSIONNET_MIRROR=FOLDER"):
        download(tmp_path)


def test_a_list_that_lacks_a_file_binds_nothing(source: CropSource, server: Server, tmp_path: Path) -> None:
    whole = server.files["tree/Label/train"]
    server.files["tree/Label/train"] = b"[]"
    with pytest.raises(UserError, match=r"seg_0000_0064_0128\.h5: no such file, but Image/train/img_0000_0064_0128"):
        download(tmp_path)
    server.files["tree/Label/train"] = whole
    assert len(download(tmp_path)["train-volume"]) == 8


@pytest.fixture
def mirror(source: CropSource, server: Server, tmp_path: Path) -> Path:
    for path, content in server.files.items():
        if path.endswith(".h5"):
            file = tmp_path / "mirror" / "nucmm-z" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return tmp_path / "mirror"


def test_a_mirror_is_read_without_a_request_and_left_as_it_is(mirror: Path, server: Server, tmp_path: Path) -> None:
    stacks = download(tmp_path, mirror=mirror)
    assert len(stacks["train-volume"]) == 8
    assert server.requested == [] and not (tmp_path / "cache").exists() and not list(mirror.rglob(RECORD))


def other(array: np.ndarray, key: str = "main"):
    return lambda file: file.write_bytes(as_hdf5(array, key))


@pytest.mark.parametrize(
    ("path", "damage", "complaint"),
    [
        ("Label/train/seg_0064_0000_0000.h5", Path.unlink, "no such file, but Image/train/img_0064_0000_0000.h5"),
        ("Label/val/seg_0000_0000_0064.h5", Path.unlink, "no such file, but the package lists it"),
        ("Label/val/seg_0000_0000_0064.h5", lambda file: file.write_bytes(b""), "but the package recorded"),
        ("Label/train/seg_0064_0000_0000.h5", lambda file: file.write_bytes(b""), "cannot be read as HDF5"),
        ("Label/train/seg_0064_0000_0000.h5", other(np.zeros((4, 8, 9), np.uint32)), "has shape"),
        ("Label/train/seg_0064_0000_0000.h5", other(np.zeros(SHAPE, np.float32)), "labels of float32"),
        ("Image/train/img_0064_0000_0000.h5", other(np.zeros(SHAPE, np.uint16)), "uint16 with labels of uint32"),
        ("Image/train/img_0064_0000_0000.h5", other(np.zeros(SHAPE, np.uint8), "raw"), "with one of: raw"),
    ],
)
def test_what_is_no_such_volume_is_named(mirror: Path, tmp_path: Path, path: str, damage, complaint: str) -> None:
    damage(mirror / "nucmm-z" / path)
    with pytest.raises(UserError, match=complaint):
        download(tmp_path, mirror=mirror)
    assert not (tmp_path / "raw").exists()


def test_volumes_of_different_slices_are_refused(mirror: Path, tmp_path: Path) -> None:
    for path in ("Image/train/img_0064_0000_0000.h5", "Label/train/seg_0064_0000_0000.h5"):
        (mirror / "nucmm-z" / path).write_bytes(as_hdf5(np.ones((4, 8, 9), np.uint8)))
    with pytest.raises(UserError, match=r"slices of \(8, 9\), expected \(8, 10\)"):
        download(tmp_path, mirror=mirror)


def test_an_empty_mirror_is_named(source: CropSource, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"seg_0000_0000_0064\.h5: no such file, but the package lists it.*by hand"):
        download(tmp_path, mirror=tmp_path / "empty")


def test_nucmm_z_is_declared_as_published() -> None:
    source = DATASETS["nucmm-z"].source
    assert isinstance(source, CropSource)
    assert source.folders == FOLDERS and source.key == "main"
    assert source.sha256["Label/val/seg_0320_0448_0832.h5"].startswith("44acdfd2e2aa84d2")


@pytest.mark.parametrize(
    "path", ["../../../outside.h5", "Image/train/../../outside.h5", "/outside.h5", "Image/val/x.h5"]
)
def test_a_list_that_names_files_elsewhere_is_refused(
    source: CropSource, server: Server, tmp_path: Path, path: str
) -> None:
    entries = json.loads(server.files["tree/Image/train"])
    server.files["tree/Image/train"] = json.dumps([*entries, {"path": path}]).encode()
    with pytest.raises(UserError, match=r"which is no file of Image/train; nothing is fetched"):
        download(tmp_path)
    assert not list(tmp_path.rglob("*.h5"))


def test_a_list_that_goes_on_at_another_host_is_refused(source: CropSource, server: Server, tmp_path: Path) -> None:
    server.headers["tree/Image/train"] = {"Link": '<https://elsewhere.example/more>; rel="next"'}
    with pytest.raises(UserError, match=r"goes on at https://elsewhere.example/more, another host"):
        download(tmp_path)
