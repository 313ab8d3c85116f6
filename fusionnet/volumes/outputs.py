"""Volumes written region by region: TIFF that Fiji opens, OME-Zarr, HDF5; resumable, and whole or absent.

An output is made under a temporary name, ``.NAME.part``, which a killed job leaves and the next one goes on with; it
gets its own name when all of it is there. Equal content gives equal bytes, in whatever order it was written.
"""

import json
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from fusionnet.errors import UserError
from fusionnet.volumes.sources import TIFF_SUFFIXES, VoxelSize

IMAGEJ_UNITS = {"nanometer": "nm", "micrometer": "um"}
Region = tuple[int, slice, slice]


@dataclass(frozen=True)
class OutputPlan:
    """What an output volume is to be.

    Attributes:
        shape: (Z, Y, X).
        dtype: float32, or uint8 for probabilities times 255.
        tile: Side of the square regions that it is written by.
        voxel_size: Kept in the file.
        provenance: Kept in the file.
        ome_version: Of an OME-Zarr, ``"0.4"`` or ``"0.5"``.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype
    tile: int
    voxel_size: VoxelSize
    provenance: dict[str, Any]
    ome_version: str = "0.5"

    @property
    def size(self) -> int:
        """Bytes of its voxels, uncompressed."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


class VolumeOutput:
    """A volume that is being written.

    Args:
        path: Its final path (without the key, for HDF5).
        plan: What it is to be.
        resume: Go on with what an earlier job left, if that is there.
        make: Makes the empty volume at the temporary path.
        open_writer: Opens that for writing regions.
    """

    def __init__(
        self,
        path: Path,
        plan: OutputPlan,
        resume: bool,
        make: Callable[[Path, OutputPlan], None],
        open_writer: Callable[[Path, OutputPlan], Callable[[Region, np.ndarray], None]],
    ):
        self.path = path
        self.plan = plan
        self.part = part_path(path)
        if not (resume and self.part.exists()):
            self.discard()
            make(self.part, plan)
        self._write = open_writer(self.part, plan)

    def write(self, region: Region, probability: np.ndarray) -> None:
        """Write a region (z, rows, columns) of probabilities 0..1, shape (Y, X)."""
        values = np.rint(probability * 255) if self.plan.dtype == np.uint8 else probability
        self._write(region, np.ascontiguousarray(values, self.plan.dtype))

    def finish(self) -> None:
        """Give the volume its name, in place of an older one."""
        if self.path.is_dir():
            old = self.path.with_name(f".{self.path.name}.old")
            _remove(old)
            self.path.rename(old)
            self.part.rename(self.path)
            _remove(old)
        else:
            os.replace(self.part, self.path)

    def discard(self) -> None:
        """Remove what was written."""
        _remove(self.part)


def part_path(path: Path) -> Path:
    """Return where an output lies until it is whole."""
    return path.with_name(f".{path.name}.part")


def file_of(path: Path | str) -> Path:
    """Return the file or folder of an output, without the key of ``file.h5:key``."""
    file, separator, _ = str(path).rpartition(":")
    return Path(file) if separator and _is_hdf5(Path(file)) else Path(path)


def open_output(path: Path | str, plan: OutputPlan, resume: bool = False) -> VolumeOutput:
    """Begin a volume, or go on with one.

    Args:
        path: Ends in ``.tif``, ``.zarr`` or ``.h5:KEY``.
        plan: What it is to be.
        resume: Go on with what is there; it must be of the same plan.

    Raises:
        UserError: Another suffix, or an HDF5 file that holds something else.
    """
    file = file_of(path)
    if file.suffix.lower() in TIFF_SUFFIXES:
        return VolumeOutput(file, plan, resume, _make_tiff, _open_tiff)
    if file.suffix == ".zarr":
        return VolumeOutput(file, plan, resume, _make_zarr, _open_zarr)
    if _is_hdf5(file) and file != Path(path):
        key = str(path).rpartition(":")[2].strip("/")
        _refuse_other_contents(file, key)
        return VolumeOutput(file, plan, resume, lambda part, _: _make_hdf5(part, plan, key), _hdf5_opener(key))
    raise UserError(f"{path}: cannot be written; expected a name that ends in .tif, .zarr or .h5:KEY")


