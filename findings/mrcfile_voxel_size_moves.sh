#!/usr/bin/env bash
# mrcfile: calling a volume an image stack makes its slices thicker, and new data stretch the voxel size
#
# Versions: mrcfile 1.5.4, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: MRC stores the size of the whole cell and a number of samples, and the voxel size is their quotient.
#   set_image_stack() sets the samples in z to 1 and leaves the cell: of 30 slices of 50 each it makes one voxel of
#   1500. Data of another shape, set after the voxel size, change the samples and leave the cell too: a third of the
#   slices become three times as thick. A voxel size set before any data is lost. All three are written and read back
#   without a warning, and validate() accepts the files.
# Harm: a stack of sections marked as what it is (set_image_stack) has a thickness 30 times too large in every reader,
#   which ruins anisotropy, distances and volumes. Cropping or binning a file in place (mode r+) moves the voxel size
#   by the ratio of the shapes, right for binning, wrong for cropping.
# Instead: assign mrc.voxel_size last of all, after set_data and set_image_stack, and read it back from the file.
# Output:
#   mrcfile 1.5.4 SimpleITK 2.5.7 - 30 slices, voxel size set to x 4, y 4, z 50
#   volume                               4, 4, 50    SimpleITK (4.0, 4.0, 50.0)
#   set_image_stack() after it           4, 4, 1500  SimpleITK (4.0, 4.0, 1500.0)
#   first 10 slices set after it         4, 4, 150   SimpleITK (4.0, 4.0, 150.0)
#   voxel size set before the data       0, 0, 0     SimpleITK (1.0, 1.0, 1.0)
#   set_image_stack(), voxel size after  4, 4, 50    SimpleITK (4.0, 4.0, 50.0)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check mrcfile==1.5.4 simpleitk==2.5.7 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
import io
from importlib.metadata import version

import mrcfile
import numpy as np
import SimpleITK as sitk

slices = np.zeros((30, 8, 8), np.float32)
size = (4, 4, 50)


def volume(mrc):
    mrc.set_data(slices)
    mrc.voxel_size = size


def stack_after(mrc):
    volume(mrc)
    mrc.set_image_stack()


def data_after(mrc):
    volume(mrc)
    mrc.set_data(slices[:10])


def size_before(mrc):
    mrc.voxel_size = size
    mrc.set_data(slices)


def size_last(mrc):
    mrc.set_data(slices)
    mrc.set_image_stack()
    mrc.voxel_size = size


print(f"mrcfile {version('mrcfile')} SimpleITK {version('SimpleITK')} - 30 slices, voxel size set to x 4, y 4, z 50")
cases = {
    "volume": (volume, (4, 4, 50)),
    "set_image_stack() after it": (stack_after, (4, 4, 1500)),
    "first 10 slices set after it": (data_after, (4, 4, 150)),
    "voxel size set before the data": (size_before, (0, 0, 0)),
    "set_image_stack(), voxel size after": (size_last, (4, 4, 50)),
}
for name, (fill, expected) in cases.items():
    with mrcfile.new("stack.mrc", overwrite=True) as mrc:
        fill(mrc)
    complaints = io.StringIO()
    assert mrcfile.validate("stack.mrc", print_file=complaints), complaints.getvalue()
    with mrcfile.open("stack.mrc") as mrc:
        seen = tuple(float(mrc.voxel_size[axis]) for axis in "xyz")
    other = sitk.ReadImage("stack.mrc").GetSpacing()
    print(f"{name:36} {', '.join(f'{value:g}' for value in seen):11} SimpleITK {other}")
    assert np.allclose(seen, expected), f"{name}: {seen} instead of {expected}"
PY
