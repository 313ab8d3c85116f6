#!/usr/bin/env bash
# mahotas' labeled_sum adds up in the image's own type: sums of 8-bit greys are taken modulo 256
#
# Versions: mahotas 1.4.19, scipy 1.17.1, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: the docstring promises sum[i] == np.sum(array[labeled == i]), and two lines below that the result has the
#   array's type. numpy widens small integers when it sums and adds floats pairwise; labeled_sum does neither. uint8
#   and uint16 sums wrap, of a boolean mask only "any" is left, and a float32 sum of small values stops growing where
#   the next one is below half a step of the sum. None of this warns. scipy.ndimage.sum_labels is right in each case.
# Harm: mean grey values of cells, or sizes counted as the sum of a mask, are numbers in the plausible range of the
#   type: a cell of 400 pixels of grey 200 has the sum 128. In a map of probabilities only objects of more than some
#   ten million voxels are wrong, and too low, so that a filter by mean probability drops the largest cells first.
# Instead: labeled_sum(array.astype(np.float64), labels), or scipy.ndimage.sum_labels, which sums in double precision.
# Output:
#   mahotas 1.4.19 scipy 1.17.1 numpy 2.4.6
#   uint8     400 pixels of 200:      numpy 80000, scipy 80000, mahotas 128
#   uint16    400 pixels of 60000:    numpy 24000000, scipy 24000000, mahotas 13824
#   bool      400 pixels of True:     numpy 400, scipy 400, mahotas True
#   float32   36000000 pixels of 0.1: numpy 3.60e+06, scipy 3.60e+06, mahotas 2.10e+06
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check mahotas==1.4.19 scipy==1.17.1 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
import mahotas
import numpy as np
import scipy
from scipy import ndimage

print("mahotas", mahotas.__version__, "scipy", scipy.__version__, "numpy", np.__version__)
seen = {}
for dtype, value, side in (("uint8", 200, 20), ("uint16", 60000, 20), ("bool", True, 20), ("float32", 0.1, 6000)):
    image = np.full((side, side), value, dtype)
    labels = np.ones(image.shape, np.int32)
    sums = np.sum(image), ndimage.sum_labels(image, labels, 1), mahotas.labeled.labeled_sum(image, labels)[1]
    shown = [f"{number:.2e}" if dtype == "float32" else f"{number:g}".replace("2.4e+07", "24000000") for number in sums]
    shown[2] = str(sums[2]) if dtype == "bool" else shown[2]
    print(f"{dtype:9} {f'{side * side} pixels of {value}:':23} numpy {shown[0]}, scipy {shown[1]}, mahotas {shown[2]}")
    assert np.isclose(sums[0], sums[1], rtol=1e-4), "numpy and scipy differ"
    seen[dtype] = sums[2]
assert (seen["uint8"], seen["uint16"], bool(seen["bool"])) == (128, 13824, True), f"labeled_sum is now {seen}"
assert seen["bool"].dtype == bool and seen["float32"] < 2.2e6, f"labeled_sum is now {seen}"
PY
