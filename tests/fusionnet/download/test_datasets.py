"""Datasets arrive verified and whole, or not at all with a line that says what to do."""

import hashlib
import http.server
import io
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from local_server import Server, serve
from PIL import Image

from fusionnet.config.experiment import DownloadSection
from fusionnet.config.schema import parse
from fusionnet.download import fetch, raw_stacks
from fusionnet.download.datasets import (
    DATASETS,
    MEMBRANE_STACKS,
    NUCLEI_STACKS,
    STACK_NAMES,
    Dataset,
    SliceSource,
    SliceStack,
)
from fusionnet.download.raw_stacks import prepare_dataset, stacks_of
from fusionnet.errors import UserError
from fusionnet.volumes.stacks import read_provenance
from fusionnet.volumes.volume import read_volume

SHAPE = (3, 8, 10)
PHANTOM = {"seed": 2016, "train_slices": 3, "test_slices": 2, "size_pixels": 64}
OWN_KEYS = ("volume", "labels", "test_volume", "test_labels")


@pytest.fixture
def server() -> Iterator[Server]:
    rng = np.random.default_rng([1, 0])
    with serve() as answers:
        for stack in ("train/image", "train/label"):
            for z in range(SHAPE[0]):
                buffer = io.BytesIO()
                Image.fromarray(rng.integers(0, 256, SHAPE[1:], dtype=np.uint8)).save(buffer, "PNG")
                answers.files[f"{stack}/{z}.png"] = buffer.getvalue()
        yield answers


