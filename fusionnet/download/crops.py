"""Fetch a dataset of small HDF5 volumes and their instance numbers, and lay them one after another as stacks.

Its hashes are not all known beforehand: they are recorded at the first download, beside the files and with the
stacks, and later downloads must meet them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import h5py
import numpy as np
import pooch
import requests

from fusionnet.download.datasets import CropSource, Dataset
from fusionnet.download.fetch import MIRROR_VARIABLE, RefusedError, ask, blocks, progress, reason, receive
from fusionnet.errors import UserError
from fusionnet.files import sha256, write_text
from fusionnet.volumes.stacks import require_same_shape
from fusionnet.volumes.volume import read_volume

RECORD = "SHA256SUMS"
MOST_INSTANCES = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class Crops:
    """A dataset of small volumes as stacks.

    Attributes:
        stacks: (Z, Y, X) by stack name: uint8 grey values, uint8 labels of 0 and 255, uint16 instance numbers.
        breaks: By part, the slices at which a new volume begins, the first left out.
        sha256: Of every file, by its path below the source.
    """

    stacks: dict[str, np.ndarray]
    breaks: dict[str, list[int]]
    sha256: dict[str, str]


def obtain_crops(
    dataset: Dataset, mirror: Path | None, cache: Path, earlier: Mapping[str, str], retries: int = 2
) -> Crops:
    """Obtain the volumes of a dataset, verified as far as their hashes are known, and stack them.

    Args:
        dataset: One whose source is a `CropSource`.
        mirror: A folder that holds ``NAME/`` laid out as the source is; nothing is fetched then.
        cache: Where fetched files are kept, and beside them the record of their hashes.
        earlier: Hashes that came with the stacks of an earlier download; empty if there was none.
        retries: How often a failed file is tried again.

    Raises:
        UserError: A file is missing, unreachable, of another hash than was recorded, or no such volume.
    """
    source = dataset.source
    if not isinstance(source, CropSource):
        raise ValueError(f"{dataset.name} is not published as small volumes")
    folder = (mirror or cache) / dataset.name
    recorded = _read_record(folder / RECORD)
    folders = [each for pair in source.folders.values() for each in pair]
    _require_inside(folders, recorded, str(folder / RECORD))
    _require_inside(folders, earlier, "the earlier download's ORIGIN.json")
    known = {"the package": source.sha256, str(folder / RECORD): recorded, "the earlier download": earlier}
    if mirror is None:
        listed: Mapping[str, str | None] = recorded or earlier or _list_files(dataset.name, source)
        expected = {
            path: source.sha256.get(path) or earlier.get(path) or published for path, published in listed.items()
        }
        _fetch(dataset.name, source, expected, folder, retries)
    else:
        listed = dict.fromkeys(_present(source, folder))
    found = {path: sha256(folder / path) for path in sorted(listed)}
    _verify(dataset.name, source, folder, found, known)
    stacks: dict[str, np.ndarray] = {}
    breaks = {}
    for part in source.folders:
        made, breaks[part] = _stack(dataset.name, source, part, list(found), folder)
        stacks |= made
    if mirror is None and not recorded:  # only now: a list that makes no stack must not bind later downloads
        write_text(folder / RECORD, "".join(f"{digest}  {path}\n" for path, digest in found.items()))
    return Crops(stacks, breaks, found)


def _read_record(path: Path) -> dict[str, str]:
    """Read a list of hashes in the format of sha256sum; none if there is no file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}
    except ValueError as error:
        raise UserError(f"{path}: no list of SHA-256 sums and names ({error}); remove it, and fetch again") from error


def _require_inside(folders: Iterable[str], paths: Iterable[str], where: str) -> None:
    """Refuse names that would be written elsewhere than into these folders; ``where`` lists them."""
    places = [PurePosixPath(folder) for folder in folders]
    for path in paths:
        if PurePosixPath(path).parent not in places or PurePosixPath(path).name == "..":
            raise UserError(f"{where}: lists {path!r}, which is no file of {', '.join(folders)}; nothing is fetched")


def _list_files(name: str, source: CropSource) -> dict[str, str | None]:
    """Ask the source which files there are, and their SHA-256 where it tells them."""
    listed: dict[str, str | None] = {}
    for folder in (folder for folders in source.folders.values() for folder in folders):
        url: str | None = source.listing_url + folder
        pages = []
        while url:
            pages.append(url)
            entries, url = _list_page(name, source, url)
            _require_inside([folder], entries, pages[-1])
            listed |= entries
            if url and urlsplit(url)[:2] != urlsplit(source.listing_url)[:2]:
                raise UserError(f"{source.listing_url}{folder}: goes on at {url}, another host; nothing is fetched")
            if url in pages:
                raise UserError(f"{pages[-1]}: the list of files goes on at {url}, again. {_by_hand(name, source)}")
    return {path: digest for path, digest in listed.items() if path.endswith(".h5")}


