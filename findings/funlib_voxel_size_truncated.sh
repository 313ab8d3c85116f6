#!/usr/bin/env bash
# funlib.persistence cuts a voxel size to whole numbers: 3.58 nm is read and written as 3, and 0.358 as 0
#
# Versions: funlib.persistence 0.7.0, funlib.geometry 0.3.0, zarr 3.1.6, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: voxel sizes and offsets are Coordinates, tuples of integers, which take floats by int(), that is towards
#   zero. open_ds drops the fraction that the file holds, and of one given to it; prepare_ds drops it before it writes
#   the attribute. Positions are counted in these units. Nothing warns, neither for 3.58 nor for 0, of which an array
#   of 1000 voxels is empty.
# Harm: voxels of 3.58 nm (MICrONS), 4.6 nm (the VNC stack) or 9.8 nm are common. A region at 2864 nm is read 154 voxels
#   too far on, distances and volumes are too small by a sixth for each axis, and what is written says 3. gunpowder,
#   daisy and DaCapo build on the same type. A round trip within the library looks right.
# Instead: give sizes in a unit in which they are whole (picometres, or a multiple), in every file alike, and compare
#   array.voxel_size with the attribute after opening.
# Known: https://github.com/janelia-cellmap/dacapo/issues/296 (9.8 nm).
# Output:
#   funlib.persistence 0.7.0 funlib.geometry 0.3.0
#   file: voxel_size [40.0, 3.58], shape (4, 1000), grey = index along x
#   open_ds: voxel_size (40, 3), at 2864 nm along x index 954; by the file's size 800
#   prepare_ds(voxel_size=(40, 3.58)) writes [40, 3]
#   file with 0.358: voxel_size (40, 0), region [empty ROI]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check funlib.persistence==0.7.0 \
    funlib.geometry==0.3.0 zarr==3.1.6 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import zarr
from funlib.geometry import Roi
from funlib.persistence import open_ds, prepare_ds

print("funlib.persistence", version("funlib.persistence"), "funlib.geometry", version("funlib.geometry"))
size = [40.0, 3.58]
ramp = np.tile(np.arange(1000, dtype=np.uint16), (4, 1))
stored = zarr.open_group("volume.zarr", mode="w").create_array("raw", data=ramp)
stored.attrs["voxel_size"] = size
print(f"file: voxel_size {size}, shape {stored.shape}, grey = index along x")
array = open_ds("volume.zarr/raw")
at = 2864
index = int(array.to_ndarray(Roi((0, at), array.voxel_size))[0, 0])
true = round(at / size[1])
print(f"open_ds: voxel_size {array.voxel_size}, at {at} nm along x index {index}; by the file's size {true}")
prepare_ds("result.zarr/labels", (4, 1000), voxel_size=size, dtype=np.uint8, mode="w")
written = zarr.open_array("result.zarr/labels", mode="r").attrs["voxel_size"]
print(f"prepare_ds(voxel_size=({size[0]:g}, {size[1]:g})) writes {written}")
stored.attrs["voxel_size"] = [40, 0.358]
micro = open_ds("volume.zarr/raw")
print(f"file with 0.358: voxel_size {micro.voxel_size}, region {micro.roi}")
assert tuple(array.voxel_size) == (40, 3) and index == at // 3, "open_ds keeps the fraction"
assert list(written) == [40, 3], "prepare_ds keeps the fraction"
assert tuple(micro.voxel_size) == (40, 0), "sizes below 1 are kept or refused"
PY
