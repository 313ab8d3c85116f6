"""TIFF stacks: any that is one grey value per voxel is read; what is written opens in Fiji as slices with a scale."""

import logging
import re
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile

from fusionnet.errors import UserError
from fusionnet.volumes.output import ContiguousWriter, OutputPlan
from fusionnet.volumes.source import (
    MappedArray,
    Reader,
    Shape,
    StoredArray,
    VolumeSource,
    existing,
    one_after_another,
    oriented,
    require_bytes,
)
from fusionnet.volumes.stacks import imagej_options
from fusionnet.volumes.units import VoxelSize, voxel_size_nm

SUFFIXES = (".tif", ".tiff")
OF_TIFFFILE = "1.11a"  # the version of ImageJ by which tifffile's own ImageJ files are told


def is_tiff(name: str) -> bool:
    """Tell whether a path is that of a TIFF file."""
    return Path(name).suffix.lower() in SUFFIXES and not Path(name).is_dir()


def open_tiff(name: str) -> VolumeSource:
    """Open a TIFF stack; see `fusionnet.volumes.volume.open_volume`."""
    path = existing(name)
    try:
        with _complaints() as complaints:
            tiff = tifffile.TiffFile(path)
            weakref.finalize(tiff, tiff.filehandle.close)
            shape, dtype, reader, notes = _slices(name, tiff)
            size, unknown = _voxel_size(tiff)
    except (tifffile.TiffFileError, ValueError, IndexError, KeyError, OSError) as error:
        raise UserError(
            f"{path}: cannot be read as TIFF ({error}); is it truncated? Fetch or export it again"
        ) from error
    if complaints:
        raise UserError(f"{path}: damaged or truncated ({complaints[0]}); fetch or export it again")
    return VolumeSource(name, shape, dtype, reader, size, notes=(*notes, *unknown))


def _slices(name: str, tiff: tifffile.TiffFile) -> tuple[Shape, np.dtype, Reader, list[str]]:
    series = tiff.series[0]
    if tiff.is_ome and len(tiff.series) > 1:
        raise UserError(f"{name}: OME-TIFF of {len(tiff.series)} images; expected one: save each as a file of its own")
    images, there = (tiff.imagej_metadata or {}).get("images", 1), int(np.prod(series.shape[:-2]))
    if len(tiff.series) == len(tiff.pages) == 1 and images > there:  # one page may hold a whole stack of ImageJ's
        raise UserError(f"{name}: {there} of {images} images that ImageJ wrote are there: truncated; export it again")
    notes = []
    if not tiff.is_ome and (len(tiff.series) > 1 or len(tiff.pages) > len(series.pages)):
        shape, reader = _equal_pages(name, tiff)
        notes = [f"{shape[0]} pages that were written one by one are read as the slices of one stack"]
    else:
        _require_planes(name, tiff, series)
        axes, notes = _axes(name, series)
        shape, reader = oriented(name, _array(tiff, series, _end_of(series)), axes)
    dtype = np.dtype(series.dtype).newbyteorder("=")
    photometric = series.keyframe.photometric
    if photometric == tifffile.PHOTOMETRIC.PALETTE and not tiff.is_imagej:
        raise UserError(f"{name}: a palette image, whose numbers are no grey values; convert it (Fiji: Image > Type)")
    bits = series.keyframe.bitspersample
    if 1 < bits < 8:
        raise UserError(f"{name}: {bits} bits a pixel, which programs scale differently; save it with 8 bits")
    if photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        reader = _inverted(name, reader, dtype, bits)
        notes.append("white is zero in this file: grey values are inverted, as programs show them")
    return shape, dtype, reader, notes


def _axes(name: str, series: Any) -> tuple[list[str], list[str]]:
    """Return names of the axes, and what was guessed; one axis without a name, as of pages in a row, is Z."""
    axes, notes = list(series.axes.lower().replace("s", "c")), []
    if axes == ["c", "y", "x"] and series.shape[0] > 1 and _are_unnamed_slices(series):
        axes[0] = "z"
        notes = [f"its header says {series.shape[0]} channels, which tifffile also writes of slices: read as slices"]
    if any(axis == "c" and size > 1 for axis, size in zip(axes, series.shape, strict=True)):
        slices = "; if these are slices, write them with photometric='minisblack'" if series.axes == "SYX" else ""
        raise UserError(
            f"{name}: RGB or multi-channel TIFF of shape {series.shape}, axes {series.axes}; "
            f"expected one grey value per voxel: convert it (Fiji: Image > Type > 8-bit){slices}"
        )
    if axes == ["t", "y", "x"] and series.shape[0] > 1:
        raise UserError(
            f"{name}: {series.shape[0]} time points of one slice, expected slices along Z: if they are slices, "
            "say so in the file (Fiji: Image > Properties, or Hyperstacks > Re-order)"
        )
    unnamed = [number for number, axis in enumerate(axes) if axis not in "zyxct" and series.shape[number] > 1]
    if len(unnamed) == 1 and "z" not in axes:
        axes[unnamed[0]] = "z"
    return [axis if axis in "zyxct" else f"{axis}{number}" for number, axis in enumerate(axes)], notes


