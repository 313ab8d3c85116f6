"""NIfTI volumes, read by nibabel. Only read."""

from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource, existing, oriented
from fusionnet.volumes.units import voxel_size_nm

SUFFIXES = (".nii", ".nii.gz")
IN_MEMORY = "its voxels are compressed as a whole, and are held in memory"


def is_nifti(name: str) -> bool:
    """Tell whether a path is that of a NIfTI file."""
    return name.lower().endswith(SUFFIXES) and not Path(name).is_dir()


def open_nifti(name: str) -> VolumeSource:
    """Open a NIfTI volume; see `fusionnet.volumes.volume.open_volume`."""
    try:
        import nibabel
    except ImportError as error:
        raise UserError(f"{name}: NIfTI needs the package nibabel: pip install -e '.[formats]'") from error
    path = existing(name)
    try:
        image: Any = nibabel.load(path)
        scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
        packed = name.lower().endswith(".gz")
        array: Any = np.asanyarray(image.dataobj) if packed else image.dataobj
        dtype = np.dtype(np.float64) if scaled else image.get_data_dtype().newbyteorder("=")
    except (nibabel.filebasedimages.ImageFileError, OSError, ValueError, EOFError) as error:
        raise UserError(f"{name}: cannot be read as NIfTI ({error}); fetch or export it again") from error
    axes = ["x", "y", "z", "t", *(f"axis {number}" for number in range(4, 7))][: len(image.shape)]
    shape, reader = oriented(name, array, axes)
    unit = image.header.get_xyzt_units()[0]
    lengths = [*(float(side) for side in image.header.get_zooms()), None, None][:3]
    size, notes = voxel_size_nm(lengths[::-1], ["" if unit == "unknown" else unit] * 3)
    if unit == "unknown":
        notes = ["voxel size is not known: its header names no unit"]
    if packed:
        notes.append(IN_MEMORY)
    if scaled:
        notes.append("its header scales the stored numbers; they are read scaled: labels may be damaged")
    turned = image.affine is not None and not np.allclose(
        image.affine[:3, :3], np.diag(np.abs(np.diag(image.affine)[:3]))
    )
    if turned:
        notes.append("its affine turns or mirrors the volume: voxels are read as stored")
    return VolumeSource(name, shape, dtype, reader, size, notes=tuple(notes))
