#!/usr/bin/env bash
# A block without background: four distance transforms, three answers, and two of them look like real distances
#
# Versions: scipy 1.17.1, bioimage-cpp 0.10.0, edt 3.1.2, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: with no zero in the input, scipy and bioimage-cpp return the distance to a pixel that does not exist, one
#   row above the first: small, smooth, plausible values that grow towards the last row. edt returns infinity,
#   SimpleITK a number of -1.8e19. None of them raises or warns.
# Harm: a crop that lies wholly inside one nucleus or cell body is valid input in any blockwise pipeline. Its distance
#   map has its maximum in the bottom right corner, so a seed is put there and weights of a border-aware loss fall off
#   from the top edge, in that block only. The same code moved from one library to the next gives inf and then NaN.
# Instead: test `(mask == 0).any()` first and say what a block without border means, or read a margin that is wider
#   than the largest distance that matters and cut the map there.
# Output:
#   scipy 1.17.1 bioimage-cpp 0.10.0 edt 3.1.2 simpleitk 2.5.7
#   scipy         last row 3 3.162 3.606 4.243 5
#   bioimage-cpp  last row 3 3.162 3.606 4.243 5
#   edt           last row inf inf inf inf inf
#   SimpleITK     last row -1.845e+19 -1.845e+19 -1.845e+19 -1.845e+19 -1.845e+19
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scipy==1.17.1 bioimage-cpp==0.10.0 edt==3.1.2 \
    simpleitk==2.5.7 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import bioimage_cpp
import edt
import numpy as np
import SimpleITK as sitk
from scipy import ndimage

print(*(f"{name} {version(name)}" for name in ("scipy", "bioimage-cpp", "edt", "simpleitk")))
inside = np.ones((3, 5), np.uint8)
image = sitk.GetImageFromArray(inside)
answers = {
    "scipy": ndimage.distance_transform_edt(inside),
    "bioimage-cpp": bioimage_cpp.distance.distance_transform(inside),
    "edt": edt.edt(inside),
    "SimpleITK": sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, squaredDistance=False)),
}
for name, answer in answers.items():
    print(f"{name:13} last row", *(f"{value:.4g}" for value in answer[-1]))
rows, columns = np.indices(inside.shape)
to_nowhere = np.hypot(rows + 1, columns)  # the distance to row -1, column 0
assert np.allclose(answers["scipy"], to_nowhere), "scipy no longer measures to (-1, 0)"
assert np.allclose(answers["bioimage-cpp"], to_nowhere), "bioimage-cpp no longer measures to (-1, 0)"
assert np.isinf(answers["edt"]).all() and (answers["SimpleITK"] < -1e18).all(), "edt or SimpleITK answers otherwise"
PY
