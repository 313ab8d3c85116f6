"""Make a dataset's TIFF stacks: assembled from what was fetched, drawn, or taken from the user's own files."""

import glob
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from fusionnet.config.experiment import DownloadSection, PhantomSettings
from fusionnet.download.crops import inside_label, obtain_crops
from fusionnet.download.datasets import (
    DATASETS,
    PARTS,
    STACK_NAMES,
    CropSource,
    Dataset,
    Drawing,
    OwnFiles,
    SliceSource,
    Source,
)
from fusionnet.download.fetch import mirror_folder, obtain_stacks
from fusionnet.download.own_stacks import read_own_stacks, require_cells, usual_labels
from fusionnet.errors import UserError
from fusionnet.files import write_json
from fusionnet.volumes.stacks import write_volume
from fusionnet.volumes.volume import read_volume


def stacks_of(section: DownloadSection) -> tuple[str, ...]:
    """Return the stacks that a ``download`` section yields, e.g. ``("train-volume", "train-labels")``."""
    optional = {"test-volume": section.test_volume, "test-labels": section.test_labels}
    names = DATASETS[section.dataset].stack_names
    own = tuple(name for name, path in optional.items() if path and name not in names)
    return names + own


def prepare_dataset(section: DownloadSection, folder: Path, cache: Path) -> dict[str, np.ndarray]:
    """Obtain the stacks of a dataset and write them to a folder, all of them or none.

    Args:
        section: The configuration's ``download`` section.
        folder: Receives ``NAME.tif`` per stack (uint8; labels 255 inside a cell, or a nucleus, and 0 elsewhere;
            uint16 instance numbers) and ``ORIGIN.json`` (source, hashes, citation, licence). Its older stacks stay if
            anything fails.
        cache: Where fetched files are kept.

    Returns:
        The stacks by name, each (Z, Y, X).

    Raises:
        UserError: The data cannot be had or is not what it must be.
    """
    dataset = DATASETS[section.dataset]
    earlier = _earlier_hashes(folder, dataset)
    stacks, making = _make(dataset.source, _Order(dataset, section, cache, earlier))
    _write(stacks, _origin(dataset, stacks) | making, folder)
    return stacks


@dataclass(frozen=True)
class _Order:
    """What is to be made, and of what."""

    dataset: Dataset
    section: DownloadSection
    cache: Path
    earlier_sha256: dict[str, str]
    """Hashes of the files that the stacks which are there already came from, by path."""


Made = tuple[dict[str, np.ndarray], dict[str, Any]]
"""Stacks by name, and what ``ORIGIN.json`` says of their making."""


@singledispatch
def _make(source: Source, order: _Order) -> Made:
    """Make the stacks of an order; how, the type of its dataset's source decides."""
    raise TypeError(f"{order.dataset.name}: no way to make stacks from a {type(source).__name__}")


@_make.register
def _assemble_slices(source: SliceSource, order: _Order) -> Made:
    """Fetch a dataset of slices, and take the labels that a challenge keeps apart from the user."""
    dataset, labels = order.dataset, order.section.test_labels
    stacks = obtain_stacks(dataset, mirror_folder(order.section.mirror), order.cache)
    if labels:
        volume = f"test-volume of {dataset.name}", stacks["test-volume"]
        inside = usual_labels((labels, read_volume(labels)), volume, order.section.unusual_labels)
        require_cells(labels, inside)
        stacks["test-labels"] = inside * np.uint8(255)
    return stacks, {"source": source.url, "file_sha256": source.sha256}


@_make.register
def _assemble_crops(source: CropSource, order: _Order) -> Made:
    """Fetch a dataset of small volumes."""
    mirror = mirror_folder(order.section.mirror)
    crops = obtain_crops(order.dataset, mirror, order.cache, order.earlier_sha256)
    return crops.stacks, {"source": source.url, "file_sha256": crops.sha256, "breaks": crops.breaks}


@_make.register
def _draw(source: Drawing, order: _Order) -> Made:
    """Draw a train and a test volume that share no random number."""
    settings = order.section.phantom
    if settings is None:
        raise ValueError(f"{order.dataset.name} is drawn from the section 'phantom'")
    draw = _draw_nuclei if order.dataset.task == "nuclei" else _draw_membranes
    stacks = {
        f"{part}-{kind}": stack
        for part, (seed, slices) in _parts_of(settings).items()
        for kind, stack in draw(seed, slices, settings.size_pixels).items()
    }
    return stacks, {"drawn_with": settings.model_dump()}


