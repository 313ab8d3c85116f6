"""Voxel sizes in nanometres, whatever a file calls its unit."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

VoxelSize = tuple[float, float, float]  # nanometres along (Z, Y, X)

NANOMETRES = {
    "pm": 1e-3,
    "picometer": 1e-3,
    "å": 0.1,
    "angstrom": 0.1,
    "ångström": 0.1,
    "nm": 1.0,
    "nanometer": 1.0,
    "um": 1e3,
    "micron": 1e3,
    "micrometer": 1e3,
    "mm": 1e6,
    "millimeter": 1e6,
    "cm": 1e7,
    "dm": 1e8,
    "decimeter": 1e8,
    "centimeter": 1e7,
    "m": 1e9,
    "meter": 1e9,
    "km": 1e12,
    "kilometer": 1e12,
}
NO_LENGTHS = {"", "none", "pixel", "px", "voxel", "inch"}  # ImageJ's inch is a printer's, not the tissue's


def voxel_size_nm(
    lengths: Sequence[Any], units: Sequence[Any] = ("nm", "nm", "nm")
) -> tuple[VoxelSize | None, list[str]]:
    """Return a voxel size, and what a person should hear of it.

    Args:
        lengths: Along z, y, x; None where a file does not have it.
        units: Their names, such as ``"microns"``; None where a file does not have it.

    Returns:
        The size, None unless all of it is known; and a note where the file has a unit that is not known here.
    """
    names = [_plain(unit) for unit in units]
    odd = sorted({name for name in names if name not in NANOMETRES and name not in NO_LENGTHS})
    if odd:
        return None, [
            f"voxel size is not known: unit {', '.join(map(repr, odd))} is no length in nm, um, mm or angstrom"
        ]
    if any(length is None for length in lengths) or any(name in NO_LENGTHS for name in names):
        return None, []
    z, y, x = (float(length) * NANOMETRES[name] for length, name in zip(lengths, names, strict=True))
    if not all(math.isfinite(side) and side > 0 for side in (z, y, x)):
        return None, [f"voxel size is not known: the file has {z:g} x {y:g} x {x:g} nm"]
    return (z, y, x), []


def attribute_voxel_size(
    attributes: Mapping[str, Any], axes: Sequence[str] | None = None
) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size in the attributes of an array; see `voxel_size_nm`.

    Args:
        attributes: ``resolution`` (CREMI: nanometres, one number for all axes or three), ``voxel_size`` (the same,
            or in ``units``), ``element_size_um`` (Fiji's HDF5 plugin: micrometres).
        axes: Names of the array's axes; None where they have none and are Z, Y, X.
    """
    sizes, notes = [], []
    for key in ("resolution", "voxel_size", "element_size_um"):
        if key not in attributes:
            continue
        lengths = _three(attributes[key])
        units = ["um"] * 3 if key == "element_size_um" else _three(attributes.get("units", "nm"))
        if lengths is None or units is None:
            notes.append(f"voxel size is not known: its {key!r} or its units are not one for each of z, y and x")
            continue
        size, said = voxel_size_nm(lengths, units)
        notes += said
        sizes += [size] if size else []
    if any(not math.isclose(a, b, rel_tol=1e-3) for size in sizes for a, b in zip(size, sizes[0], strict=True)):
        return None, [f"voxel size is not known: attributes say {' and '.join(map(str, sizes))} nm"]
    spatial = [axis for axis in axes or () if axis in "zyx"]
    if sizes and spatial not in ([], ["z", "y", "x"], ["y", "x"]) and len(set(sizes[0])) > 1:
        return None, [f"voxel size is not known: three numbers for axes {', '.join(spatial)}, in which order?"]
    return (sizes[0] if sizes else None), notes


def _three(value: Any) -> list[Any] | None:
    """Return a value for each of three axes; None unless there are one or three."""
    values = [value] if isinstance(value, str | bytes) or not np.ndim(value) else list(value)
    values = [each.decode() if isinstance(each, bytes) else each for each in values]
    return values * 3 if len(values) == 1 else values if len(values) == 3 else None


def _plain(unit: Any) -> str:
    """Return a unit's name in lower case, in the singular and in American spelling."""
    name = str(unit or "").strip().lower()
    name = name.replace("\\u00b5", "u").replace("µ", "u").replace("μ", "u")  # the sign, and the Greek letter
    name = name.replace("metre", "meter")
    return name[:-1] if len(name) > 2 and name.endswith("s") else name
