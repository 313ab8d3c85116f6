"""MRC files of electron tomography and serial blocks; the header is read by mrcfile, the voxels are mapped."""

import math
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fusionnet.errors import UserError
from fusionnet.volumes.output import ContiguousWriter, OutputPlan
from fusionnet.volumes.source import MappedArray, VolumeSource, existing, oriented
from fusionnet.volumes.units import VoxelSize, voxel_size_nm

SUFFIXES = (".mrc", ".rec", ".st", ".map")
HEADER_BYTES = 1024
IMOD_STAMP = 1146047817
IMOD_OFFSET = 40  # of the stamp and the flags behind it, in the header's second spare part
SIGNED_FLAG = 1
SAMPLED_BYTES = 1 << 20
ANGSTROM = 10  # of a nanometre
CLEARLY = 4.0  # times as many bytes at one place than at the other


def is_mrc(name: str) -> bool:
    """Tell whether a path is that of an MRC file."""
    return Path(name).suffix.lower() in SUFFIXES and not Path(name).is_dir()


def open_mrc(name: str) -> VolumeSource:
    """Open an MRC volume; see `fusionnet.volumes.volume.open_volume`."""
    import mrcfile

    path = existing(name)
    try:
        with warnings.catch_warnings(record=True) as complaints:
            warnings.simplefilter("always", RuntimeWarning)
            with mrcfile.open(path, mode="r", permissive=True, header_only=True) as file:
                header = file.header
                dtype = mrcfile.utils.data_dtype_from_header(header)
                shape = mrcfile.utils.data_shape_from_header(header)
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: cannot be read as MRC ({error}); fetch or export it again") from error
    # A garbage collection meanwhile may add complaints of other files.
    notes = [str(each.message) for each in complaints if each.category is RuntimeWarning]
    array = MappedArray(path, HEADER_BYTES + int(header.nsymbt), dtype, shape)
    if dtype == np.int8:
        signed, why = _signed(name, header, array)
        array = array if signed else MappedArray(path, array.offset, np.dtype(np.uint8), shape)
        notes.append(f"bytes are {'signed' if signed else 'unsigned'}, by {why}")
    letters = {1: "x", 2: "y", 3: "z"}
    stored = [letters.get(int(header[axis]), "?") for axis in ("maps", "mapr", "mapc")]
    axes = stored if len(shape) == 3 and "?" not in stored else None
    zyx, reader = oriented(name, array, axes)
    size, said = _voxel_size(header, shape)
    return VolumeSource(name, zyx, array.dtype.newbyteorder("="), reader, size, notes=(*notes, *said))


