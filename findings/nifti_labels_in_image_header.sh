#!/usr/bin/env bash
# nibabel: labels saved with the header of an 8-bit image are squeezed into 8 bits and come back as other labels
#
# Versions: nibabel 5.4.2, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: Nifti1Image(labels, affine, image.header) keeps the header's data type, not the array's. On saving, a
#   uint16 array that does not fit into uint8 is rescaled with a slope, without a warning, and neighbouring labels
#   fall onto one stored value. It happens only once the largest label exceeds 255; smaller arrays survive unscaled.
# Harm: passing the image's header on is the usual way to keep the voxel size. Cells 1000 and 1001 become one object,
#   cell 1 becomes background and 255 and 256 merge, but only in volumes with many cells: small tests pass.
# Instead: copy the header and call set_data_dtype(labels.dtype) on it, or pass dtype=labels.dtype to Nifti1Image.
# Output:
#   nibabel 5.4.2
#   few labels        [0, 1, 2, 100, 101, 254, 255] -> uint8 [0, 1, 2, 100, 101, 254, 255]
#   many labels       [0, 1, 2, 255, 256, 1000, 1001] -> uint8 [0.0, 0.0, 3.93, 255.16, 255.16, 1001.0, 1001.0]
#   with dtype=uint16 [0, 1, 2, 255, 256, 1000, 1001] -> uint16 [0, 1, 2, 255, 256, 1000, 1001]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check nibabel==5.4.2 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
import nibabel
import numpy as np


def saved(values, **kwargs):
    labels = np.array(values, np.uint16).reshape(1, 1, -1)
    nibabel.save(nibabel.Nifti1Image(labels, image.affine, image.header, **kwargs), "labels.nii")
    again = nibabel.load("labels.nii")
    return again.get_data_dtype(), np.asanyarray(again.dataobj).ravel().round(2).tolist()


print("nibabel", nibabel.__version__)
nibabel.save(nibabel.Nifti1Image(np.zeros((1, 1, 7), np.uint8), np.diag([4, 4, 30, 1])), "image.nii")
image = nibabel.load("image.nii")
many, few = [0, 1, 2, 255, 256, 1000, 1001], [0, 1, 2, 100, 101, 254, 255]
print("few labels       ", few, "->", *saved(few))
print("many labels      ", many, "->", *saved(many))
print("with dtype=uint16", many, "->", *saved(many, dtype=np.uint16))
stored, result = saved(many)
assert saved(few)[1] == few and saved(many, dtype=np.uint16)[1] == many
assert stored == np.uint8 and result[1] == 0 and result[3] == result[4] and result[5] == result[6], "labels survive"
PY
