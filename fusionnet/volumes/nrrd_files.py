"""NRRD volumes, as Slicer and SimpleITK write them; the header is read by pynrrd, raw voxels are mapped. Only read."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.source import MappedArray, StoredArray, VolumeSource, existing, oriented
from fusionnet.volumes.units import VoxelSize, voxel_size_nm

SUFFIXES = (".nrrd", ".nhdr")
IN_MEMORY = "its voxels are compressed as a whole, and are held in memory"
KINDS = {"domain", "space", "none", "???"}  # of an axis along which the voxels of one image lie
TYPES = {"char": "i1", "short": "i2", "int": "i4", "long long": "i8", "long": "i8", "float": "f4", "double": "f8"}


def is_nrrd(name: str) -> bool:
    """Tell whether a path is that of a NRRD file."""
    return Path(name).suffix.lower() in SUFFIXES and not Path(name).is_dir()


def open_nrrd(name: str) -> VolumeSource:
    """Open a NRRD volume; see `fusionnet.volumes.volume.open_volume`."""
    try:
        import nrrd
    except ImportError as error:
        raise UserError(f"{name}: NRRD needs the package pynrrd: pip install -e '.[formats]'") from error
    path = existing(name)
    try:
        with path.open("rb") as file:
            header = nrrd.read_header(file)
            start = file.tell()
        array, notes = _array(path, header, start)
    except (nrrd.NRRDError, OSError, ValueError, KeyError) as error:
        raise UserError(f"{name}: cannot be read as NRRD ({error}); fetch or export it again") from error
    # The fastest axis stands first in a header (findings/nrrd_spacings_order.sh), and last in the array.
    kinds = [str(kind).lower() for kind in header.get("kinds", ["domain"] * len(array.shape))]
    spatial = iter("xyz")
    axes = [next(spatial, "?") if kind in KINDS else kind for kind in kinds]
    shape, reader = oriented(name, array, axes[::-1])
    size, said = _voxel_size(header, axes)
    dtype = np.dtype(array.dtype).newbyteorder("=")  # type: ignore[attr-defined]
    return VolumeSource(name, shape, dtype, reader, size, notes=(*notes, *said))


def _array(path: Path, header: dict[str, Any], start: int) -> tuple[StoredArray, list[str]]:
    """Return the voxels, their axes from the slowest, and a note if they are held in memory."""
    import nrrd

    file = header.get("data file", header.get("datafile"))
    if file is not None and (str(file).startswith("LIST") or "%" in str(file)):
        raise UserError(f"{path}: its voxels are in several files; save it as one (Fiji: File > Save As > Nrrd)")
    if header["encoding"] != "raw" or int(header.get("line skip", 0)):
        return nrrd.read(str(path), index_order="C")[0], [IN_MEMORY]
    shape, dtype = tuple(int(side) for side in header["sizes"][::-1]), _dtype(header)
    data, skip = (path.parent / file if file else path), int(header.get("byte skip", 0))
    offset = skip + (0 if file else start)
    if skip == -1:  # the voxels end where the file does
        offset = data.stat().st_size - int(np.prod(shape)) * dtype.itemsize
    return MappedArray(existing(data), offset, dtype, shape), []


def _dtype(header: dict[str, Any]) -> np.dtype:
    name = str(header["type"]).lower()
    plain = re.sub(r"^(un)?signed | int$", "", name.removesuffix("_t"))
    plain = plain.removeprefix("u") if name.startswith("uint") or name in ("uchar", "ushort", "ulonglong") else plain
    plain = {"int8": "char", "int16": "short", "int32": "int", "int64": "long", "longlong": "long"}.get(plain, plain)
    if plain not in TYPES:
        raise ValueError(f"type {name!r} is not a number for each voxel")
    order = ">" if header.get("endian") == "big" else "<"
    return np.dtype(order + TYPES[plain].replace("i", "u") if name.startswith("u") else order + TYPES[plain])


def _voxel_size(header: dict[str, Any], axes: list[str]) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size by spacings, or by directions, which may turn or mirror the volume."""
    lengths: dict[str, Any] = dict.fromkeys("zyx")
    notes = []
    units = header.get("space units", header.get("units", []))
    if "space directions" in header:
        rows = [row for row in np.asarray(header["space directions"], float) if np.isfinite(row).all()]
        if len(rows) == len([axis for axis in axes if axis in "xyz"]):
            lengths |= dict(zip("xyz", (float(np.linalg.norm(row)) for row in rows), strict=False))
        straight = all(np.count_nonzero(row) == 1 and row[number] > 0 for number, row in enumerate(rows))
        notes = [] if straight else ["its 'space directions' turn or mirror the volume: voxels are read as stored"]
    elif "spacings" in header:
        lengths |= {axis: side for axis, side in zip(axes, header["spacings"], strict=True) if axis in lengths}
        units = [unit for unit, axis in zip(units, axes, strict=False) if axis in lengths]
    if len(units) < 3:
        known = any(side is not None for side in lengths.values())
        return None, notes + ["voxel size is not known: its spacings have no units"] * known
    size, said = voxel_size_nm([lengths[axis] for axis in "zyx"], list(units)[2::-1])
    return size, notes + said