def _are_unnamed_slices(series: Any) -> bool:
    """Tell whether tifffile wrote channels without being told any axes; up to 4 of OME may be those of a picture."""
    imagej = series.parent.imagej_metadata or {}
    ome = series.parent.ome_metadata or ""
    if imagej:
        return imagej.get("ImageJ") == OF_TIFFFILE and imagej.get("mode") == "grayscale"
    return 'Creator="tifffile.py' in ome and not re.search(r"<Channel [^>]*Name=", ome) and series.shape[0] > 4


def _require_planes(name: str, tiff: tifffile.TiffFile, series: Any) -> None:
    """Refuse an OME-TIFF that lacks planes, which tifffile reads as zeros, or has more, or a cut file."""
    if not tiff.is_ome:
        return
    planes = list(series.pages)
    if lost := [number for number, plane in enumerate(planes) if plane is None]:
        raise UserError(
            f"{name}: an OME-TIFF of {len(planes)} planes, of which {len(lost)} are in no file (the first is number "
            f"{lost[0]}, counted from 0); put all of its files into one folder, or export it again"
        )
    for plane in planes:
        if plane.parent is not tiff:
            require_bytes(Path(plane.parent.filehandle.path), _end_of_page(plane))
    named = sum(plane.parent is tiff for plane in planes)
    if len(tiff.pages) > named:
        tiff.pages.useframes = False
        smaller = sum(isinstance(page, tifffile.TiffPage) and page.is_reduced for page in tiff.pages)
        pages = len(tiff.pages) - smaller
        if pages > named:
            raise UserError(f"{name}: has {pages} pages, of which its OME metadata name {named}; export it again")


def _array(tiff: tifffile.TiffFile, part: Any, end: int) -> StoredArray:
    """Return a series or a page as what is sliced like an array."""
    path = Path(tiff.filehandle.path)
    require_bytes(path, end)
    dtype = np.dtype(part.dtype).newbyteorder(tiff.byteorder)
    offset = _offset(part)
    if offset is not None:
        return MappedArray(path, offset, dtype, part.shape)
    return EncodedArray(part)


def _offset(part: Any) -> int | None:
    if isinstance(part, tifffile.TiffPageSeries):
        return part.dataoffset
    return part.dataoffsets[0] if part.is_memmappable else None


@dataclass(frozen=True)
class EncodedArray:
    """A compressed or tiled series or page, of which the tiles are decoded that a region needs."""

    part: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """As it is stored."""
        return self.part.shape

    def __getitem__(self, index: Any) -> Any:
        import zarr

        if "_opened" not in self.__dict__:
            level = {"level": 0} if isinstance(self.part, tifffile.TiffPageSeries) else {}
            object.__setattr__(self, "_opened", zarr.open(self.part.aszarr(**level), mode="r"))
        return self._opened[index]  # type: ignore[attr-defined]


def _end_of(series: Any) -> int:
    if series.dataoffset is not None:
        return series.dataoffset + series.nbytes
    ends = (_end_of_page(page) for page in (series.pages[0], series.pages[-1]) if page.parent is series.parent)
    return max(ends, default=0)


def _end_of_page(page: Any) -> int:
    return max((start + size for start, size in zip(page.dataoffsets, page.databytecounts, strict=True)), default=0)


