#!/usr/bin/env bash
# EMD files (Berkeley): RosettaSciIO and HyperSpy turn all axes round, ncempy none: z becomes x in either direction
#
# Versions: rosettasciio 0.15.0, ncempy 1.16, hyperspy 2.5.0, h5py 3.16.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: an EMD file of this kind holds an HDF5 array and one vector dimN for its N-th axis. ncempy, of the group
#   that made the format, writes an array of shape (z, y, x) so, and reads it so. RosettaSciIO, the reader and writer of
#   HyperSpy, transposes it on reading and on writing, by which its own round trip is whole. A stack that goes from one
#   to the other comes out as (x, y, z). Scales and names turn with it, so that nothing contradicts anything, and
#   neither warns.
# Harm: code that takes the first axis for the sections walks through a stack along x. In a cube all shapes still fit:
#   each "slice" is a cut across the sections, streaked by their thickness, transposed labels are scored against
#   labels that are not, and a network trained on it has seen no section. Names do not help: ncempy's writer takes none
#   and calls the axes dim1, dim2, dim3.
# Instead: compare the shape, and for a cube the scales, with h5py's, which is the file's; transpose where they are
#   reversed.
# Output:
#   rosettasciio 0.15.0 ncempy 1.16; a stack of 3 sections with 4 rows and 5 columns, 30 x 4 x 8 nm
#   written by ncempy:    in the file (3, 4, 5), ncempy (3, 4, 5), RosettaSciIO (5, 4, 3) with scales 8 4 30
#   written by HyperSpy:  in the file (5, 4, 3), ncempy (5, 4, 3), RosettaSciIO (3, 4, 5) with scales 30 4 8
#   first section of a cube from ncempy, in RosettaSciIO: the first column of every section
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check rosettasciio==0.15.0 ncempy==1.16 \
    hyperspy==2.5.0 h5py==3.16.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import h5py
import hyperspy.api as hyperspy
import numpy as np
from ncempy.io import emd
from rsciio.emd import file_reader

NM = (30, 4, 8)


def in_file(name):
    found = []
    with h5py.File(name, "r") as file:
        file.visititems(lambda _, item: found.append(item[()]) if getattr(item, "ndim", 0) == 3 else None)
    (array,) = found
    return array


def read(name):
    (signal,) = file_reader(name)
    axes = sorted(signal["axes"], key=lambda axis: axis["index_in_array"])
    return signal["data"], [round(float(axis["scale"]), 6) for axis in axes]


print("rosettasciio", version("rosettasciio"), "ncempy", version("ncempy"), end="; ")
print("a stack of 3 sections with 4 rows and 5 columns, 30 x 4 x 8 nm")
stack = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
emd.emdWriter("ncempy.emd", stack, pixel_size=NM)
signal = hyperspy.signals.Signal2D(stack)
for number, (name, scale) in enumerate((("z", 30), ("x", 8), ("y", 4))):  # HyperSpy names x before y
    axis = signal.axes_manager[number]
    axis.name, axis.scale, axis.units = name, scale, "nm"
signal.save("hyperspy.emd")
for writer, name in (("ncempy", "ncempy.emd"), ("HyperSpy", "hyperspy.emd")):
    stored, by_ncempy, (by_rsciio, scales) = in_file(name), emd.emdReader(name)["data"], read(name)
    print(f"written by {writer + ':':10} in the file {stored.shape}, ncempy {by_ncempy.shape},", end=" ")
    print(f"RosettaSciIO {by_rsciio.shape} with scales", *(f"{scale:g}" for scale in scales))
    assert np.array_equal(by_ncempy, stored), "ncempy turns the file's axes"
    assert np.array_equal(by_rsciio, stored.T), "RosettaSciIO keeps the file's axes"
    own, other = (by_ncempy, by_rsciio) if writer == "ncempy" else (by_rsciio, by_ncempy)
    assert np.array_equal(own, stack) and np.array_equal(other, stack.T), f"{writer} does not read what it wrote"
    assert scales == list(NM if writer == "HyperSpy" else NM[::-1]), f"the scales do not turn with the axes: {scales}"
cube = np.arange(64, dtype=np.uint8).reshape(4, 4, 4)
emd.emdWriter("cube.emd", cube, pixel_size=NM)
first = read("cube.emd")[0][0]
assert np.array_equal(first, cube[:, :, 0].T) and not np.array_equal(first, cube[0]), "a cube is read otherwise"
print("first section of a cube from ncempy, in RosettaSciIO: the first column of every section")
PY