@pytest.fixture
def dataset(server: Server, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A small published dataset, in the place of ISBI-2012, that `server` serves."""
    monkeypatch.delenv(fetch.MIRROR_VARIABLE, raising=False)
    stacks = []
    for name, folder in (("train-volume", "train/image"), ("train-labels", "train/label")):
        pixels = [np.asarray(Image.open(io.BytesIO(server.files[f"{folder}/{z}.png"]))) for z in range(SHAPE[0])]
        stacks.append(SliceStack(name, folder, SHAPE, hashlib.sha256(np.stack(pixels).tobytes()).hexdigest()))
    sha256 = {path: hashlib.sha256(content).hexdigest() for path, content in server.files.items()}
    source = SliceSource(server.url, tuple(stacks), sha256)
    tiny = Dataset("isbi2012", "Noise.", "Nobody", "Any", (50.0, 4.0, 4.0), ("train-volume", "train-labels"), source)
    monkeypatch.setitem(DATASETS, "isbi2012", tiny)
    return tiny


def section_of(dataset: str, **keys: object) -> DownloadSection:
    content: dict[str, object] = {"dataset": dataset, "mirror": None, "phantom": PHANTOM, **dict.fromkeys(OWN_KEYS)}
    return parse(DownloadSection, content | keys)


def obtain(dataset: Dataset, cache: Path) -> dict[str, np.ndarray]:
    return fetch.obtain_stacks(dataset, None, cache, retries=0)


def files_below(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_fetched_slices_become_stacks_in_z_order(dataset: Dataset, server: Server, tmp_path: Path) -> None:
    stacks = obtain(dataset, tmp_path)
    assert {name: stack.shape for name, stack in stacks.items()} == {"train-volume": SHAPE, "train-labels": SHAPE}
    second = np.asarray(Image.open(io.BytesIO(server.files["train/image/1.png"])))
    np.testing.assert_array_equal(stacks["train-volume"][1], second)


def test_only_missing_and_damaged_files_are_fetched_again(dataset: Dataset, server: Server, tmp_path: Path) -> None:
    obtain(dataset, tmp_path)
    (tmp_path / "isbi2012/train/image/1.png").unlink()
    (tmp_path / "isbi2012/train/label/2.png").write_bytes(b"half a file")
    server.requested.clear()
    obtain(dataset, tmp_path)
    assert server.requested == ["train/image/1.png", "train/label/2.png"]


def test_an_interrupted_download_goes_on_where_it_stopped(dataset: Dataset, server: Server, tmp_path: Path) -> None:
    held_back = server.files.pop("train/label/0.png")
    with pytest.raises(UserError, match="404"):
        obtain(dataset, tmp_path)
    server.files["train/label/0.png"] = held_back
    server.requested.clear()
    obtain(dataset, tmp_path)
    assert server.requested == ["train/label/0.png", "train/label/1.png", "train/label/2.png"]


def damage(server: Server, how: str) -> None:
    if how == "wrong hash":
        server.files["train/image/1.png"] += b"x"
    elif how == "cut short":
        server.cut_short.add("train/image/1.png")
    elif how == "missing":
        del server.files["train/image/1.png"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [("wrong hash", "got SHA-256"), ("cut short", "cannot be fetched"), ("missing", "404")],
)
def test_a_bad_answer_names_the_file_and_the_way_out(
    dataset: Dataset, server: Server, tmp_path: Path, how: str, reason: str
) -> None:
    damage(server, how)
    with pytest.raises(UserError) as caught:
        obtain(dataset, tmp_path)
    message = str(caught.value)
    assert reason in message
    for part in ("train/image/1.png", dataset.source.sha256["train/image/1.png"], "FUSIONNET_MIRROR=FOLDER"):
        assert part in message
    assert files_below(tmp_path) == {"isbi2012/train/image/0.png"}, "a bad file was kept"


def test_an_unreachable_source_names_the_file_and_the_way_out(dataset: Dataset, tmp_path: Path) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as closed:
        url = f"http://127.0.0.1:{closed.server_address[1]}/"
    away = SliceSource(url, dataset.source.stacks, dataset.source.sha256)
    gone = Dataset("isbi2012", "", "", "", None, dataset.stack_names, away)
    with pytest.raises(UserError, match=r"train/image/0\.png: cannot be fetched .*FUSIONNET_MIRROR=FOLDER"):
        obtain(gone, tmp_path)
    assert files_below(tmp_path) == set()


@pytest.fixture
def mirror(server: Server, tmp_path: Path) -> Path:
    for path, content in server.files.items():
        file = tmp_path / "mirror" / "isbi2012" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return tmp_path / "mirror"


def test_a_mirror_is_read_without_a_request(dataset: Dataset, server: Server, mirror: Path, tmp_path: Path) -> None:
    stacks = prepare_dataset(section_of("isbi2012", mirror=str(mirror)), tmp_path / "raw", tmp_path / "cache")
    assert set(stacks) == {"train-volume", "train-labels"}
    assert server.requested == []
    assert not (tmp_path / "cache").exists()


def test_the_environment_wins_over_the_configuration() -> None:
    assert fetch.mirror_folder("configured", {fetch.MIRROR_VARIABLE: "typed"}) == Path("typed")
    assert fetch.mirror_folder("configured", {fetch.MIRROR_VARIABLE: ""}) == Path("configured")
    assert fetch.mirror_folder(None, {}) is None


@pytest.mark.parametrize(("content", "reason"), [(None, "no such file"), (b"half", "4 bytes with SHA-256")])
def test_a_damaged_mirror_leaves_the_older_stacks_alone(
    dataset: Dataset, mirror: Path, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    section = section_of("isbi2012", mirror=str(mirror))
    prepare_dataset(section, tmp_path / "raw", tmp_path)
    before = {name: (tmp_path / "raw" / name).read_bytes() for name in files_below(tmp_path / "raw")}
    file = mirror / "isbi2012/train/label/2.png"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(UserError, match=rf"train/label/2\.png: {reason}.*expected.*FUSIONNET_MIRROR=FOLDER"):
        prepare_dataset(section, tmp_path / "raw", tmp_path)
    assert before == {name: (tmp_path / "raw" / name).read_bytes() for name in files_below(tmp_path / "raw")}


def test_a_stack_with_other_pixels_is_refused(dataset: Dataset, mirror: Path) -> None:
    swapped = SliceStack("train-volume", "train/label", SHAPE, dataset.source.stacks[0].pixel_sha256)
    source = SliceSource(dataset.source.url, (swapped,), dataset.source.sha256)
    with pytest.raises(UserError, match="pixel SHA-256"):
        fetch.obtain_stacks(Dataset("isbi2012", "", "", "", None, (), source), mirror, mirror)


def test_a_full_disk_leaves_the_older_stacks_alone(
    dataset: Dataset, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "train-volume.tif").write_bytes(b"older")
    write = raw_stacks.write_volume

    def write_until_full(path: Path, volume: np.ndarray, provenance: dict) -> None:
        if path.name == "train-labels.tif":
            raise OSError(28, "No space left on device", str(path))
        write(path, volume, provenance)

    monkeypatch.setattr(raw_stacks, "write_volume", write_until_full)
    with pytest.raises(OSError, match="No space left"):
        prepare_dataset(section_of("isbi2012", mirror=str(mirror)), raw, tmp_path)
    assert (raw / "train-volume.tif").read_bytes() == b"older"
    assert {entry.name for entry in tmp_path.iterdir()} == {"raw", "mirror"}, "the half-written folder was kept"


def test_equal_data_gives_equal_bytes_and_an_origin(dataset: Dataset, mirror: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        prepare_dataset(section_of("isbi2012", mirror=str(mirror)), tmp_path / name, tmp_path)
    assert files_below(tmp_path / "first") == {"train-volume.tif", "train-labels.tif", "ORIGIN.json"}
    for name in files_below(tmp_path / "first"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    origin = json.loads((tmp_path / "first" / "ORIGIN.json").read_text())
    assert origin["source"] == dataset.source.url
    assert origin["stacks"]["train-labels"]["pixel_sha256"] == dataset.source.stacks[1].pixel_sha256
    assert str(mirror) not in json.dumps(origin), "the same data would hash differently on another machine"
    assert read_provenance(tmp_path / "first" / "train-volume.tif")["citation"] == "Nobody"


@pytest.mark.parametrize(
    ("name", "shape", "membranes"), [("isbi2012", (30, 512, 512), 0.2196), ("vnc", (20, 1024, 1024), 0.2038)]
)
def test_a_public_dataset_from_the_mirror(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, shape: tuple[int, ...], membranes: float
) -> None:
    monkeypatch.setenv(fetch.MIRROR_VARIABLE, str(shared / "mirror"))
    prepare_dataset(section_of(name), tmp_path / "raw", tmp_path / "cache")
    for stack in DATASETS[name].source.stacks:
        volume = read_volume(tmp_path / "raw" / f"{stack.name}.tif")
        assert volume.shape == shape
        assert hashlib.sha256(volume.tobytes()).hexdigest() == stack.pixel_sha256
    labels = read_volume(tmp_path / "raw" / "train-labels.tif")
    assert np.unique(labels).tolist() == [0, 255]
    assert (labels == 0).mean() == pytest.approx(membranes, abs=5e-5)


def test_labels_that_are_white_on_membranes_are_inverted(tmp_path: Path) -> None:
    membranes = np.random.default_rng([1, 1]).random(SHAPE) > 0.7
    folder = tmp_path / "isbi2012" / "walls"
    folder.mkdir(parents=True)
    for z, wall in enumerate(membranes):
        Image.fromarray(wall).save(folder / f"{z:02d}.png")  # of one bit
    inside = np.where(membranes, 0, 255).astype(np.uint8)
    digest = hashlib.sha256(inside.tobytes()).hexdigest()
    stack = SliceStack("train-labels", "walls", SHAPE, digest, "{z:02d}.png", membranes_are_white=True)
    sha256 = {file: hashlib.sha256((tmp_path / "isbi2012" / file).read_bytes()).hexdigest() for file in stack.files}
    dataset = Dataset("isbi2012", "", "", "", None, (), SliceSource("https://nowhere/", (stack,), sha256))
    np.testing.assert_array_equal(fetch.obtain_stacks(dataset, tmp_path, tmp_path)["train-labels"], inside)


@pytest.mark.parametrize("name", ["isbi2012", "vnc"])
def test_every_declared_file_has_a_hash(name: str) -> None:
    source = DATASETS[name].source
    assert sorted(file for stack in source.stacks for file in stack.files) == sorted(source.sha256)
    assert all(len(digest) == 64 for digest in source.sha256.values())


@pytest.fixture
def drawn_seeds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace the slow drawing by noise and record the seeds it is called with."""
    seeds: list[int] = []

    def draw(rng_seed: int, slices: int, size_pixels: int) -> tuple[np.ndarray, np.ndarray]:
        seeds.append(rng_seed)
        volume = np.random.default_rng(rng_seed).integers(0, 256, (slices, size_pixels, size_pixels), dtype=np.uint8)
        return volume, np.where(volume > 50, 255, 0).astype(np.uint8)

    def draw_nuclei(rng_seed: int, slices: int, size_pixels: int) -> tuple[np.ndarray, np.ndarray]:
        volume, labels = draw(rng_seed, slices, size_pixels)
        return volume, (labels > 0) * np.uint16(7)

    membranes = types.SimpleNamespace(draw_phantom=draw)
    monkeypatch.setitem(sys.modules, "fusionnet.download.phantom.draw", membranes)
    monkeypatch.setitem(
        sys.modules, "fusionnet.download.phantom.nuclei", types.SimpleNamespace(draw_nuclei_phantom=draw_nuclei)
    )
    return seeds


def test_phantom_draws_train_and_test_apart(drawn_seeds: list[int], tmp_path: Path) -> None:
    stacks = prepare_dataset(section_of("phantom"), tmp_path / "raw", tmp_path)
    assert {name: stack.shape[0] for name, stack in stacks.items()} == dict(
        zip(MEMBRANE_STACKS, (3, 3, 2, 2), strict=True)
    )
    prepare_dataset(section_of("phantom", phantom=PHANTOM | {"seed": 2017}), tmp_path / "other", tmp_path)
    assert len(set(drawn_seeds)) == 4, "two seeds share a train or test volume"
    assert json.loads((tmp_path / "raw" / "ORIGIN.json").read_text())["drawn_with"] == PHANTOM


def test_the_challenges_test_labels_may_be_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: dict[str, str]
) -> None:
    fetched = {name: np.zeros(SHAPE, np.uint8) for name in DATASETS["isbi2012"].stack_names}
    fetched["test-volume"] = read_volume(own["labels"]) * np.uint8(90)
    monkeypatch.setattr(raw_stacks, "obtain_stacks", lambda *_: dict(fetched))
    section = section_of("isbi2012", test_labels=own["labels"])
    stacks = prepare_dataset(section, tmp_path / "raw", tmp_path)
    assert stacks_of(section) == tuple(stacks) == (*DATASETS["isbi2012"].stack_names, "test-labels")
    assert np.unique(stacks["test-labels"]).tolist() == [0, 255]
    fetched["test-volume"] = np.zeros((2, *SHAPE[1:]), np.uint8)
    with pytest.raises(UserError, match="test-volume of isbi2012 has shape"):
        prepare_dataset(section, tmp_path / "raw", tmp_path)