def _draw_membranes(seed: int, slices: int, size_pixels: int) -> dict[str, np.ndarray]:
    from fusionnet.download.phantom.draw import draw_phantom

    volume, labels = draw_phantom(seed, slices, size_pixels)
    return {"volume": volume, "labels": labels}


def _draw_nuclei(seed: int, slices: int, size_pixels: int) -> dict[str, np.ndarray]:
    from fusionnet.download.phantom.nuclei import draw_nuclei_phantom

    volume, instances = draw_nuclei_phantom(seed, slices, size_pixels)
    return {"volume": volume, "labels": inside_label(instances), "instances": instances}


def _parts_of(settings: PhantomSettings) -> dict[str, tuple[int, int]]:
    """Return seed and number of slices of each part; the seeds share no random number."""
    slices = (settings.train_slices, settings.test_slices)
    seeds = [int(np.random.SeedSequence([settings.seed, key]).generate_state(1)[0]) for key in range(len(PARTS))]
    return dict(zip(PARTS, zip(seeds, slices, strict=True), strict=True))


def _earlier_hashes(folder: Path, dataset: Dataset) -> dict[str, str]:
    """Return the files' hashes that came with the stacks which are there already; none unless it is fetched."""
    origin = folder / "ORIGIN.json"
    if not dataset.is_published or not origin.is_file():
        return {}
    try:
        content = json.loads(origin.read_text(encoding="utf-8"))
        hashes = content["file_sha256"] if content["dataset"] == dataset.name else {}
        if not all(isinstance(text, str) for pair in hashes.items() for text in pair):
            raise TypeError("hashes that are no text")
        return hashes
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{origin}: damaged ({type(error).__name__}: {error}), expected the hashes of the earlier download; "
            "remove it, and the files are taken as new"
        ) from error


@_make.register
def _read_own(source: OwnFiles, order: _Order) -> Made:
    """Read the person's own stacks."""
    return read_own_stacks(order.section)


def _origin(dataset: Dataset, stacks: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Describe the stacks; holds no time and no path of this machine, so equal data gives equal bytes."""
    return {
        "dataset": dataset.name,
        "description": dataset.description,
        "citation": dataset.citation,
        "licence": dataset.licence,
        "voxel_size_zyx_nm": dataset.voxel_size_nm,
        "stacks": {
            name: {"shape_zyx": stack.shape, "pixel_sha256": hashlib.sha256(stack.tobytes()).hexdigest()}
            for name, stack in stacks.items()
        },
    }


def _write(stacks: Mapping[str, np.ndarray], origin: dict[str, Any], folder: Path) -> None:
    """Write into a hidden folder first: a full disk leaves the older stacks as they were."""
    kept = {"stage": "download"} | {key: origin[key] for key in ("dataset", "citation", "licence")}
    folder.parent.mkdir(parents=True, exist_ok=True)
    own = f".{folder.name}.{socket.gethostname()}-"
    for left in folder.parent.glob(f"{glob.escape(own)}*"):
        number = left.name.removeprefix(own)
        if number.isdigit() and (int(number) == os.getpid() or not psutil.pid_exists(int(number))):  # of a killed one
            shutil.rmtree(left, ignore_errors=True)
    staging = folder.parent / f"{own}{os.getpid()}"
    staging.mkdir()
    try:
        for name, stack in stacks.items():
            breaks = {"breaks": origin["breaks"][name.partition("-")[0]]} if "breaks" in origin else {}
            has_window = name.endswith("-volume") and origin.get("grey_window")
            window = {"grey_window": origin["grey_window"]} if has_window else {}
            write_volume(staging / f"{name}.tif", stack, kept | breaks | window)
        write_json(staging / "ORIGIN.json", origin)
        folder.mkdir(exist_ok=True)
        for name in set(STACK_NAMES) - set(stacks):
            (folder / f"{name}.tif").unlink(missing_ok=True)  # left by another choice of stacks
        for name in (*(f"{stack}.tif" for stack in stacks), "ORIGIN.json"):
            (staging / name).replace(folder / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
