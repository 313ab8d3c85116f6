"""The project's own stacks: TIFFs of shape (Z, Y, X) that Fiji opens, written and read whole, with their provenance.

Training reads nothing else, so it does not depend on the formats of other programs, which
`fusionnet.volumes.volume` reads. A label stack of membranes is 1 inside a cell and 0 on a membrane.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from fusionnet.errors import UserError
from fusionnet.files import whole_or_absent

Named = tuple[Path | str, np.ndarray]


def write_volume(path: Path, volume: np.ndarray, provenance: dict[str, Any]) -> None:
    """Write a stack as an ImageJ TIFF that Fiji opens with Z as its slice axis; whole or not at all.

    Args:
        path: Ends in ``.tif``.
        volume: uint8, uint16 or float32, shape (Z, Y, X).
        provenance: What made it (see `fusionnet.provenance`); kept in the TIFF's Info property.
    """
    with whole_or_absent(path) as temporary:
        tifffile.imwrite(temporary, volume, **imagej_options(None, provenance))


def imagej_options(voxel_size_nm: tuple[float, float, float] | None, provenance: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of tifffile that make a stack which Fiji opens as Z slices with their scale."""
    metadata: dict[str, Any] = {"axes": "ZYX", "Info": json.dumps(provenance, sort_keys=True)}
    if voxel_size_nm is None:
        return {"imagej": True, "metadata": metadata}
    z, y, x = voxel_size_nm
    return {"imagej": True, "metadata": metadata | {"spacing": z, "unit": "nm"}, "resolution": (1 / x, 1 / y)}


def read_stack(path: Path | str) -> np.ndarray:
    """Read a stack that `write_volume` wrote.

    Returns:
        The stack, shape (Z, Y, X), in the file's own dtype.

    Raises:
        UserError: The path does not exist, is damaged, or was written otherwise.
    """
    advice = "make it again with the stage that writes it"
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; {advice}")
    try:
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[0]
            own = tiff.is_imagej and len(tiff.series) == 1 and series.axes in ("YX", "ZYX")
            stack = series.asarray() if own else np.empty((0, 0))
            if own and (not stack.size or (tiff.imagej_metadata or {}).get("images", 1) != [1, *stack.shape][-3]):
                raise ValueError("slices are missing")
    except Exception as error:
        raise UserError(f"{path}: damaged or truncated ({error}); {advice}") from error
    if not own:
        raise UserError(f"{path}: a TIFF of another program, expected one of this project; {advice}")
    native = stack.dtype.newbyteorder("=")  # ImageJ's own files are big-endian
    return stack.astype(native, copy=False).reshape(-1, *stack.shape[-2:])


def read_provenance(path: Path) -> dict[str, Any]:
    """Return what `write_volume` kept of a stack's making; empty for a foreign TIFF."""
    try:
        with tifffile.TiffFile(path) as tiff:
            info = (tiff.imagej_metadata or {}).get("Info", "")
        return json.loads(info) if info.startswith("{") else {}
    except Exception as error:
        raise UserError(f"{path}: what it was made from cannot be read ({error}); make it again") from error


def grey_window_of(path: Path) -> dict[str, Any]:
    """Return ``grey_window``: what became black and white in a stack that had other grey values than 8-bit ones."""
    return {key: value for key, value in read_provenance(path).items() if key == "grey_window"}


def read_pair(
    volume: Path | str, labels: Path | str, read: Callable[[Path | str], np.ndarray] = read_stack
) -> tuple[np.ndarray, np.ndarray]:
    """Read a volume and its membrane labels, which must be of one shape.

    Args:
        volume: Path of the grey values.
        labels: Path of the labels.
        read: Reads either: stacks of this project, or `fusionnet.volumes.volume.read_volume` for any format.

    Returns:
        Grey values in the file's dtype, and uint8 labels of 0 and 1; both (Z, Y, X).

    Raises:
        UserError: As of `read` and `membrane_labels`, or the shapes differ.
    """
    pair = read(volume), membrane_labels((labels, read(labels)))
    require_same_shape((volume, pair[0]), (labels, pair[1]))
    return pair


def membrane_labels(stack: Named) -> np.ndarray:
    """Return membrane labels as uint8: 1 inside a cell, 0 on a membrane.

    Args:
        stack: Its path, and its values: 0, and 1 or 255 inside cells.

    Raises:
        UserError: The values are neither {0, 1} nor {0, 255}.
    """
    path, labels = stack
    values = np.unique(labels)
    if not (set(values.tolist()) <= {0, 1} or set(values.tolist()) <= {0, 255}):
        shown = ", ".join(str(value) for value in values[:8].tolist()) + (", ..." if len(values) > 8 else "")
        jpeg = " A JPEG copy damages labels like this: use a lossless one." if len(values) > 8 else ""
        raise UserError(
            f"{path}: labels hold {len(values)} values ({shown}), expected only 0 (membrane) and 1 or 255 "
            f"(inside a cell); recode them.{jpeg}"
        )
    return (labels > 0).astype(np.uint8)


def require_same_shape(first: Named, second: Named) -> None:
    """Raise a `UserError` that names both stacks unless their shapes are equal."""
    mine, other = first[1].shape, second[1].shape
    if mine != other:
        hint = "choose the same range of slices of both" if mine[1:] == other[1:] else "crop or pad one of them"
        raise UserError(
            f"{first[0]} has shape {mine} but {second[0]} has {other}; both must cover the same (Z, Y, X): {hint}"
        )
