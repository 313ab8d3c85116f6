"""Folders of slices, one file each: PNG or TIFF, in the natural order of their names."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource, one_after_another
from fusionnet.volumes.tiff import SUFFIXES, open_tiff

SHOWN_GAPS = 5


def is_image_folder(name: str) -> bool:
    """Tell whether a path is a folder; what is in it is looked at when it is opened."""
    return Path(name).is_dir()


def open_image_folder(name: str) -> VolumeSource:
    """Open a folder of slices; see `fusionnet.volumes.volume.open_volume`."""
    files = [file for file in Path(name).iterdir() if file.is_file() and not file.name.startswith(".")]
    kinds = {".png": [file for file in files if file.suffix.lower() == ".png"]}
    kinds[".tif"] = [file for file in files if file.suffix.lower() in SUFFIXES]
    there = {suffix: names for suffix, names in kinds.items() if names}
    if len(there) != 1:
        found = " and ".join(f"{len(names)} {suffix}" for suffix, names in there.items()) or "no .png and no .tif"
        raise UserError(f"{name}: holds {found} slices; expected a folder of either, one file for each slice")
    names = sorted(*there.values(), key=natural_order)
    for before, after in pairwise(names):
        if natural_order(before) == natural_order(after):
            raise UserError(f"{name}: which comes first, {before.name} or {after.name}? Remove one, or rename it")
    first = _open_slice(names[0])
    # Files are opened when they are read: a volume may have thousands.
    reader = one_after_another(first, lambda z: map(_open_slice, names[z]), "all slices of a folder must be alike")
    notes = (*first.notes, *_gaps(names))
    return VolumeSource(name, (len(names), *first.shape[1:]), first.dtype, reader, notes=notes)


def natural_order(file: Path) -> list[tuple[str, int]]:
    """Sort key by which slice-2 comes before slice-10."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", file.stem)]


def _gaps(names: list[Path]) -> list[str]:
    """Return a note if the slices' numbers leave some out, or there are several in each name."""
    parts = [natural_order(name) for name in names]
    if len({tuple(text for text, _ in part) for part in parts}) > 1:
        return []
    varying = [numbers for numbers in zip(*([number for _, number in part] for part in parts), strict=True)]
    varying = [numbers for numbers in varying if len(set(numbers)) > 1]
    if len(varying) > 1:
        return [
            f"{len(varying)} numbers differ in the names, such as {names[0].name}: each file is read as a whole slice"
        ]
    if not varying:
        return []
    numbers = varying[0]
    step = min(after - before for before, after in pairwise(numbers))
    missing = sorted(set(range(numbers[0], numbers[-1], step)) - set(numbers))
    if not missing:
        return []
    shown = ", ".join(map(str, missing[:SHOWN_GAPS])) + (", ..." if len(missing) > SHOWN_GAPS else "")
    are = "slice is" if len(missing) == 1 else "slices are"
    return [f"{len(missing)} {are} missing by their numbers ({shown}); those around them are read as neighbours"]


def _open_slice(file: Path) -> VolumeSource:
    source = open_tiff(str(file)) if file.suffix.lower() in SUFFIXES else _open_png(file)
    if source.shape[0] != 1:
        raise UserError(f"{file}: holds {source.shape[0]} slices, expected one in each file of a folder; name the file")
    return source


def _open_png(file: Path) -> VolumeSource:
    grey = _read_png(file)
    return VolumeSource(str(file), (1, *grey.shape), grey.dtype, lambda z, y, x: grey[np.newaxis][z, y, x])


def _read_png(file: Path) -> np.ndarray:
    from PIL import Image

    try:
        with file.open("rb") as opened:
            bits = (opened.read(25) + bytes(25))[24]  # of each pixel, by PNG's header
        with Image.open(file) as image:
            mode, grey = image.mode, np.asarray(image)
    except OSError as error:
        raise UserError(f"{file}: cannot be read as PNG ({error}); fetch or export it again") from error
    if mode == "P":
        raise UserError(f"{file}: a palette image, whose numbers are no grey values; convert it (Fiji: Image > Type)")
    if grey.ndim != 2:
        raise UserError(f"{file}: shape {grey.shape}, expected a grey-value slice (Y, X); convert it")
    if bits in (2, 4):
        raise UserError(f"{file}: {bits} bits a pixel, which programs scale differently; save it with 8 bits")
    return grey.astype(np.uint8) if mode == "1" else grey
