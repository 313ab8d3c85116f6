#!/usr/bin/env bash
# pybdv averages 16-bit greys after it has made them signed: the mean of 32,000 and 33,000 is 65,268 in a lower level
#
# Versions: pybdv 0.6.0, h5py 3.16.0, z5py 3.0.2, scikit-image 0.26.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: BigDataViewer's HDF5 format keeps unsigned 16-bit values as signed ones of the same bits, and its viewer
#   takes the bits for unsigned again. pybdv writes the full resolution so, and makes each lower level from what it has
#   written: with downscale_mode "mean", "max" and "min" greys from 32,768 on count as negative. Blocks with values on
#   both sides get a mean that is off by half of the range, the smaller as the maximum and the greater as the minimum.
#   The full resolution is right, "nearest", the default, too, and so are N5 files, which stay unsigned. No warning.
# Harm: a stack of 16 bits that fills its range, as after a normalisation of contrast, has its middle grey just there.
#   The lower levels, which the viewer shows first and from which coarse segmentation and registration start, are
#   speckled with white and black along the membranes, while zooming in mends the picture. h5py gives negative greys for
#   all levels, and once they are viewed as uint16 the lower ones are still wrong.
# Instead: write N5, or make the levels with downscale_mode="nearest", or bring the greys below 32,768 before.
# Known: none found; https://github.com/constantinpape/pybdv/issues/8 asks for a warning where negative data are given.
# Output:
#   pybdv 0.6.0
#   rows of 32000 and 33000, uint16, halved
#   nearest  HDF5 33000  N5 33000
#   mean     HDF5 65268  N5 32500
#   max      HDF5 32000  N5 33000
#   min      HDF5 33000  N5 32000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check pybdv==0.6.0 h5py==3.16.0 z5py==3.0.2 \
    scikit-image==0.26.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - 2>run.log <<'PY' || { cat run.log; exit 1; }
import contextlib
import io
from importlib.metadata import version

import h5py
import numpy as np
import z5py
from pybdv import make_bdv

print("pybdv", version("pybdv"))
stack = np.empty((8, 32, 32), np.uint16)
stack[:, ::2], stack[:, 1::2] = 32000, 33000
expected = {"nearest": (33000, 33000), "mean": (65268, 32500), "max": (32000, 33000), "min": (33000, 32000)}
print("rows of 32000 and 33000, uint16, halved")
for mode, levels in expected.items():
    for extension in ("h5", "n5"):
        with contextlib.redirect_stdout(io.StringIO()):
            make_bdv(stack, f"{extension}_{mode}.{extension}", downscale_factors=[[1, 2, 2]], downscale_mode=mode)
    with h5py.File(f"h5_{mode}.h5") as file:
        whole, half = (file[f"t00000/s00/{level}/cells"][:] for level in (0, 1))
    assert whole.dtype == np.int16 and (whole.view(np.uint16) == stack).all(), "the full resolution is kept otherwise"
    n5 = z5py.File(f"n5_{mode}.n5", "r")
    assert (n5["setup0/timepoint0/s0"][:] == stack).all(), "N5 has another full resolution"
    found = [np.unique(level).tolist() for level in (half.view(np.uint16), n5["setup0/timepoint0/s1"][:])]
    print(f"{mode:8} HDF5", *found[0], " N5", *found[1])
    assert found == [[level] for level in levels], f"{mode} gives {found}"
PY
