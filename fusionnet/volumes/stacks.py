"""Image stacks on disk, as whole arrays of shape (Z, Y, X); `fusionnet.volumes.sources` reads them by regions.

A volume is one grey value per voxel. A label stack of membranes is 1 inside a cell and 0 on a membrane.
"""

import json
from pathlib import Path

import numpy as np
import tifffile

from fusionnet.errors import UserError
from fusionnet.files import whole_or_absent
from fusionnet.volumes.sources import TIFF_SUFFIXES as TIFF_SUFFIXES
from fusionnet.volumes.sources import open_source


def read_volume(path: Path | str) -> np.ndarray:
    """Read a grey-value stack whole.

    Args:
        path: A TIFF stack, a folder of PNG slices in the natural order of their names, an OME-Zarr
            folder (``.zarr``; the finest scale is read) or ``file.h5:key``.

    Returns:
        The volume, shape (Z, Y, X), in the file's own dtype. A single slice gets Z = 1.

    Raises:
        UserError: The path does not exist, is no such format, is damaged, or is not (Z, Y, X).
    """
    return open_source(path).read_all()


def read_labels(path: Path | str) -> np.ndarray:
    """Read a membrane label stack: 1 (or 255) inside a cell, 0 on a membrane.

    Args:
        path: As for `read_volume`.

    Returns:
        uint8 array of 0 and 1, shape (Z, Y, X).

    Raises:
        UserError: As for `read_volume`, or the values are neither {0, 1} nor {0, 255}.
    """
    labels = read_volume(path)
    values = np.unique(labels)
    if not (set(values.tolist()) <= {0, 1} or set(values.tolist()) <= {0, 255}):
        shown = ", ".join(str(value) for value in values[:8].tolist()) + (", ..." if len(values) > 8 else "")
        jpeg = " A JPEG copy damages labels like this: use a lossless one." if len(values) > 8 else ""
        raise UserError(
            f"{path}: labels hold {len(values)} values ({shown}), expected only 0 (membrane) and 1 or 255 "
            f"(inside a cell); recode them.{jpeg}"
        )
    return (labels > 0).astype(np.uint8)


def write_volume(path: Path, volume: np.ndarray, provenance: dict) -> None:
    """Write a stack as an ImageJ TIFF that Fiji opens with Z as its slice axis; whole or not at all.

    Args:
        path: Ends in ``.tif``.
        volume: uint8, uint16 or float32, shape (Z, Y, X).
        provenance: What made it (see `fusionnet.provenance`); kept in the TIFF's Info property.
    """
    with whole_or_absent(path) as temporary:
        info = json.dumps(provenance, sort_keys=True)
        tifffile.imwrite(temporary, volume, imagej=True, metadata={"axes": "ZYX", "Info": info})


def read_provenance(path: Path) -> dict:
    """Return what `write_volume` kept of a stack's making; empty for a foreign TIFF."""
    with tifffile.TiffFile(path) as tiff:
        info = (tiff.imagej_metadata or {}).get("Info", "")
    return json.loads(info) if info.startswith("{") else {}


def require_same_shape(first: tuple[Path | str, np.ndarray], second: tuple[Path | str, np.ndarray]) -> None:
    """Raise a `UserError` that names both stacks unless their shapes are equal."""
    mine, other = first[1].shape, second[1].shape
    if mine != other:
        hint = "choose the same range of slices of both" if mine[1:] == other[1:] else "crop or pad one of them"
        raise UserError(
            f"{first[0]} has shape {mine} but {second[0]} has {other}; both must cover the same (Z, Y, X): {hint}"
        )
