"""Image stacks on disk, as arrays of shape (Z, Y, X): TIFF, folders of PNG slices, OME-Zarr and HDF5.

A volume is one grey value per voxel. A label stack of membranes is 1 inside a cell and 0 on a membrane.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from fusionnet.errors import UserError
from fusionnet.files import whole_or_absent

TIFF_SUFFIXES = (".tif", ".tiff")


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
    path = Path(path)
    name = str(path)
    if path.suffix.lower() in TIFF_SUFFIXES:
        volume = _read_tiff(_existing(path))
    elif path.suffix == ".zarr":
        volume = _read_zarr(_existing(path))
    elif re.search(r"\.(h5|hdf5?|hdf)(:|$)", name):
        volume = _read_hdf5(name)
    elif _existing(path).is_dir():
        volume = _read_png_folder(path)
    else:
        raise UserError(f"{path}: expected a .tif stack, a folder of .png slices, a .zarr folder or file.h5:key")
    if volume.ndim == 2:
        volume = volume[np.newaxis]
    if volume.ndim != 3:
        raise UserError(
            f"{path}: got an array of shape {volume.shape}, expected (Z, Y, X); split channels or time points first"
        )
    return volume


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
    if first[1].shape != second[1].shape:
        raise UserError(
            f"{first[0]} has shape {first[1].shape} but {second[0]} has {second[1].shape}; "
            "both must cover the same slices (Z, Y, X)"
        )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    return path


def _read_tiff(path: Path) -> np.ndarray:
    try:
        with tifffile.TiffFile(path) as tiff:
            axes = tiff.series[0].axes
            mode = (tiff.imagej_metadata or {}).get("mode")
            volume = tiff.asarray()
    except (tifffile.TiffFileError, ValueError, IndexError, OSError) as error:
        raise UserError(
            f"{path}: cannot be read as TIFF ({error}); is it truncated? Fetch or export it again"
        ) from error
    if axes == "CYX" and mode == "grayscale":
        return volume  # an ImageJ stack written without naming its axes calls its slices channels
    if "S" in axes or "C" in axes:
        raise UserError(
            f"{path}: RGB or multi-channel TIFF of shape {volume.shape}, axes {axes}; "
            "expected one grey value per voxel: convert it (Fiji: Image > Type > 8-bit)"
        )
    return volume


def _read_png_folder(folder: Path) -> np.ndarray:
    from PIL import Image

    names = sorted(folder.glob("*.png"), key=lambda file: [int(n) for n in re.findall(r"\d+", file.stem)] or [0])
    if not names:
        raise UserError(f"{folder}: holds no .png slices")
    slices = []
    for name in names:
        try:
            slices.append(np.asarray(Image.open(name)))
        except OSError as error:
            raise UserError(f"{name}: cannot be read as PNG ({error}); fetch or export it again") from error
        if slices[-1].ndim != 2 or slices[-1].shape != slices[0].shape:
            raise UserError(
                f"{name}: shape {slices[-1].shape}, expected a grey-value slice of shape {slices[0].shape[:2]}"
            )
    return np.stack(slices)


def _read_zarr(path: Path) -> np.ndarray:
    import zarr

    try:
        node: Any = zarr.open(path, mode="r")
        if isinstance(node, zarr.Group):
            attributes: dict[str, Any] = dict(node.attrs)
            scales = attributes.get("ome", attributes).get("multiscales")
            if not scales:
                raise UserError(f"{path}: a Zarr group without OME 'multiscales'; name the array inside it")
            node = node[scales[0]["datasets"][0]["path"]]
        volume = np.asarray(node[:])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot be read as Zarr ({error})") from error
    return volume.reshape([side for axis, side in enumerate(volume.shape) if side > 1 or axis >= volume.ndim - 3])


def _read_hdf5(name: str) -> np.ndarray:
    import h5py

    file, _, key = name.rpartition(":") if ":" in name else (name, "", "")
    _existing(Path(file))
    try:
        with h5py.File(file, "r") as hdf:
            keys: list[str] = []
            hdf.visititems(lambda item, node: keys.append(item) if isinstance(node, h5py.Dataset) else None)
            if key.strip("/") not in keys:
                raise UserError(f"{name}: no dataset {key!r}; write {file}:KEY with one of: {', '.join(keys)}")
            return np.asarray(hdf[key][:])
    except OSError as error:
        raise UserError(f"{file}: cannot be read as HDF5 ({error})") from error
