"""Fetch a published dataset's files, or find them in a local mirror, and verify every byte."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import numpy as np
import pooch
import requests
from PIL import Image
from tqdm import tqdm

from fusionnet.download.datasets import Dataset, SliceSource, SliceStack
from fusionnet.errors import UserError
from fusionnet.files import sha256

MIRROR_VARIABLE = "FUSIONNET_MIRROR"
TIMEOUT_S = 30
MOST_BYTES = 1 << 30  # of one answer; the largest file of a dataset has a megabyte


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
    fetcher = pooch.create(folder, base_url=source.url, registry=source.sha256, retry_if_failed=retries)
    for path in progress(source.sha256, name):
        try:
            fetcher.fetch(path, downloader=receive)
        except (ValueError, requests.RequestException) as error:
            raise _not_fetched(error, name, source, path) from None


def progress(paths: Mapping[str, object], name: str) -> Iterator[str]:
    """Yield paths that are fetched, with a bar where a person looks on; where the output goes to a file, with none."""
    pooch.get_logger().setLevel("WARNING")
    yield from tqdm(paths, desc=f"fetch {name}", unit="file", disable=None)


def receive(url: str, output_file: str, _: object = None) -> None:
    """Fetch one file whose hash is known; pooch's way to ask for it.

    The file may lie on another host than the address, to which the address's own sends it on by the same protocol.

    Raises:
        requests.RequestException: Nothing good came (see `reason`).
    """
    with ask(url) as answer, Path(output_file).open("wb") as file:
        file.writelines(blocks(answer))


class RefusedError(requests.RequestException):
    """What came is not taken; the message says why."""


@contextmanager
def ask(url: str, elsewhere: bool = True) -> Iterator[requests.Response]:
    """Ask for an address and give the answer's beginning; its content is read by `blocks`.

    Args:
        url: What is asked for.
        elsewhere: Whether another host may answer to which this one sends us on.

    Raises:
        requests.RequestException: No answer within `TIMEOUT_S`, an error, or one that would lead to another protocol,
            such as from https to http.
    """

    def look(answer: requests.Response, **_: Any) -> None:
        here, there = urlsplit(answer.url), urlsplit(urljoin(answer.url, answer.headers.get("location", "")))
        if answer.is_redirect and (there.scheme != here.scheme or not (elsewhere or there.netloc == here.netloc)):
            what = f"another {'protocol' if there.scheme != here.scheme else 'host'}"
            raise RefusedError(f"sends us on to {there.scheme}://{there.netloc}, {what}: nothing is fetched from there")

    with requests.get(url, stream=True, timeout=TIMEOUT_S, hooks={"response": look}) as answer:
        answer.raise_for_status()
        yield answer


def blocks(answer: requests.Response) -> Iterator[bytes]:
    """Yield an answer's content in pieces; one of more than `MOST_BYTES` is refused before it fills memory or disk."""
    size = 0
    for block in answer.iter_content(1 << 16):
        size += len(block)
        if size > MOST_BYTES:
            raise RefusedError(f"sends more than {MOST_BYTES:,} bytes, which no file of a dataset has")
        yield block


def _not_fetched(error: Exception, name: str, source: SliceSource, path: str) -> UserError:
    expected = f"expected {path} with SHA-256 {source.sha256[path]}"
    return UserError(f"{source.url}{path}: {reason(error)}, {expected}. {_by_hand(name, source)}")


def reason(error: Exception) -> str:
    """Say in a few words why nothing good came: requests' own messages repeat the address three times."""
    if isinstance(error, RefusedError):
        return str(error)
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