def _equal_pages(name: str, tiff: tifffile.TiffFile) -> tuple[Shape, Reader]:
    """Return pages of several series as slices, in the order of the file, whatever their compression."""
    tiff.pages.useframes = False
    every: list[Any] = list(tiff.pages)
    pages = [page for page in every if not page.is_reduced]
    slices = []
    for number, page in enumerate(pages):
        for what in ("shape", "dtype", "photometric"):
            got, expected = getattr(page, what), getattr(pages[0], what)
            if got != expected:
                raise UserError(
                    f"{name}: page {number + 1} of {len(pages)} has {what} {got}, page 1 has {expected}; expected "
                    "equal pages, the slices of one stack: save what belongs together as a file of its own"
                )
        if page.axes != "YX":
            raise UserError(
                f"{name}: pages of axes {page.axes}, expected one grey value per pixel: convert it to 8-bit"
            )
        shape, reader = oriented(name, _array(tiff, page, _end_of_page(page)), "yx")
        slices.append(VolumeSource(f"{name}, page {number + 1}", shape, page.dtype, reader))
    frames = sum(int(np.prod(series.shape[:-2])) for series in tiff.series if not series.keyframe.is_reduced)
    if frames > len(slices):
        raise UserError(f"{name}: {len(tiff.series)} stacks in one file, expected one: save each as a file of its own")
    return (len(slices), *slices[0].shape[1:]), one_after_another(slices[0], slices.__getitem__, "pages must be equal")


def _inverted(name: str, read: Reader, dtype: np.dtype, bits: int) -> Reader:
    if dtype.kind not in "ub":
        raise UserError(f"{name}: white is zero, of type {dtype}; expected unsigned: save it with black as zero")
    white = dtype.type(2**bits - 1)
    return lambda z, y, x: white ^ read(z, y, x)


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


def _voxel_size(tiff: tifffile.TiffFile) -> tuple[VoxelSize | None, list[str]]:
    if tiff.ome_metadata:
        pixels = ElementTree.fromstring(re.sub(r'\sxmlns="[^"]*"', "", tiff.ome_metadata)).find(".//Pixels")
        found = {} if pixels is None else pixels.attrib
        axes = [f"PhysicalSize{axis}" for axis in "ZYX"]
        return voxel_size_nm([found.get(axis) for axis in axes], [found.get(f"{axis}Unit", "um") for axis in axes])
    tags, imagej = tiff.pages.first.tags, tiff.imagej_metadata or {}
    if not imagej or "XResolution" not in tags or "YResolution" not in tags:
        return None, []
    y, x = (tags[f"{axis}Resolution"].value for axis in "YX")  # pixels per unit, as a fraction
    unit = imagej.get("unit")
    # ImageJ itself leaves out a spacing of 1; others leave it out where they know none.
    spacing = imagej.get(
        "spacing", 1.0 if imagej.get("ImageJ") != OF_TIFFFILE and imagej.get("slices", 1) > 1 else None
    )
    lengths = [spacing, *(step[1] / step[0] if step[0] else None for step in (y, x))]
    return voxel_size_nm(lengths, [imagej.get("zunit", unit), imagej.get("yunit", unit), unit])


class TiffWriter(ContiguousWriter):
    """Writes a TIFF, its voxels at one place: ImageJ's own, and of types that ImageJ's does not have, OME's.

    Args:
        name: The path of the result.
        plan: What it is to be.

    Raises:
        UserError: A type that neither has.
    """

    IMAGEJ, OME = ("uint8", "uint16", "float32"), ("int8", "int16", "int32", "uint32", "float64")

    def __init__(self, name: str, plan: OutputPlan):
        super().__init__(name, plan)
        if plan.dtype.name not in self.IMAGEJ + self.OME:
            raise UserError(f"{name}: programs read no TIFF of type {plan.dtype}; write .zarr or .h5:KEY")

    def create(self, part: Path) -> int:
        """Make the file."""
        plan = self.plan
        if plan.dtype.name in self.IMAGEJ:
            options = imagej_options(plan.voxel_size_nm, plan.provenance)
        else:
            sizes = dict(zip("ZYX", plan.voxel_size_nm or (), strict=False))
            scale: dict[str, Any] = {f"PhysicalSize{axis}": side for axis, side in sizes.items()}
            scale |= {f"PhysicalSize{axis}Unit": "nm" for axis in sizes}
            options = {"ome": True, "metadata": {"axes": "ZYX"} | scale}
        with warnings.catch_warnings(), part.open("wb") as file:
            # Above 4 GB, ImageJ's own convention: one page, and the number of slices in its description.
            warnings.filterwarnings("ignore", message=".*truncating ImageJ file", category=UserWarning)
            tifffile.imwrite(file, shape=plan.shape, dtype=plan.dtype, **options)
        with tifffile.TiffFile(part) as tiff:
            offset = tiff.series[0].dataoffset
        assert offset is not None  # tifffile writes the voxels at one place
        return offset