def require_room(paths: Sequence[Path | str], plan: OutputPlan, resume: bool) -> None:
    """Raise a `UserError` unless the folders of the outputs can be written and have room for them."""
    needed: dict[Path, int] = {}
    for path in paths:
        file = file_of(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(file.parent, os.W_OK):
            raise UserError(f"{file.parent}: cannot be written to; choose another folder for {file.name}")
        there = _bytes_on_disk(part_path(file)) if resume else 0
        needed[file.parent] = needed.get(file.parent, 0) + max(0, plan.size - there)
    for folder, size in needed.items():
        free = shutil.disk_usage(folder).free
        if size > free:
            raise UserError(
                f"{folder}: the result needs {size / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; free some, choose "
                "another disk, or write 8 bits (--output-type uint8: a quarter)"
            )


def imagej_options(voxel_size: VoxelSize, provenance: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of tifffile that make a stack which Fiji opens as Z slices with their scale."""
    metadata: dict[str, Any] = {"axes": "ZYX", "Info": json.dumps(provenance, sort_keys=True)}
    if voxel_size.unit is None:
        return {"imagej": True, "metadata": metadata}
    z, y, x = voxel_size.zyx
    metadata |= {"spacing": z, "unit": IMAGEJ_UNITS.get(voxel_size.unit, voxel_size.unit)}
    return {"imagej": True, "metadata": metadata, "resolution": (1 / x, 1 / y)}


def _make_tiff(part: Path, plan: OutputPlan) -> None:
    options = imagej_options(plan.voxel_size, plan.provenance)
    with warnings.catch_warnings():
        # Above 4 GB, ImageJ's own convention: one page, and the number of slices in its description.
        warnings.filterwarnings("ignore", message=".*truncating ImageJ file", category=UserWarning)
        with part.open("wb") as file:
            tifffile.imwrite(file, shape=plan.shape, dtype=plan.dtype, **options)
    _reserve(part)


def _open_tiff(part: Path, plan: OutputPlan) -> Callable[[Region, np.ndarray], None]:
    with tifffile.TiffFile(part) as tiff:
        offset = tiff.series[0].dataoffset
    assert offset is not None  # _make_tiff writes the pixels at one place
    return _region_writer(part, offset, plan)


def _make_hdf5(part: Path, plan: OutputPlan, key: str) -> None:
    import h5py

    with h5py.File(part, "w") as hdf:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_layout(h5py.h5d.CONTIGUOUS)  # at one place in the file, which is then written directly:
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)  # a killed job cannot damage HDF5's own structures
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        properties.set_obj_track_times(False)  # equal content, equal bytes
        links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
        links.set_create_intermediate_group(True)
        kind = h5py.h5t.py_create(plan.dtype)
        h5py.h5d.create(hdf.id, key.encode(), kind, h5py.h5s.create_simple(plan.shape), properties, links)
        hdf[key].attrs["provenance"] = json.dumps(plan.provenance, sort_keys=True)
        if plan.voxel_size.unit is not None:
            nanometres = 1000.0 if plan.voxel_size.unit == "micrometer" else 1.0
            hdf[key].attrs["resolution"] = [side * nanometres for side in plan.voxel_size.zyx]  # as CREMI has it
    _reserve(part)


def _hdf5_opener(key: str) -> Callable[[Path, OutputPlan], Callable[[Region, np.ndarray], None]]:
    def open_writer(part: Path, plan: OutputPlan) -> Callable[[Region, np.ndarray], None]:
        import h5py

        with h5py.File(part, "r") as hdf:
            offset = hdf[key].id.get_offset()
        return _region_writer(part, offset, plan)

    return open_writer


def _region_writer(part: Path, offset: int, plan: OutputPlan) -> Callable[[Region, np.ndarray], None]:
    _, height, width = plan.shape
    item = plan.dtype.itemsize

    def write(region: Region, values: np.ndarray) -> None:
        z, rows, columns = region
        # Rows of the whole width follow one another in the file.
        pieces = [values.ravel()] if values.shape[1] == width else values
        with part.open("r+b") as file:
            for row, piece in zip(range(rows.start, rows.stop), pieces, strict=False):
                file.seek(offset + item * ((z * height + row) * width + columns.start))
                file.write(piece.data)

    return write


def _make_zarr(part: Path, plan: OutputPlan) -> None:
    import zarr

    part.parent.mkdir(parents=True, exist_ok=True)
    version_2 = plan.ome_version == "0.4"
    group: Any = zarr.open_group(part, mode="w", zarr_format=2 if version_2 else 3)
    chunks = (1, min(plan.tile, plan.shape[1]), min(plan.tile, plan.shape[2]))
    names: dict[str, Any] = {} if version_2 else {"dimension_names": ["z", "y", "x"]}
    separator: Any = {"name": "v2", "separator": "/"} if version_2 else {"name": "default", "separator": "/"}
    group.create_array(
        "0", shape=plan.shape, dtype=plan.dtype, chunks=chunks, chunk_key_encoding=separator, fill_value=0, **names
    )
    unit = {"unit": plan.voxel_size.unit} if plan.voxel_size.unit else {}
    image: dict[str, Any] = {
        "axes": [{"name": axis, "type": "space"} | unit for axis in "zyx"],
        "datasets": [
            {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": list(plan.voxel_size.zyx)}]}
        ],
        "name": "probability",
    }
    if version_2:
        group.attrs.update({"multiscales": [image | {"version": "0.4"}], "fusionnet": plan.provenance})
    else:
        group.attrs.update({"ome": {"version": "0.5", "multiscales": [image]}, "fusionnet": plan.provenance})


def _open_zarr(part: Path, plan: OutputPlan) -> Callable[[Region, np.ndarray], None]:
    import zarr

    array: Any = zarr.open_array(part / "0", mode="r+")

    def write(region: Region, values: np.ndarray) -> None:
        array[region] = values

    return write


def _refuse_other_contents(file: Path, key: str) -> None:
    import h5py

    if file.exists():
        with h5py.File(file, "r") as hdf:
            keys: list[str] = []
            hdf.visititems(lambda name, node: keys.append(name) if isinstance(node, h5py.Dataset) else None)
        if keys != [key]:
            raise UserError(f"{file}: holds {', '.join(keys)}, which would be lost; choose a new file for the result")


def _is_hdf5(path: Path) -> bool:
    return path.suffix in (".h5", ".hdf", ".hdf5")


def _reserve(part: Path) -> None:
    """Have the disk set aside what the file needs, so that it cannot run full later."""
    size = part.stat().st_size
    if hasattr(os, "posix_fallocate"):
        with part.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def _bytes_on_disk(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
