#!/usr/bin/env bash
# pynrrd's index_order="C" turns the array round but not the header: the slice thickness lands on x
#
# Versions: pynrrd 1.1.3, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: with index_order="C" pynrrd takes and returns the array as (z, y, x) and writes its sizes reversed, as
#   the format wants. Every other field with one entry per axis (spacings, space directions, kinds, labels, units) is
#   passed through in the file's order, x first. The header that goes with a (z, y, x) array must be (x, y, z).
# Harm: the spacings (30, 4, 4) of a stack with thick sections, given in the array's own order, are stored as 30 along
#   x and 4 along z. pynrrd reads them back as they were given, so a round trip through it looks right. SimpleITK
#   takes z for 7.5 times thinner and x for 7.5 times coarser than they are: the volume of a cell stays right,
#   distances and surfaces do not.
# Instead: reverse each per-axis field, both on writing and on reading, or stay in the file's order (index_order="F")
#   and transpose the array once.
# Output:
#   pynrrd 1.1.3 SimpleITK 2.5.7
#   given    shape (2, 3, 4) spacings [30, 4, 4]
#   pynrrd   shape (2, 3, 4) spacings [30.0, 4.0, 4.0] sizes [4, 3, 2]
#   SimpleITK size x y z (4, 3, 2) spacing x y z (30.0, 4.0, 4.0)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check pynrrd==1.1.3 simpleitk==2.5.7 \
    numpy==2.4.6 2>pip.log \
    || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import nrrd
import numpy as np
import SimpleITK as sitk

print("pynrrd", version("pynrrd"), "SimpleITK", sitk.Version.VersionString())
stack = np.zeros((2, 3, 4), np.uint8)  # z, y, x
nrrd.write("stack.nrrd", stack, index_order="C", header={"spacings": [30, 4, 4]})
data, header = nrrd.read("stack.nrrd", index_order="C")
image = sitk.ReadImage("stack.nrrd")
print("given    shape", stack.shape, "spacings [30, 4, 4]")
print("pynrrd   shape", data.shape, "spacings", header["spacings"].tolist(), "sizes", header["sizes"].tolist())
print("SimpleITK size x y z", image.GetSize(), "spacing x y z", image.GetSpacing())
assert data.shape == (2, 3, 4) and header["spacings"].tolist() == [30, 4, 4]
assert image.GetSize() == (4, 3, 2) and image.GetSpacing() == (30, 4, 4), "the spacings are now turned with the array"
PY