def test_the_nuclei_phantom_has_labels_and_numbers(drawn_seeds: list[int], tmp_path: Path) -> None:
    stacks = prepare_dataset(section_of("phantom-nuclei"), tmp_path / "raw", tmp_path)
    assert tuple(stacks) == NUCLEI_STACKS == stacks_of(section_of("phantom-nuclei"))
    assert len(set(drawn_seeds)) == 2
    instances = read_volume(tmp_path / "raw" / "test-instances.tif")
    assert instances.dtype == np.uint16 and set(np.unique(instances)) == {0, 7}
    np.testing.assert_array_equal(read_volume(tmp_path / "raw" / "test-labels.tif"), 255 * (instances > 0))
    assert files_below(tmp_path / "raw") == {*(f"{name}.tif" for name in NUCLEI_STACKS), "ORIGIN.json"}


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """The keys that name a person's own stacks: 16-bit grey values and labels of 0 and 1."""
    rng = np.random.default_rng([2, 0])
    volume = rng.integers(1000, 30000, SHAPE, dtype=np.uint16)
    tifffile.imwrite(tmp_path / "raw.tif", volume, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "truth.tif", (volume > 9000).astype(np.uint8), imagej=True, metadata={"axes": "ZYX"})
    return {"volume": str(tmp_path / "raw.tif"), "labels": str(tmp_path / "truth.tif")}


