"""Make a dataset's TIFF stacks: assembled from what was fetched, drawn, or taken from the user's own files."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.config.experiment import DownloadSection, PhantomSettings
from fusionnet.download.crops import inside_label, obtain_crops
from fusionnet.download.datasets import DATASETS, PARTS, STACK_NAMES, CropSource, Dataset
from fusionnet.download.fetch import mirror_folder, obtain_stacks
from fusionnet.errors import UserError
from fusionnet.files import write_json
from fusionnet.volumes.grey_values import GreyWindow, to_levels, window_of
from fusionnet.volumes.stacks import read_pair, require_same_shape, write_volume
from fusionnet.volumes.volume import read_labels, read_volume


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
    making: dict[str, Any] = {}
    if dataset.name == "phantom" and section.phantom:
        stacks = _draw(section.phantom)
        making = {"drawn_with": section.phantom.model_dump()}
    elif dataset.name == "phantom-nuclei" and section.phantom:
        stacks = _draw_nuclei(section.phantom)
        making = {"drawn_with": section.phantom.model_dump()}
    elif dataset.name == "files":
        stacks, making = _read_own(section)
    elif isinstance(dataset.source, CropSource):
        crops = obtain_crops(dataset, mirror_folder(section.mirror), cache, _earlier_hashes(folder, dataset))
        stacks, making = crops.stacks, {"file_sha256": crops.sha256, "breaks": crops.breaks}
    else:
        stacks = obtain_stacks(dataset, mirror_folder(section.mirror), cache)
        if section.test_labels:  # of a challenge that keeps them apart
            stacks["test-labels"] = read_labels(section.test_labels) * np.uint8(255)
            pair = [(f"{name} of {dataset.name}", stacks[name]) for name in ("test-volume", "test-labels")]
            require_same_shape(*pair)
    _write(stacks, _origin(dataset, stacks) | making, folder)
    return stacks


def _draw(settings: PhantomSettings) -> dict[str, np.ndarray]:
    """Draw a train and a test volume that share no random number."""
    from fusionnet.download.phantom.draw import draw_phantom

    stacks = {}
    for part, (seed, slices) in _parts_of(settings).items():
        stacks[f"{part}-volume"], stacks[f"{part}-labels"] = draw_phantom(seed, slices, settings.size_pixels)
    return stacks


def _draw_nuclei(settings: PhantomSettings) -> dict[str, np.ndarray]:
    """Draw a train and a test volume of cell bodies, labelled inside their nuclei."""
    from fusionnet.download.phantom.nuclei import draw_nuclei_phantom

    stacks: dict[str, np.ndarray] = {}
    for part, (seed, slices) in _parts_of(settings).items():
        volume, instances = draw_nuclei_phantom(seed, slices, settings.size_pixels)
        stacks |= {
            f"{part}-volume": volume,
            f"{part}-labels": inside_label(instances),
            f"{part}-instances": instances,
        }
    return stacks


def _parts_of(settings: PhantomSettings) -> dict[str, tuple[int, int]]:
    """Return seed and number of slices of each part; the seeds share no random number."""
    slices = (settings.train_slices, settings.test_slices)
    seeds = [int(np.random.SeedSequence([settings.seed, key]).generate_state(1)[0]) for key in range(len(PARTS))]
    return dict(zip(PARTS, zip(seeds, slices, strict=True), strict=True))


def _earlier_hashes(folder: Path, dataset: Dataset) -> dict[str, str]:
    """Return the files' hashes that came with the stacks which are there already."""
    origin = folder / "ORIGIN.json"
    content = json.loads(origin.read_text(encoding="utf-8")) if origin.is_file() else {}
    return content.get("file_sha256", {}) if content.get("dataset") == dataset.name else {}


def _read_own(section: DownloadSection) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the stacks that the section names; volume and labels must cover the same slices."""
    raw: dict[str, np.ndarray] = {}
    parts = {"train": (section.volume, section.labels), "test": (section.test_volume, section.test_labels)}
    for part, (volume, labels) in parts.items():
        if volume and labels:
            raw[f"{part}-volume"], inside = read_pair(volume, labels, read_volume)
            raw[f"{part}-labels"] = inside * np.uint8(255)
        elif volume:
            raw[f"{part}-volume"] = read_volume(volume)
        if volume:
            _require_grey(volume, raw[f"{part}-volume"])
    types = {name: stack.dtype for name, stack in raw.items() if name.endswith("volume")}
    if len(set(types.values())) > 1:
        raise UserError(
            f"the test volume is {types['test-volume']} but the training volume is {types['train-volume']}; "
            "expected the same type, so that equal tissue keeps equal grey values: convert one of them"
        )
    # The training volume's window serves the test volume too, so that equal tissue keeps equal grey values.
    window = None if types["train-volume"] == np.uint8 else window_of(raw["train-volume"])
    stacks = {name: _to_8_bits(stack, window) if name.endswith("volume") else stack for name, stack in raw.items()}
    keys = {"volume", "labels", "test_volume", "test_labels"}
    return stacks, {
        "files": section.model_dump(include=keys, exclude_none=True),
        "grey_window": [window.low, window.high] if window else None,
    }


def _require_grey(path: str, volume: np.ndarray) -> None:
    if volume.dtype.kind not in "uif":
        raise UserError(f"{path}: values of type {volume.dtype}, expected integer or float grey values")
    if volume.dtype.kind == "f" and not np.isfinite(volume).all():
        raise UserError(f"{path}: holds NaN or infinite values; replace them by grey values first")


def _to_8_bits(volume: np.ndarray, window: GreyWindow | None) -> np.ndarray:
    return volume if window is None else to_levels(volume, window).astype(np.uint8)


def _origin(dataset: Dataset, stacks: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Describe the stacks; holds no time and no path of this machine, so equal data gives equal bytes."""
    origin: dict[str, Any] = {
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
    if dataset.source:
        origin["source"] = dataset.source.url
        origin["file_sha256"] = dataset.source.sha256
    return origin


def _write(stacks: Mapping[str, np.ndarray], origin: dict[str, Any], folder: Path) -> None:
    """Write into a hidden folder first: a full disk leaves the older stacks as they were."""
    kept = {"stage": "download"} | {key: origin[key] for key in ("dataset", "citation", "licence")}
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, stack in stacks.items():
            breaks = {"breaks": origin["breaks"][name.partition("-")[0]]} if "breaks" in origin else {}
            write_volume(staging / f"{name}.tif", stack, kept | breaks)
        write_json(staging / "ORIGIN.json", origin)
        folder.mkdir(exist_ok=True)
        for name in set(STACK_NAMES) - set(stacks):
            (folder / f"{name}.tif").unlink(missing_ok=True)  # left by another choice of stacks
        for name in (*(f"{stack}.tif" for stack in stacks), "ORIGIN.json"):
            (staging / name).replace(folder / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
