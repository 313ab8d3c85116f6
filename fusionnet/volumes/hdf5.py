"""Arrays in HDF5 files, ``file.h5:KEY``: CREMI's layout, ilastik's exports, Fiji's plugin, and others."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import split_key
from fusionnet.volumes.output import ContiguousWriter, OutputPlan, cannot_be_written
from fusionnet.volumes.source import Reader, VolumeSource, existing, oriented
from fusionnet.volumes.units import attribute_voxel_size

# Level 0 of set-up 0 at time 0 is /t00000/s00/0/cells. Whatever fills it, the type is int16 (Pietzsch et al. 2015).
BIGDATAVIEWER = re.compile(r"/t\d{5,}/s\d{2,}/\d+/cells")


def is_hdf5(name: str) -> bool:
    """Tell whether a path is that of an HDF5 file, with or without a key."""
    return split_key(name) is not None


def open_hdf5(name: str) -> VolumeSource:
    """Open an array of an HDF5 file; see `fusionnet.volumes.volume.open_volume`."""
    import h5py

    file, key = split_key(name) or (Path(name), "")
    existing(file)
    try:
        hdf = h5py.File(file, "r")
        data = hdf.get(key) if key else None
        if not isinstance(data, h5py.Dataset):
            raise UserError(f"{name}: no dataset {key!r}; write {file}:KEY with one of: {', '.join(_datasets(hdf))}")
        if data.external:
            raise UserError(f"{name}: its voxels lie in raw files beside it; copy them into one HDF5 file")
        attributes, unwritten = dict(data.attrs), _require_written(name, data)
        axes = _axes(name, attributes) or [dimension.label for dimension in data.dims]
    except (OSError, KeyError) as error:
        raise UserError(f"{file}: cannot be read as HDF5 ({error}); is it truncated?") from error
    known = axes if all(axes) else None
    shape, reader = oriented(name, data, known)
    size, notes = attribute_voxel_size(attributes, known)
    dtype = data.dtype.newbyteorder("=")
    if BIGDATAVIEWER.fullmatch(data.name) and dtype == np.int16:
        dtype, reader = np.dtype(np.uint16), _unsigned(reader)
        notes = [*notes, "int16 as BigDataViewer keeps uint16: taken for unsigned"]
    depth = data.chunks[axes.index("z") if known and "z" in axes else -3] if data.chunks and data.ndim > 2 else 1
    return VolumeSource(name, shape, dtype, reader, size, depth, notes=(*unwritten, *notes))


def _unsigned(read: Reader) -> Reader:
    """Return what reads the same bits as unsigned numbers."""
    return lambda z, y, x: read(z, y, x).astype(np.int16, copy=False).view(np.uint16)


def _require_written(name: str, data: Any) -> list[str]:
    """Return a note if parts of an array were never written, which HDF5 reads as its fill value.

    Raises:
        UserError: Nothing was written, or a file is not there that parts of the array are in.
    """
    if data.shape is None:
        raise UserError(f"{name}: holds no array, expected one of shape (Z, Y, X)")
    if data.is_virtual:
        folder = Path(data.file.filename).parent
        files = {source.file_name for source in data.virtual_sources()} - {"."}
        missing = sorted(file for file in files if "%" not in file and not (folder / file).exists())
        if missing:
            raise UserError(
                f"{name}: put together of {len(files)} files, of which {len(missing)} are missing: {missing[0]}"
            )
        return []
    sides = data.chunks or [max(1, size) for size in data.shape]
    total = int(np.prod([-(-size // side) for size, side in zip(data.shape, sides, strict=True)]))
    there = data.id.get_num_chunks() if data.chunks else total * bool(data.id.get_storage_size())
    if not there and total:
        raise UserError(f"{name}: nothing was ever written to it; fetch or export it again")
    lost = "the program that wrote it left them out, or did not end"
    return [f"{total - there} of {total} chunks are missing and are read as {data.fillvalue}: {lost}"] * (there < total)


def pointed_files(name: Path | str) -> list[Path]:
    """Return the other files that an array is put together of or lies in, so that their changes can be noticed."""
    import h5py

    file, key = split_key(name) or (Path(name), "")
    if not key or not file.is_file() or not h5py.is_hdf5(file):
        return []
    with h5py.File(file, "r") as hdf:
        data = hdf.get(key)
        if not isinstance(data, h5py.Dataset):
            return []
        home = Path(data.file.filename)
        parts = data.virtual_sources() if data.is_virtual else []
        others = [home, *(home.parent / part.file_name for part in parts if part.file_name != ".")]
    return sorted({other for other in others if other != file})


def _axes(name: str, attributes: Mapping[str, Any]) -> list[str] | None:
    """Return the axes that ilastik names in its attribute ``axistags``."""
    if "axistags" not in attributes:
        return None
    try:
        return [axis["key"] for axis in json.loads(attributes["axistags"])["axes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{name}: its attribute 'axistags' cannot be read ({error}); export it again") from error


def _datasets(hdf: Any) -> list[str]:
    import h5py

    keys: list[str] = []
    hdf.visititems(lambda key, node: keys.append(key) if isinstance(node, h5py.Dataset) else None)
    return keys


class Hdf5Writer(ContiguousWriter):
    """Writes an array of its own HDF5 file, with CREMI's resolution and that of Fiji's plugin.

    Args:
        name: The path of the result, ``file.h5:KEY``.
        plan: What it is to be.

    Raises:
        UserError: There is no key, or the file is there and holds something else.
    """

    def __init__(self, name: str, plan: OutputPlan):
        import h5py

        super().__init__(name, plan)
        file, self._key = split_key(name) or (Path(name), "")
        if not self._key:
            raise cannot_be_written(name)
        if file.exists():
            with h5py.File(file, "r") as hdf:
                keys = _datasets(hdf)
            if keys != [self._key]:
                raise UserError(f"{file}: holds {', '.join(keys)}, which would be lost; choose a new file")

    def create(self, part: Path) -> int:
        """Make the file; what its voxels are is not set."""
        import h5py

        plan = self.plan
        with h5py.File(part, "w") as hdf:
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_layout(h5py.h5d.CONTIGUOUS)  # at one place in the file
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            properties.set_obj_track_times(False)  # equal content, equal bytes
            links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
            links.set_create_intermediate_group(True)
            kind, space = h5py.h5t.py_create(plan.dtype), h5py.h5s.create_simple(plan.shape)
            h5py.h5d.create(hdf.id, self._key.encode(), kind, space, properties, links)
            attributes = hdf[self._key].attrs
            attributes["provenance"] = json.dumps(plan.provenance, sort_keys=True)
            if plan.voxel_size_nm is not None:
                attributes["resolution"] = list(plan.voxel_size_nm)  # nanometres, as CREMI has it
                attributes["element_size_um"] = [side / 1000 for side in plan.voxel_size_nm]
        with h5py.File(part, "r") as hdf:
            return hdf[self._key].id.get_offset()