def _list_page(name: str, source: CropSource, url: str) -> tuple[dict[str, str | None], str | None]:
    """Return a page of a list, SHA-256 or None by path, and the address of the next page."""
    try:
        with ask(url, elsewhere=False) as answer:
            content = b"".join(blocks(answer))
        entries = {entry["path"]: (entry.get("lfs") or {}).get("oid") for entry in json.loads(content)}
        if not all(isinstance(text, str | None) for pair in entries.items() for text in pair):
            raise TypeError
        return entries, answer.links.get("next", {}).get("url")  # a long list comes in pages
    except requests.RequestException as error:
        raise UserError(f"{url}: the list of files {reason(error)}. {_by_hand(name, source)}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UserError(f"{url}: got no list of files in JSON. {_by_hand(name, source)}") from None


def _fetch(name: str, source: CropSource, expected: Mapping[str, str | None], folder: Path, retries: int) -> None:
    """Fetch every file into ``folder``; one whose hash is known is kept only when it is right."""
    fetcher = pooch.create(folder, base_url=source.url, registry=dict(expected), retry_if_failed=retries)
    for path in progress(expected, name):
        digest = expected[path]
        try:
            fetcher.fetch(path, downloader=receive if digest else _receive_hdf5)
        except (ValueError, requests.RequestException) as error:
            wanted = f", expected {path} with SHA-256 {digest}" if digest else ""
            raise UserError(f"{source.url}{path}: {reason(error)}{wanted}. {_by_hand(name, source)}") from None


def _receive_hdf5(url: str, output_file: str, _: object = None) -> None:
    """Fetch a file whose hash nobody has told: from its own host alone, and kept only if it is HDF5 at all."""
    with ask(url, elsewhere=False) as answer, Path(output_file).open("wb") as file:
        file.writelines(blocks(answer))
    if not h5py.is_hdf5(output_file):
        raise RefusedError("sends something else than HDF5, such as a page that asks to log in")


def _present(source: CropSource, folder: Path) -> list[str]:
    folders = [each for pair in source.folders.values() for each in pair]
    return [file.relative_to(folder).as_posix() for each in folders for file in (folder / each).glob("*.h5")]


def _verify(
    name: str, source: CropSource, folder: Path, found: Mapping[str, str], known: Mapping[str, Mapping[str, str]]
) -> None:
    for where, hashes in known.items():
        for path, expected in hashes.items():
            if path not in found:
                raise UserError(f"{folder / path}: no such file, but {where} lists it; {_by_hand(name, source)}")
            if found[path] != expected:
                raise UserError(
                    f"{folder / path}: SHA-256 {found[path]}, but {where} recorded {expected}: the file is damaged or "
                    f"the source has changed; replace it. {_by_hand(name, source)}"
                )


def _by_hand(name: str, source: CropSource) -> str:
    folders = ", ".join(folder for pair in source.folders.values() for folder in pair)
    return (
        f"To place the data by hand, put the .h5 files of {source.url} ({source.alternatives}) into FOLDER/{name}/ as "
        f"{folders}, and run again with {MIRROR_VARIABLE}=FOLDER"
    )


def _stack(
    name: str, source: CropSource, part: str, paths: Sequence[str], folder: Path
) -> tuple[dict[str, np.ndarray], list[int]]:
    """Lay a part's volumes one after another, sorted by name, that is by place; say where each begins."""
    image_folder, label_folder = source.folders[part]
    images = sorted(path for path in paths if path.startswith(f"{image_folder}/"))
    if not images:
        raise UserError(f"{folder / image_folder}: holds no .h5 file. {_by_hand(name, source)}")
    volumes: list[np.ndarray] = []
    instances: list[np.ndarray] = []
    last = 0
    for image in images:
        label = f"{label_folder}/seg_{Path(image).name.removeprefix('img_')}"
        if label not in paths:
            raise UserError(f"{folder / label}: no such file, but {image} is there. {_by_hand(name, source)}")
        volume, numbers = (read_volume(f"{folder / path}:{source.key}") for path in (image, label))
        require_same_shape((folder / image, volume), (folder / label, numbers))
        if volume.dtype != np.uint8 or numbers.dtype.kind not in "ui":
            raise UserError(
                f"{folder / image}: {volume.dtype} with labels of {numbers.dtype}, expected uint8 and instance numbers"
            )
        if volumes and volume.shape[1:] != volumes[0].shape[1:]:
            raise UserError(
                f"{folder / image}: slices of {volume.shape[1:]}, expected {volumes[0].shape[1:]} as before"
            )
        # A nucleus that two volumes cut has one number in both; here it counts as two.
        values, place = np.unique(numbers, return_inverse=True)
        ranks = np.where(values > 0, last + np.cumsum(values > 0), 0)
        last = int(ranks.max(initial=last))
        if last > MOST_INSTANCES:
            raise UserError(
                f"{folder / label}: more than {MOST_INSTANCES} instances together, which 16 bits cannot number"
            )
        volumes.append(volume)
        instances.append(ranks[place].reshape(numbers.shape).astype(np.uint16))
    numbered = np.concatenate(instances)
    made = {
        f"{part}-volume": np.concatenate(volumes),
        f"{part}-labels": inside_label(numbered),
        f"{part}-instances": numbered,
    }
    return made, np.cumsum([len(volume) for volume in volumes])[:-1].tolist()


def inside_label(instances: np.ndarray) -> np.ndarray:
    """Return what a network learns of numbered bodies: 255 inside, 0 outside and on seams.

    Args:
        instances: Body numbers, (Z, Y, X), 0 outside.

    Returns:
        uint8 (Z, Y, X). Where two bodies touch in a slice, a seam of one pixel parts them.
    """
    inside = instances > 0
    for axis in (1, 2):
        before, after = ((slice(None),) * axis + (ends,) for ends in (slice(None, -1), slice(1, None)))
        first, second = instances[before], instances[after]
        inside[before] &= (first == second) | (first == 0) | (second == 0)
    return inside * np.uint8(255)
