"""Volumes of any format: `open_volume` reads by regions, `save_volume` writes; a format is one row of `FORMATS`."""

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.volumes.chunked_output import PrecomputedWriter, ZarrWriter
from fusionnet.volumes.hdf5 import Hdf5Writer, is_hdf5, open_hdf5
from fusionnet.volumes.image_folder import is_image_folder, open_image_folder
from fusionnet.volumes.mrc import MrcWriter, is_mrc, open_mrc
from fusionnet.volumes.n5 import is_n5, open_n5
from fusionnet.volumes.nifti_files import is_nifti, open_nifti
from fusionnet.volumes.nrrd_files import is_nrrd, open_nrrd
from fusionnet.volumes.ome_zarr import is_zarr, open_zarr
from fusionnet.volumes.output import (
    FormatWriter,
    OutputPlan,
    PartFolder,
    bytes_on_disk,
    cannot_be_written,
    part_path,
)
from fusionnet.volumes.places import is_address
from fusionnet.volumes.precomputed import is_precomputed, open_precomputed
from fusionnet.volumes.source import VolumeSource, existing
from fusionnet.volumes.stacks import membrane_labels
from fusionnet.volumes.tiff import TiffWriter, is_tiff, open_tiff

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Format:
    """How volumes of a format are told, read and written.

    Attributes:
        name: For messages and help texts: what a path looks like.
        matches: Tells by a path whether it is one.
        open: Opens it for reading.
        writer: Writes it; None for a format that is only read.
        scheme: What may stand before a path or an address, ``zarr://``, to say that it is one; None for a format that
            is not read from an address.
    """

    name: str
    matches: Callable[[str], bool]
    open: Callable[[str], VolumeSource]
    writer: Callable[[str, OutputPlan], FormatWriter] | None = None
    scheme: str | None = None


FORMATS = (  # the first that matches is taken
    Format("stack.tif", is_tiff, open_tiff, TiffWriter),
    Format("file.h5:KEY", is_hdf5, open_hdf5, Hdf5Writer),
    Format("tomogram.mrc (.rec, .st, .map)", is_mrc, open_mrc, MrcWriter),
    Format("volume.nrrd", is_nrrd, open_nrrd),
    Format("volume.nii", is_nifti, open_nifti),
    Format("a Zarr folder", is_zarr, open_zarr, ZarrWriter, scheme="zarr://"),
    Format("an N5 array", is_n5, open_n5, scheme="n5://"),
    Format("a precomputed folder", is_precomputed, open_precomputed, PrecomputedWriter, scheme="precomputed://"),
    Format("a folder of .png or .tif slices", is_image_folder, open_image_folder),
)
READABLE = ", ".join(each.name for each in FORMATS)


def open_volume(path: Path | str) -> VolumeSource:
    """Open a volume; what its reader might not expect is logged.

    Args:
        path: A TIFF stack, ``file.h5:KEY``, an MRC, NRRD or NIfTI file, a Zarr folder (an OME-Zarr image, of which the
            finest level is read, or an array), an N5 array, a precomputed folder of neuroglancer, or a folder of PNG or
            TIFF slices in the natural order of their names. Zarr, N5 and precomputed are also read from an address:
            ``https://``, ``s3://``, ``gs://``.

    Raises:
        UserError: The path does not exist, is no such format, is damaged, or is not (Z, Y, X).
    """
    name, format_ = _format_of(str(path))
    try:
        source = format_.open(name)
    except Exception as error:  # each library has its own family of errors for a damaged file
        if isinstance(error, UserError) or getattr(error, "filename", None):
            raise
        raise UserError(
            f"{name}: cannot be read ({type(error).__name__}: {error}); is it damaged? Fetch or export it again"
        ) from error
    if source.dtype.kind not in "buif":
        raise UserError(
            f"{path}: values of type {source.dtype}, expected a number for each voxel; export it as one array"
        )
    for note in source.notes:
        LOG.warning("%s: %s", name, note)
    return source


def _format_of(path: str) -> tuple[str, Format]:
    """Return the path without what only names the format, and the format."""
    for each in FORMATS:
        if each.scheme and path.startswith(each.scheme):
            return path.removeprefix(each.scheme), each
    remote = is_address(path)
    for each in FORMATS:
        if (each.scheme or not remote) and each.matches(path):
            return path, each
    if remote:
        raise UserError(
            f"{path}: no Zarr, N5 or precomputed volume is there that can be seen; is it the address of the image or "
            "array itself? Other formats are read from a disk: download the file"
        )
    existing(path)
    raise UserError(f"{path}: a format that is not read; expected {READABLE}: convert it (Fiji: File > Save As > Tiff)")


def read_volume(path: Path | str) -> np.ndarray:
    """Read a volume whole.

    Args:
        path: See `open_volume`.

    Returns:
        Shape (Z, Y, X), in the file's own dtype. A single slice gets Z = 1.

    Raises:
        UserError: As of `open_volume`.
    """
    return open_volume(path).read_all()


def read_labels(path: Path | str) -> np.ndarray:
    """Read a membrane label stack of any format: see `open_volume` and `fusionnet.volumes.stacks.membrane_labels`."""
    return membrane_labels((path, read_volume(path)))


def writer_of(path: Path | str, plan: OutputPlan) -> FormatWriter:
    """Return what writes a volume of any format.

    Args:
        path: Ends in ``.tif``, ``.zarr``, ``.h5:KEY`` or ``.mrc``, or is ``precomputed://FOLDER``.
        plan: What it is to be.

    Raises:
        UserError: Another name, a type of voxels that the format does not have, or a file that holds something else.
    """
    name = str(path)
    if is_address(name):
        raise UserError(f"{name}: an address, where nothing is written; write to a disk and copy it")
    named = [each for each in FORMATS if each.scheme and name.startswith(each.scheme)]
    for each in named or FORMATS:
        if each.writer and (named or each.matches(name)):
            return each.writer(name, plan)
    raise cannot_be_written(path)


def save_volume(path: Path | str, plan: OutputPlan, source: VolumeSource) -> None:
    """Write a volume region by region; whole or not at all.

    Args:
        path: See `writer_of`.
        plan: What it is to be.
        source: Gives the voxels.

    Raises:
        UserError: As of `writer_of`; no room, or another process is writing the same.
    """
    writer = writer_of(path, plan)
    require_room({path: writer.size})
    folder = PartFolder(file_of(path))
    try:
        writer.write(folder.whole, source)
    except BaseException:
        folder.discard()
        raise
    folder.publish(folder.whole)


def require_room(sizes: Mapping[Path | str, int]) -> None:
    """Raise a `UserError` unless the folders of the outputs can be written and have room for them.

    Args:
        sizes: Bytes that each output needs; what is there already of it is taken off.
    """
    needed: dict[Path, int] = {}
    for path, size in sizes.items():
        file = file_of(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(file.parent, os.W_OK):
            raise UserError(f"{file.parent}: cannot be written to; choose another folder for {file.name}")
        needed[file.parent] = needed.get(file.parent, 0) + max(0, size - bytes_on_disk(part_path(file)))
    for folder, size in needed.items():
        free = shutil.disk_usage(folder).free
        if size > free:
            raise UserError(
                f"{folder}: the result needs up to {size / 1e9:.1f} GB while it is made and {free / 1e9:.1f} GB are "
                "free; free some, choose another disk, or write 8 bits (--output-type uint8: a quarter)"
            )
