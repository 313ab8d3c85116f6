#!/usr/bin/env bash
# mrcz writes MRC files without a sampling: 40 nm voxels are infinite to mrcfile and SimpleITK, and 1 nm to RosettaSciIO
#
# Versions: mrcz 0.6.0, mrcfile 1.5.4, SimpleITK 2.5.7, RosettaSciIO 0.15.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: an MRC header holds the size of the whole cell and the number of samples along it, MX, MY, MZ; the voxel
#   size is their quotient. writeMRC writes the cell and leaves the samples 0. Its own reader divides by the number of
#   voxels instead, and finds the size again, so a round trip passes. mrcfile and SimpleITK divide by 0 and give
#   infinity; RosettaSciIO, the reader of HyperSpy, takes 1 for what it cannot divide, and calls it nanometres.
# Harm: with HyperSpy a stack of 40 nm sections is one of 1 nm, isotropic: distances, volumes and a resampling to cubes
#   are off by the factor, and nothing says so. Infinity is noticed, but only in what shows it.
# Instead: mrcfile, or set header.mx, my and mz afterwards with mrcfile.open(path, "r+", permissive=True).
# Known: https://github.com/em-MRCZ/python-mrcz/issues/13 (IMOD shows 1 angstrom; open since 2019).
# Output:
#   mrcz 0.6.0 mrcfile 1.5.4 SimpleITK 2.5.7 rosettasciio 0.15.0 - written: z 400, y 50, x 40 angstrom
#   by mrcz
#     header: samples 0 0 0, cell 2400.0 250.0 160.0
#     mrcz         400.0, 50.0, 40.0
#     mrcfile      inf, inf, inf
#     SimpleITK    inf, inf, inf
#     RosettaSciIO 1, 1, 1
#     its units    None, nm, nm
#   with its samples set
#     header: samples 6 5 4, cell 2400.0 250.0 160.0
#     mrcz         400.0, 50.0, 40.0
#     mrcfile      400.0, 50.0, 40.0
#     SimpleITK    400.0, 50.0, 40.0
#     RosettaSciIO 40.0, 5.0, 4.0
#     its units    None, nm, nm
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check mrcz==0.6.0 mrcfile==1.5.4 simpleitk==2.5.7 \
    rosettasciio==0.15.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
import math
from importlib.metadata import version

import mrcfile
import mrcz
import numpy as np
import SimpleITK as sitk
from rsciio.mrc import file_reader

print(*(f"{name} {version(name)}" for name in ("mrcz", "mrcfile", "SimpleITK", "rosettasciio")), end=" - ")
print("written: z 400, y 50, x 40 angstrom")


def readers():
    with mrcfile.open("stack.mrc", permissive=True) as file:
        print("  header: samples", *(file.header[axis] for axis in ("mz", "my", "mx")), end=", cell ")
        print(*(float(file.header.cella[axis]) for axis in "zyx"))
        by_mrcfile = [float(file.voxel_size[axis]) for axis in "zyx"]
    axes = file_reader("stack.mrc")[0]["axes"]
    return {
        "mrcz": mrcz.readMRC("stack.mrc")[1]["pixelsize"].tolist(),
        "mrcfile": by_mrcfile,
        "SimpleITK": list(sitk.ReadImage("stack.mrc").GetSpacing()[::-1]),
        "RosettaSciIO": [axis["scale"] for axis in axes],
        "its units": [axis["units"] for axis in axes],
    }


mrcz.writeMRC(np.zeros((6, 5, 4), np.float32), "stack.mrc", pixelsize=[400, 50, 40])
print("by mrcz")
written = readers()
print(*(f"  {name:13}{', '.join(map(str, found))}" for name, found in written.items()), sep="\n")
with mrcfile.open("stack.mrc", "r+", permissive=True) as file:
    file.header.mz, file.header.my, file.header.mx = file.data.shape
print("with its samples set")
mended = readers()
print(*(f"  {name:13}{', '.join(map(str, found))}" for name, found in mended.items()), sep="\n")
assert written["mrcz"] == [400, 50, 40], "mrcz does not read what it wrote"
assert all(map(math.isinf, written["mrcfile"] + written["SimpleITK"])), "the sampling is there now"
assert written["RosettaSciIO"] == [1, 1, 1], "RosettaSciIO reads otherwise"
assert np.allclose(mended["mrcfile"], [400, 50, 40]) and np.allclose(mended["SimpleITK"], [400, 50, 40])
assert np.allclose(mended["RosettaSciIO"], [40, 5, 4])
PY
