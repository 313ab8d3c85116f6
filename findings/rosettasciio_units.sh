#!/usr/bin/env bash
# RosettaSciIO keeps the voxel size of an ImageJ TIFF and drops its nanometres, and keeps nothing of an OME-TIFF
#
# Versions: rosettasciio 0.15.0, tifffile 2026.3.3, mrcfile 1.5.4, numpy 1.26.4
# Seen: 2026-11-30
# Behaviour: of an ImageJ TIFF the reader takes the numbers, and the unit only if it is spelled "micron", for y and x;
#   "nm" and "um" become no unit, with the number as it stands. An OME-TIFF has scale 1 and no unit on every axis,
#   whatever it says. Of an MRC volume y and x are in nm; z, converted from angstroms with them, has no unit.
# Harm: RosettaSciIO is what HyperSpy reads with. The same tissue has pixels of 4, of 0.004 and of 1, and no unit tells
#   them apart; a scale bar, or a conversion that takes a missing unit for pixels, is wrong by the factor. A stack's z
#   cannot be compared with its x.
# Instead: take numbers and unit from tifffile's imagej_metadata or ome_metadata, from mrcfile's voxel_size (angstroms);
#   write TIFF by RosettaSciIO itself, whose private tags bring "nm" back.
# Known: the documentation warns of pixel sizes in TIFF in general; no report of these three was found.
# Output:
#   rosettasciio 0.15.0
#   file                  in the file           rosettasciio (z, y, x)
#   ImageJ TIFF, nm       30 4 4 nm             30 -, 4 -, 4 -
#   ImageJ TIFF, um       0.03 0.004 0.004 um   0.03 -, 0.004 -, 0.004 -
#   ImageJ TIFF, micron   0.03 0.004 0.004 micron 0.03 -, 0.004 µm, 0.004 µm
#   OME-TIFF, nm          30 4 4 nm             1 -, 1 -, 1 -
#   MRC                   30 4 4 nm             30 -, 4 nm, 4 nm
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check rosettasciio==0.15.0 tifffile==2026.3.3 \
    mrcfile==1.5.4 numpy==1.26.4 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import mrcfile
import numpy as np
import tifffile
from rsciio import mrc, tiff

stack = np.zeros((5, 10, 12), np.uint16)
NM, UM = (30, 4, 4), (0.03, 0.004, 0.004)


def imagej(name, sizes, unit):
    metadata = {"axes": "ZYX", "spacing": sizes[0], "unit": unit}
    tifffile.imwrite(name, stack, imagej=True, resolution=(1 / sizes[2], 1 / sizes[1]), metadata=metadata)
    return tiff


def ome(name, sizes, unit):
    physical = {f"PhysicalSize{axis}": size for axis, size in zip("ZYX", sizes)}
    units = {f"PhysicalSize{axis}Unit": unit for axis in "ZYX"}
    tifffile.imwrite(name, stack, ome=True, metadata={"axes": "ZYX", **physical, **units})
    return tiff


def mrc_of(name, sizes, unit):
    with mrcfile.new(name) as file:
        file.set_data(stack)
        file.voxel_size = tuple(10 * size for size in reversed(sizes))  # angstroms, x first
    return mrc


print("rosettasciio", version("rosettasciio"))
print(f"{'file':21} {'in the file':21} rosettasciio (z, y, x)")
seen = {}
for kind, name, write, sizes, unit in (
    ("ImageJ TIFF, nm", "nm.tif", imagej, NM, "nm"),
    ("ImageJ TIFF, um", "um.tif", imagej, UM, "um"),
    ("ImageJ TIFF, micron", "micron.tif", imagej, UM, "micron"),
    ("OME-TIFF, nm", "nm.ome.tif", ome, NM, "nm"),
    ("MRC", "nm.mrc", mrc_of, NM, "nm"),
):
    (read,) = write(name, sizes, unit).file_reader(name)
    assert read["data"].shape == stack.shape
    seen[kind] = [(round(float(axis["scale"]), 6), axis["units"]) for axis in read["axes"]]
    found = ", ".join(f"{scale:g} {found or '-'}" for scale, found in seen[kind])
    print(f"{kind:21} {' '.join(f'{size:g}' for size in sizes) + ' ' + unit:21} {found}")
without = [None] * 3
assert seen["ImageJ TIFF, nm"] == list(zip(NM, without)), "nanometres of ImageJ have a unit, or other numbers"
assert seen["ImageJ TIFF, um"] == list(zip(UM, without)), "um of ImageJ has a unit, or other numbers"
micron = [None, "\N{MICRO SIGN}m", "\N{MICRO SIGN}m"]
assert seen["ImageJ TIFF, micron"] == list(zip(UM, micron)), "micron has no unit, or one for z"
assert seen["OME-TIFF, nm"] == [(1, None)] * 3, "the sizes of an OME-TIFF are read"
assert seen["MRC"] == [(30, None), (4, "nm"), (4, "nm")], "z of an MRC volume has a unit, or x has none"
PY
