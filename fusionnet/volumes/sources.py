"""Volumes read region by region, never whole: TIFF, folders of PNG slices, OME-Zarr and HDF5.

`open_source` returns a `VolumeSource` of shape (Z, Y, X), whatever the file;
`fusionnet.volumes.stacks.read_volume` reads one whole.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from fusionnet.errors import UserError

TIFF_SUFFIXES = (".tif", ".tiff")
Reader = Callable[[slice, slice, slice], np.ndarray]


@dataclass(frozen=True)
class VoxelSize:
    """The size of a voxel along z, y and x, and its unit in OME's words (``nanometer``); None where unknown."""

    zyx: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit: str | None = None


@dataclass(frozen=True)
class VolumeSource:
    """A volume on disk.

    Attributes:
        name: As the user wrote it, for messages.
        shape: (Z, Y, X).
        dtype: Of what `read` returns.
        voxel_size: As far as the file tells.
        ome_version: ``"0.4"`` or ``"0.5"`` of an OME-Zarr, else None.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    reader: Reader
    voxel_size: VoxelSize = VoxelSize()
    ome_version: str | None = None

    def read(self, z: slice, rows: slice, columns: slice) -> np.ndarray:
        """Return a region, shape (Z, Y, X), in native byte order.

        Raises:
            UserError: The region cannot be read: a truncated or damaged chunk, or a file that changed meanwhile.
        """
        try:
            region = self.reader(z, rows, columns)
        except UserError:
            raise
        except Exception as error:  # each library has its own family of errors for a damaged chunk
            where = f"slices {z.start}-{z.stop - 1}, rows {rows.start}-{rows.stop - 1}"
            raise UserError(
                f"{self.name}: {where} cannot be read ({type(error).__name__}: {error}); is a chunk truncated or "
                "missing? Fetch or export the volume again"
            ) from error
        return np.asarray(region, dtype=self.dtype)

    def read_all(self) -> np.ndarray:
        """Return the whole volume."""
        return self.read(*(slice(0, size) for size in self.shape))


def open_source(path: Path | str) -> VolumeSource:
    """Open a grey-value volume.

    Args:
        path: A TIFF stack, a folder of PNG slices in the natural order of their names, an OME-Zarr
            folder (``.zarr``, of which the finest scale is read, or an array inside it) or ``file.h5:key``.

    Raises:
        UserError: The path does not exist, is no such format, is damaged, or is not (Z, Y, X).
    """
    name, path = str(path), Path(path)
    if path.suffix.lower() in TIFF_SUFFIXES:
        return _open_tiff(_existing(path), name)
    if any(folder.suffix == ".zarr" for folder in (path, *path.parents)):
        return _open_zarr(_existing(path), name)
    if re.search(r"\.(h5|hdf5?)(:|$)", name):
        return _open_hdf5(name)
    if _existing(path).is_dir():
        return _open_png_folder(path)
    raise UserError(f"{path}: expected a .tif stack, a folder of .png slices, a .zarr folder or file.h5:key")


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    return path


def _as_zyx(name: str, shape: tuple[int, ...]) -> tuple[tuple[int, int, int], tuple]:
    """Return the shape as (Z, Y, X), and the index that drops leading axes of length 1 before slicing those."""
    leading, kept = shape[:-3], shape[-3:]
    if len(shape) < 2 or any(size != 1 for size in leading):
        raise UserError(
            f"{name}: got an array of shape {shape}, expected (Z, Y, X); split channels or time points first"
        )
    if 0 in kept:
        raise UserError(f"{name}: got an empty array of shape {shape}, expected (Z, Y, X)")
    z, y, x = (1, *kept) if len(kept) == 2 else kept
    return (z, y, x), (0,) * len(leading)


def _array_reader(array: Any, prefix: tuple, dimensions: int) -> Reader:
    """Read from anything that is sliced like an array; a single slice (Y, X) gets Z = 1."""
    if dimensions == 2:
        return lambda z, rows, columns: np.asarray(array[rows, columns])[np.newaxis]
    return lambda z, rows, columns: np.asarray(array[(*prefix, z, rows, columns)])


def _open_tiff(path: Path, name: str) -> VolumeSource:
    try:
        with _complaints() as complaints:
            tiff = tifffile.TiffFile(path)
            series = tiff.series[0]
            imagej = tiff.imagej_metadata or {}
        _refuse_channels(path, series.axes, series.shape, imagej.get("mode"))
        shape, prefix = _as_zyx(name, series.shape)
        _refuse_truncated(path, series, complaints)
        dtype = np.dtype(series.dtype)
        if series.dataoffset is not None:
            tiff.close()
            reader = _mapped_reader(path, series.dataoffset, dtype.newbyteorder(tiff.byteorder), shape)
        else:
            import zarr

            reader = _array_reader(zarr.open(series.aszarr(), mode="r"), prefix, len(series.shape))
    except (tifffile.TiffFileError, ValueError, IndexError, KeyError, OSError) as error:
        raise UserError(
            f"{path}: cannot be read as TIFF ({error}); is it truncated? Fetch or export it again"
        ) from error
    return VolumeSource(name, shape, dtype.newbyteorder("="), reader, _tiff_voxel_size(series.keyframe, imagej))


def _refuse_channels(path: Path, axes: str, shape: tuple[int, ...], mode: str | None) -> None:
    if axes == "CYX" and mode == "grayscale":
        return  # an ImageJ stack written without naming its axes calls its slices channels
    if any(axis in "SC" and size > 1 for axis, size in zip(axes, shape, strict=True)):
        raise UserError(
            f"{path}: RGB or multi-channel TIFF of shape {shape}, axes {axes}; "
            "expected one grey value per voxel: convert it (Fiji: Image > Type > 8-bit)"
        )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect tifffile's logged errors: it reads a stack whose chain of pages is cut as a shorter one."""
    found: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("tifffile")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _refuse_truncated(path: Path, series: Any, complaints: list[str]) -> None:
    if complaints:
        raise UserError(f"{path}: damaged or truncated ({complaints[0]}); fetch or export it again")
    if series.dataoffset is not None:
        needed = series.dataoffset + series.nbytes
    else:
        last = series.pages[-1]
        needed = max(offset + size for offset, size in zip(last.dataoffsets, last.databytecounts, strict=True))
    if path.stat().st_size < needed:
        raise UserError(
            f"{path}: truncated: has {path.stat().st_size} bytes, its pixels end at {needed}; fetch or export it again"
        )