def test_own_files_become_8_bits_by_the_training_volumes_window(own: dict, tmp_path: Path) -> None:
    brighter = read_volume(own["volume"])[:2] // 2 + 16000
    tifffile.imwrite(tmp_path / "unseen.tif", brighter, imagej=True, metadata={"axes": "ZYX"})
    section = section_of("files", **own, test_volume=str(tmp_path / "unseen.tif"))
    stacks = prepare_dataset(section, tmp_path / "mine", tmp_path)
    assert stacks_of(section) == tuple(stacks) == ("train-volume", "train-labels", "test-volume")
    assert np.unique(stacks["train-labels"]).tolist() == [0, 255]
    windows = [read_provenance(tmp_path / f"mine/{name}.tif").get("grey_window") for name in stacks]
    assert windows == [json.loads((tmp_path / "mine/ORIGIN.json").read_text())["grey_window"], None, windows[0]]
    assert stacks["train-volume"].min() == 0 and stacks["train-volume"].max() == 255
    assert stacks["test-volume"].min() > 100, "the test volume was scaled by a window of its own"
    order = np.argsort(read_volume(own["volume"]), axis=None)
    assert (np.diff(stacks["train-volume"].ravel()[order].astype(int)) >= 0).all(), "scaling must keep the order"


@pytest.mark.parametrize("kind", ["train", "test"])
def test_volumes_of_different_types_are_refused(own: dict, tmp_path: Path, kind: str) -> None:
    other = np.full(SHAPE, 100, np.uint8)
    unseen, replaced = (
        str(tmp_path / "unseen.tif"),
        {"train": own["volume"], "test": str(tmp_path / "unseen.tif")}[kind],
    )
    tifffile.imwrite(unseen, read_volume(own["volume"]), imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(replaced, other, imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(UserError, match="expected the same type"):
        prepare_dataset(section_of("files", **own, test_volume=unseen), tmp_path / "mine", tmp_path)


def test_8_bit_files_are_taken_as_they_are(own: dict, tmp_path: Path) -> None:
    volume = np.random.default_rng([3, 0]).integers(90, 110, SHAPE, dtype=np.uint8)
    tifffile.imwrite(own["volume"], volume, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(own["labels"], (volume > 95).astype(np.uint8), imagej=True, metadata={"axes": "ZYX"})
    stacks = prepare_dataset(section_of("files", **own), tmp_path / "mine", tmp_path)
    np.testing.assert_array_equal(stacks["train-volume"], volume)
    assert "grey_window" not in read_provenance(tmp_path / "mine/train-volume.tif")


def test_stacks_of_an_earlier_choice_do_not_linger(own: dict, tmp_path: Path) -> None:
    prepare_dataset(
        section_of("files", **own, test_volume=own["volume"], test_labels=own["labels"]), tmp_path / "mine", tmp_path
    )
    prepare_dataset(section_of("files", **own), tmp_path / "mine", tmp_path)
    assert files_below(tmp_path / "mine") == {"train-volume.tif", "train-labels.tif", "ORIGIN.json"}


def test_own_files_of_other_shapes_are_refused(own: dict, tmp_path: Path) -> None:
    tifffile.imwrite(own["labels"], np.zeros((3, 8, 8), np.uint8), imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(UserError, match=r"raw\.tif has shape \(3, 8, 10\) but .*truth\.tif has \(3, 8, 8\)"):
        prepare_dataset(section_of("files", **own), tmp_path / "mine", tmp_path)
    assert not (tmp_path / "mine").exists()


def test_own_files_with_nan_are_refused(own: dict, tmp_path: Path) -> None:
    tifffile.imwrite(own["volume"], np.full(SHAPE, np.nan, np.float32), imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(UserError, match=r"raw\.tif: holds NaN"):
        prepare_dataset(section_of("files", **own), tmp_path / "mine", tmp_path)


def test_every_dataset_of_the_configuration_is_declared() -> None:
    for name, dataset in DATASETS.items():
        files = {"volume": "raw.tif", "labels": "truth.tif"} if dataset.is_own else {}
        section = section_of(name, **files)
        assert set(stacks_of(section)) <= set(STACK_NAMES)
    with pytest.raises(UserError, match="isbi2021"):
        section_of("isbi2021")
