"""Fetch a published dataset's files, or find them in a local mirror, and verify every byte."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pooch
from PIL import Image
from requests import RequestException
from tqdm import tqdm

from fusionnet.download.datasets import Dataset, SliceSource, SliceStack
from fusionnet.errors import UserError
from fusionnet.files import sha256

MIRROR_VARIABLE = "FUSIONNET_MIRROR"
TIMEOUT_S = 30


def mirror_folder(configured: str | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder that has the files already, or None.

    Args:
        configured: ``download.mirror`` of the configuration.
        environment: Its ``FUSIONNET_MIRROR`` wins, because it is typed for one run on one machine.
    """
    chosen = environment.get(MIRROR_VARIABLE) or configured
    return Path(chosen).expanduser() if chosen else None


def obtain_stacks(dataset: Dataset, mirror: Path | None, cache: Path, retries: int = 2) -> dict[str, np.ndarray]:
    """Obtain a published dataset's stacks, each file and each stack verified.

    Args:
        dataset: One with a source.
        mirror: A folder that holds ``NAME/`` laid out as the source is; nothing is fetched then.
        cache: Where fetched files are kept; one that is there with the right hash is not fetched again.
        retries: How often a failed file is tried again, after a second or two.

    Returns:
        uint8 arrays of shape (Z, Y, X) by stack name.

    Raises:
        UserError: A file is missing, unreachable, truncated or has another hash; the message says which,
            what was expected and how to place the data by hand.
    """
    if not isinstance(dataset.source, SliceSource):
        raise ValueError(f"{dataset.name} is not published as slices")
    if mirror is not None:
        folder = mirror / dataset.name
        _verify_mirror(dataset.name, dataset.source, folder)
    else:
        folder = cache / dataset.name
        _fetch(dataset.name, dataset.source, folder, retries)
    return {stack.name: _assemble(stack, folder) for stack in dataset.source.stacks}


def _verify_mirror(name: str, source: SliceSource, folder: Path) -> None:
    for path, expected in source.sha256.items():
        file = folder / path
        if not file.is_file():
            raise UserError(f"{file}: no such file, expected it with SHA-256 {expected}; {_by_hand(name, source)}")
        found = sha256(file)
        if found != expected:
            raise UserError(
                f"{file}: {file.stat().st_size} bytes with SHA-256 {found}, expected SHA-256 {expected}: it is "
                f"damaged or another version; replace it. {_by_hand(name, source)}"
            )


def _fetch(name: str, source: SliceSource, folder: Path, retries: int) -> None:
    """Fetch every file into ``folder``; pooch keeps a file only when its hash is right."""
    pooch.get_logger().setLevel("WARNING")
    fetcher = pooch.create(folder, base_url=source.url, registry=source.sha256, retry_if_failed=retries)
    download = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    # disable=None: a bar where a person looks on, silence where the output goes to a file.
    for path in tqdm(source.sha256, desc=f"fetch {name}", unit="file", disable=None):
        try:
            fetcher.fetch(path, downloader=download)
        except (ValueError, RequestException) as error:
            raise _not_fetched(error, name, source, path) from None


def _not_fetched(error: Exception, name: str, source: SliceSource, path: str) -> UserError:
    expected = f"expected {path} with SHA-256 {source.sha256[path]}"
    return UserError(f"{source.url}{path}: {reason(error)}, {expected}. {_by_hand(name, source)}")


def reason(error: Exception) -> str:
    """Say in a few words why nothing good came: requests' own messages repeat the address three times."""
    if other_hash := re.search(r"but got '?(\w+)", str(error)):  # pooch's ValueError
        return f"got SHA-256 {other_hash[1]}"
    if (response := getattr(error, "response", None)) is not None:
        return f"cannot be fetched (HTTP {response.status_code} {response.reason})"
    last = str(error).rsplit(": ", maxsplit=1)[-1]
    last = re.split(r" \(\[|', ", last)[0].strip("'\" ")
    return f"cannot be fetched ({last})"


def _by_hand(name: str, source: SliceSource) -> str:
    folders = ", ".join(f"{stack.files[0]} .. {Path(stack.files[-1]).name}" for stack in source.stacks)
    also = f" ({source.alternatives})" if source.alternatives else ""
    return (
        f"To place the data by hand, put the {len(source.sha256)} files of {source.url}{also} into FOLDER/{name}/ as "
        f"{folders}, and run again with {MIRROR_VARIABLE}=FOLDER"
    )


def _assemble(stack: SliceStack, folder: Path) -> np.ndarray:
    volume = np.stack([np.asarray(Image.open(folder / file)) for file in stack.files])
    if volume.dtype == np.bool_:  # a PNG of one bit
        volume = volume * np.uint8(255)
    if stack.membranes_are_white:
        volume = 255 - volume
    found = hashlib.sha256(np.ascontiguousarray(volume).tobytes()).hexdigest()
    if volume.shape != stack.shape or volume.dtype != np.uint8 or found != stack.pixel_sha256:
        raise UserError(
            f"{folder / stack.folder}: the slices make a {volume.dtype} stack of shape {volume.shape} with pixel "
            f"SHA-256 {found}, expected uint8, {stack.shape}, {stack.pixel_sha256}; is pillow up to date?"
        )
    return volume