def _mapped_reader(path: Path, offset: int, dtype: np.dtype, shape: tuple[int, int, int]) -> Reader:
    size = path.stat().st_size

    def read(z: slice, rows: slice, columns: slice) -> np.ndarray:
        # A mapping of a shortened file would end the process at the first access, without a message.
        if path.stat().st_size != size:
            raise UserError(f"{path}: changed size while it was read: had {size} bytes, has {path.stat().st_size}")
        # Mapped anew each time: pages that were read would else count as this process's memory.
        return np.array(np.memmap(path, dtype, "r", offset, shape)[z, rows, columns])

    return read


def _tiff_voxel_size(page: Any, imagej: dict[str, Any]) -> VoxelSize:
    units = {
        "nm": "nanometer",
        "micron": "micrometer",
        "um": "micrometer",
        "µm": "micrometer",
        "\\u00B5m": "micrometer",
    }
    unit = units.get(str(imagej.get("unit")))
    if unit is None or "XResolution" not in page.tags or "YResolution" not in page.tags:
        return VoxelSize()
    y, x = (page.tags[f"{axis}Resolution"].value for axis in "YX")  # pixels per unit, as a fraction
    return VoxelSize((float(imagej.get("spacing", 1.0)), y[1] / y[0], x[1] / x[0]), unit)


