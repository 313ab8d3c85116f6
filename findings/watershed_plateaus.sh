#!/usr/bin/env bash
# Watershed on flat ground: two libraries give everything to one marker, and a mirror image gives it to the other
#
# Versions: scikit-image 0.26.0, mahotas 1.4.19, scipy 1.17.1, bioimage-cpp 0.10.0, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: two markers lie symmetrically on a constant surface. scikit-image and mahotas flood from both at equal
#   pace and meet in the middle. scipy's watershed_ift and bioimage-cpp's watershed let one marker take the whole
#   plateau; the other keeps its own pixel. Which one wins depends on the scan order, so flipping the image flips the
#   winner.
# Harm: boundary maps that a network saturates to 0 inside cells are plateaus, and 8-bit ones anyway. Swapping the
#   library for a faster one turns half-and-half splits into mergers plus one-pixel segments, and averaging over
#   flipped copies disagrees with itself.
# Instead: flood the distance to the boundary or add a small distance term, so that there is no flat ground; check a
#   new watershed with two seeds on a constant image before using it.
# Output:
#   scikit-image 0.26.0 mahotas 1.4.19 scipy 1.17.1 bioimage-cpp 0.10.0
#   scikit-image         pixels of marker 1 and 2: [441, 420], mirrored: [420, 441]
#   mahotas              pixels of marker 1 and 2: [441, 420], mirrored: [420, 441]
#   scipy watershed_ift  pixels of marker 1 and 2: [1, 860], mirrored: [860, 1]
#   bioimage-cpp         pixels of marker 1 and 2: [1, 860], mirrored: [860, 1]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 mahotas==1.4.19 \
    scipy==1.17.1 bioimage-cpp==0.10.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import bioimage_cpp
import mahotas
import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

print(*(f"{name} {version(name)}" for name in ("scikit-image", "mahotas", "scipy", "bioimage-cpp")))
markers = np.zeros((21, 41), np.int32)
markers[10, 2], markers[10, 38] = 1, 2
flat = np.zeros(markers.shape, np.uint8)
methods = {
    "scikit-image": lambda seeds: watershed(flat, seeds),
    "mahotas": lambda seeds: mahotas.cwatershed(flat, seeds),
    "scipy watershed_ift": lambda seeds: ndimage.watershed_ift(flat, seeds.astype(np.int16)),
    "bioimage-cpp": lambda seeds: bioimage_cpp.segmentation.watershed(flat.astype("f4"), seeds.astype(np.uint32)),
}
for name, method in methods.items():
    straight, mirrored = (
        np.bincount(np.asarray(method(seeds)).ravel().astype(int), minlength=3)[1:].tolist()
        for seeds in (markers, np.ascontiguousarray(markers[:, ::-1]))
    )
    print(f"{name:20} pixels of marker 1 and 2: {straight}, mirrored: {mirrored}")
    expected = ([441, 420], [420, 441]) if name in ("scikit-image", "mahotas") else ([1, 860], [860, 1])
    assert (straight, mirrored) == expected, f"{name} floods otherwise"
PY