def _voxel_size(header: Any, shape: tuple[int, ...]) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size if it is known, and what a person should hear of it.

    To MRC2014 a file with ISPG 0 or MZ 1 holds images, and says nothing of a distance between them. SimpleITK writes
    volumes with ISPG 0 as well, and other programs give the images a z that nobody measured.
    """
    cell, samples = [float(header.cella[axis]) for axis in "zyx"], [int(header[axis]) for axis in ("mz", "my", "mx")]
    if any(cell) and min(samples) < 1:  # findings/mrcz_header_without_sampling.sh
        counts = ", ".join(map(str, samples[::-1]))
        return None, [
            f"voxel size is not known: the header has the size of the whole, and {counts} samples along x, y, z"
        ]
    lengths = [side / count if side else 0.0 for side, count in zip(cell, samples, strict=True)]
    if all(side in (0, 1) for side in lengths):  # programs write 1 angstrom where they know no size
        return None, []
    is_stack = len(shape) == 3 and shape[0] > 1 and (int(header.ispg) == 0 or int(header.mz) == 1)
    if not is_stack:
        return voxel_size_nm(lengths, ["angstrom"] * 3)
    z, y, x = (side / ANGSTROM for side in lengths)
    if lengths[0] in (0, 1):
        doubt = "without a distance"
    elif int(header.mz) == 1:
        doubt = f"{z:g} nm of one image or of all {shape[0]}, programs differ"
    elif math.isclose(z, x, rel_tol=1e-4):
        doubt = f"at {z:g} nm as its pixels, which programs write without knowing it"
    else:
        size, unknown = voxel_size_nm(lengths, ["angstrom"] * 3)
        return size, unknown or [f"its header calls it a stack of images; their distance is taken from it: {z:g} nm"]
    return None, [
        f"voxel size is not known: a stack of images of {y:g} x {x:g} nm, {doubt}; --voxel-size Z,Y,X gives it"
    ]


def _signed(name: str, header: Any, array: MappedArray) -> tuple[bool, str]:
    """Tell whether bytes (mode 0) are signed: by IMOD's flag, the header's extremes, or where most values lie."""
    order = header.nx.dtype.newbyteorder("=").str[0] if header.nx.dtype.isnative else header.nx.dtype.str[0]
    stamp, flags = np.frombuffer(header.extra2.tobytes(), f"{order}i4", 2, IMOD_OFFSET).tolist()
    if stamp == IMOD_STAMP:
        return bool(flags & SIGNED_FLAG), "IMOD's flag in the header"
    least, greatest = float(header.dmin), float(header.dmax)
    if least < 0 <= greatest <= 127:
        return True, "the least value in the header"
    if 0 <= least <= greatest and greatest > 127:
        return False, "the greatest value in the header"
    return _signed_by_histogram(name, array)


def _signed_by_histogram(name: str, array: MappedArray) -> tuple[bool, str]:
    """Tell by the middle of the volume: grey values are rare near both ends of the range that they really have."""
    sample = array[len(array.shape) > 2 and array.shape[0] // 2].ravel()[:SAMPLED_BYTES].view(np.uint8)
    counts = np.bincount(sample, minlength=256)
    at_128 = counts[96:127].sum() + counts[129:160].sum() + 1  # the ends if signed; saturated values are left out
    at_0 = counts[1:32].sum() + counts[224:255].sum() + 1  # the ends if unsigned
    if max(at_128, at_0) < CLEARLY * min(at_128, at_0):
        raise UserError(
            f"{name}: bytes that may be signed or unsigned, the header does not say; convert it to 16 bits "
            "(IMOD: newstack -mode 1) or to TIFF (mrc2tif -s)"
        )
    return bool(at_0 > at_128), "the histogram"


class MrcWriter(ContiguousWriter):
    """Writes an MRC file; bytes as 16 bits, since programs differ in whether an MRC's bytes have a sign.

    Args:
        name: The path of the result.
        plan: What it is to be.

    Raises:
        UserError: A type that the format does not have.
    """

    MODES: ClassVar = {"int16": 1, "float32": 2, "uint16": 6}
    WIDENED: ClassVar = {"uint8": "uint16", "int8": "int16"}

    def __init__(self, name: str, plan: OutputPlan):
        dtype = np.dtype(self.WIDENED.get(plan.dtype.name, plan.dtype))
        if dtype.name not in self.MODES:
            raise UserError(f"{name}: the format has no voxels of type {plan.dtype}; write .zarr, .h5:KEY or .tif")
        super().__init__(name, plan, dtype)

    def create(self, part: Path) -> int:
        """Write the header; the statistics in it say, as the format has it, that they are not known."""
        import mrcfile

        plan = self.plan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the voxels are still to come
            with mrcfile.new(part, overwrite=True) as file:
                header = file.header
                z, y, x = plan.shape
                header.mode = self.MODES[self.dtype.name]
                header.nx, header.ny, header.nz = header.mx, header.my, header.mz = x, y, z
                header.ispg = 1  # a volume, where 0 is a stack of images
                sides = plan.voxel_size_nm or (0.0, 0.0, 0.0)
                header.cella.z, header.cella.y, header.cella.x = (
                    side * ANGSTROM * size for side, size in zip(sides, plan.shape, strict=True)
                )
                header.dmin, header.dmax, header.dmean, header.rms = 0, -1, -2, -1
                header.nlabl = 1
                header.label = ""  # mrcfile's own holds the time of its making
                header.label[0] = f"{plan.name}, written by fusionnet"
                return int(header.nbytes)