def _open_png_folder(folder: Path) -> VolumeSource:
    names = sorted(folder.glob("*.png"), key=_natural_order)
    if not names:
        raise UserError(f"{folder}: holds no .png slices")
    first = _read_png(names[0])

    def read(z: slice, rows: slice, columns: slice) -> np.ndarray:
        slices = [_read_png(name) for name in names[z]]
        for name, grey in zip(names[z], slices, strict=True):
            if grey.shape != first.shape or grey.dtype != first.dtype:
                raise UserError(
                    f"{name}: {grey.dtype} slice of shape {grey.shape}, "
                    f"expected {first.dtype} and {first.shape} as {names[0].name} has"
                )
        return np.stack(slices)[:, rows, columns]

    return VolumeSource(str(folder), (len(names), *first.shape), first.dtype, read)


def _natural_order(file: Path) -> list[tuple[str, int]]:
    """Sort key by which slice-2 comes before slice-10."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", file.stem)]


def _read_png(name: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(name) as image:
            mode, grey = image.mode, np.asarray(image)
    except OSError as error:
        raise UserError(f"{name}: cannot be read as PNG ({error}); fetch or export it again") from error
    if mode == "P":
        raise UserError(f"{name}: a palette image, whose numbers are no grey values; convert it (Fiji: Image > Type)")
    if grey.ndim != 2:
        raise UserError(f"{name}: shape {grey.shape}, expected a grey-value slice (Y, X); convert it")
    return grey


def _open_zarr(path: Path, name: str) -> VolumeSource:
    import zarr

    try:
        node: Any = zarr.open(path, mode="r")
        voxel_size, version = VoxelSize(), None
        if isinstance(node, zarr.Group):
            attributes: dict[str, Any] = dict(node.attrs)
            version = "0.5" if "ome" in attributes else "0.4"
            scales = attributes.get("ome", attributes).get("multiscales")
            if not scales:
                raise UserError(f"{path}: a Zarr group without OME 'multiscales'; name the array inside it")
            voxel_size = _ome_voxel_size(scales[0])
            node = node[scales[0]["datasets"][0]["path"]]
        shape, prefix = _as_zyx(name, node.shape)
        # A missing chunk means "all fill value" to Zarr; there is no telling it from one that was lost.
        reader = _array_reader(node, prefix, node.ndim)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot be read as Zarr ({error})") from error
    return VolumeSource(name, shape, np.dtype(node.dtype).newbyteorder("="), reader, voxel_size, version)


def _ome_voxel_size(scale: dict[str, Any]) -> VoxelSize:
    steps = scale["datasets"][0].get("coordinateTransformations", [])
    factors = next((step["scale"] for step in steps if step["type"] == "scale"), [1.0, 1.0, 1.0])
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in scale.get("axes", [])]
    z, y, x = ([1.0] * 3 + [float(factor) for factor in factors])[-3:]
    return VoxelSize((z, y, x), axes[-1].get("unit") if axes else None)


def _open_hdf5(name: str) -> VolumeSource:
    import h5py

    file, _, key = name.rpartition(":") if ":" in name else (name, "", "")
    _existing(Path(file))
    try:
        hdf = h5py.File(file, "r")
        keys: list[str] = []
        hdf.visititems(lambda item, node: keys.append(item) if isinstance(node, h5py.Dataset) else None)
        if key.strip("/") not in keys:
            raise UserError(f"{name}: no dataset {key!r}; write {file}:KEY with one of: {', '.join(keys)}")
        data = hdf[key]
        shape, prefix = _as_zyx(name, data.shape)
        resolution = data.attrs.get("resolution")  # CREMI: nanometres along z, y, x
    except OSError as error:
        raise UserError(f"{file}: cannot be read as HDF5 ({error}); is it truncated?") from error
    known = resolution is not None and len(resolution) == 3
    z, y, x = (float(step) for step in resolution) if known else (1.0, 1.0, 1.0)
    voxel_size = VoxelSize((z, y, x), "nanometer" if known else None)
    return VolumeSource(name, shape, data.dtype.newbyteorder("="), _array_reader(data, prefix, data.ndim), voxel_size)
