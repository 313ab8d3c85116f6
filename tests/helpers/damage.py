"""Damage done to a file or a folder, decided by a generator: what disks, networks and other programs do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HTML = b"<!DOCTYPE html><html><head><title>404</title></head><body>Not found</body></html>\n"
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 3.5, 2**31, 2**63, 10**40, float("1e308"), "", "x", "../..", "\x00", "é" * 300),
    *([], {}, [[]], [0, 0, 0], [-1, 5, 5], [2**40] * 3, ["x"] * 3, {"a": {"b": [{}]}}),
)
LARGEST = 1 << 16  # bytes that are put in or taken out at once


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a beginning of the bytes."""
    return content[: int(rng.integers(len(content)))] if content else b""


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one to eight bits turned."""
    changed = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 9)) if content else ():
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def flipped_in_front(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with bits turned where headers are."""
    return flipped(content[:1024], rng) + content[1024:]


def overwritten(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with some in the front replaced: by zeros, by ones (a huge number), or by chance."""
    start, size = int(rng.integers(min(len(content), 512) + 1)), int(rng.choice([1, 2, 4, 8, 64]))
    new = [bytes(size), b"\xff" * size, rng.bytes(size)][rng.integers(3)]
    return content[:start] + new + content[start + size :]


def cut_out(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes without some of them."""
    start, stop = sorted(rng.integers(len(content) + 1, size=2).tolist())
    return content[:start] + content[min(stop, start + LARGEST) :]


def put_in(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with others between them."""
    start = int(rng.integers(len(content) + 1))
    return content[:start] + rng.bytes(int(rng.integers(1, 2000))) + content[start:]


def doubled(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with a part of them twice."""
    start, stop = sorted(rng.integers(len(content) + 1, size=2).tolist())
    return content[:stop] + content[start:stop][:LARGEST] + content[stop:]


def emptied(content: bytes, rng: np.random.Generator) -> bytes:
    """Return nothing."""
    return b""


def a_page(content: bytes, rng: np.random.Generator) -> bytes:
    """Return what a web server sends instead."""
    return HTML


def noise(content: bytes, rng: np.random.Generator) -> bytes:
    """Return as many bytes of chance."""
    return rng.bytes(min(len(content), LARGEST))


def edited(content: bytes, rng: np.random.Generator) -> bytes:
    """Return JSON with one value, at any depth, replaced, taken out or put beside; other content with bits turned."""
    try:
        tree = json.loads(content)
    except ValueError:
        return flipped(content, rng)
    places: list[tuple[Any, Any]] = []
    _collect(tree, places)
    if not places:
        return json.dumps(ODD_VALUES[rng.integers(len(ODD_VALUES))]).encode()
    holder, key = places[rng.integers(len(places))]
    action = rng.integers(4)
    if action == 0:
        del holder[key]
    elif action == 1 and isinstance(holder, dict):
        holder[f"{key}_"] = holder.pop(key)
    else:
        holder[key] = ODD_VALUES[rng.integers(len(ODD_VALUES))]
    return json.dumps(tree).encode()


def _collect(node: Any, places: list[tuple[Any, Any]]) -> None:
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        places.append((node, key))
        _collect(node[key], places)


Damage = Callable[[bytes, np.random.Generator], bytes]
OF_BYTES: tuple[Damage, ...] = (
    *(truncated, flipped, flipped_in_front, overwritten, cut_out, put_in, doubled, emptied, a_page, noise, edited),
)


def damage(path: Path, rng: np.random.Generator) -> str:
    """Damage a file, or a file of a folder, or take it away; return the word for what was done."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    metadata = [file for file in files if not file.stem.isdigit()]  # of folders: chunks are more, but each alike
    file = _one_of(metadata if metadata and rng.random() < 0.7 else files, rng)
    if rng.random() < 0.04:
        _instead(file, rng)
        return "gone"
    how = OF_BYTES[rng.integers(len(OF_BYTES))]
    file.write_bytes(how(file.read_bytes(), rng))
    return how.__name__


def _one_of(files: list[Path], rng: np.random.Generator) -> Path:
    return files[rng.integers(len(files))]


def _instead(file: Path, rng: np.random.Generator) -> None:
    """Put nothing, a folder, or a link to nowhere in a file's place."""
    file.unlink()
    what = rng.integers(3)
    if what == 1:
        file.mkdir()
    elif what == 2:
        file.symlink_to("nowhere")


def copied(path: Path, folder: Path) -> Path:
    """Return a copy of a file or folder in another folder."""
    target = folder / path.name
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        shutil.copy(path, target)
    return target
