#!/usr/bin/env bash
# Of a big-endian array, edt makes distances that are 0 everywhere, and crackle stores labels with their bytes swapped
#
# Versions: edt 3.1.2, crackle-codec 0.55.0, mrcfile 1.5.4, connected-components-3d 4.1.1, fastremap 1.21.0,
#   fill_voids 2.1.2, compresso 3.3.3, numpy 2.4.6 (a little-endian processor)
# Seen: 2026-11-30
# Behaviour: mrcfile gives the labels of a big-endian MRC file as a big-endian array, with which NumPy computes as with
#   any other. edt answers without a word that every voxel is at distance 0, labels and background alike. crackle's
#   compressed labels come back as 256 and 512 for 1 and 2. Other packages of the same kind refuse such an array.
# Harm: seeds, radii and skeletons from that transform are empty, as of a stack without a cell; labels in crackle keep
#   their shapes, so a picture looks right, and agree with no table of their numbers.
# Instead: array.astype(array.dtype.newbyteorder("=")) right after reading.
# Known: no report of either was found.
# Output:
#   edt 3.1.2, crackle-codec 0.55.0
#   the file's labels: >u2, values 0 1 2
#   edt            native: 0 to 3    big-endian: 0 to 0
#   crackle        native: 0 1 2     big-endian: 0 256 512
#   cc3d           refused
#   fastremap      refused
#   fill_voids     refused
#   compresso      refused
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check edt==3.1.2 crackle-codec==0.55.0 \
    mrcfile==1.5.4 connected-components-3d==4.1.1 fastremap==1.21.0 fill_voids==2.1.2 compresso==3.3.3 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version

import cc3d
import compresso
import crackle
import edt
import fastremap
import fill_voids
import mrcfile
import numpy as np

assert sys.byteorder == "little", "the arrays below are the other way round for this processor"
native = np.zeros((8, 8, 8), np.uint16)
native[1:7, 1:7, :4] = 1
native[1:7, 1:7, 4:] = 2
with mrcfile.new("labels.mrc") as file:
    file.set_data(native.astype(">u2"))
read = mrcfile.read("labels.mrc")


def numbers(array):
    return " ".join(str(value) for value in np.unique(array))


print(f"edt {version('edt')}, crackle-codec {version('crackle-codec')}")
print(f"the file's labels: {read.dtype.str}, values {numbers(read)}")
assert read.dtype.str == ">u2" and np.array_equal(read, native)
right, found = edt.edt(native), edt.edt(read)
print(f"{'edt':14} native: {right.min():g} to {right.max():g}    big-endian: {found.min():g} to {found.max():g}")
assert right.max() > 2 and right[native == 0].max() == 0 and right[native > 0].min() > 0
assert not found.any(), "edt gives distances of a big-endian array"
right, found = (crackle.decompress(crackle.compress(labels)) for labels in (native, read))
print(f"{'crackle':14} native: {numbers(right)}     big-endian: {numbers(found)}")
assert np.array_equal(right, native)
assert np.array_equal(found, native.byteswap()), "crackle keeps labels of a big-endian array"
for name, use in (
    ("cc3d", cc3d.connected_components),
    ("fastremap", fastremap.unique),
    ("fill_voids", fill_voids.fill),
    ("compresso", compresso.compress),
):
    try:
        use(read)
    except (TypeError, ValueError):
        print(f"{name:14} refused")
    else:
        raise SystemExit(f"{name} takes a big-endian array now")
PY
