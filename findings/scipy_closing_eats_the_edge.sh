#!/usr/bin/env bash
# scipy's binary_closing removes pixels: what touches the edge of the image shrinks by the closing's radius
#
# Versions: scipy 1.17.1, scikit-image 0.26.0, mahotas 1.4.19, SimpleITK 2.5.7, dask-image 2026.5.0, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: a closing returns at least what it is given. scipy's erosion takes the outside of the image for
#   background, and closing passes one border value to its dilation and its erosion: with 0, the default, the erosion
#   eats into all that touches the edge; with 1 the dilation makes foreground grow in from it. dask-image
#   follows scipy. scikit-image, mahotas and SimpleITK lose no pixel. The documentation speaks of a value in the output
#   array, not of this.
# Harm: in a cell mask cut from a larger volume every cell at the faces of the cut loses `iterations` voxels, in a stack
#   of few slices the first and last slices go empty; block by block this leaves a grid of gaps. A closing used to mend
#   membranes opens them at the edge, where cells then merge around it.
# Instead: `mask | binary_closing(mask)`, pad by the radius with the edge's values and cut the result back, or call
#   skimage.morphology.closing.
# Known: the arguments came with https://github.com/scipy/scipy/issues/7453, one border value for both steps.
# Output:
#   scipy 1.17.1 scikit-image 0.26.0 mahotas 1.4.19 SimpleITK 2.5.7 dask-image 2026.5.0
#   pixels of a full 5 x 40 x 40 mask and of an empty one, closed by a 3 x 3 x 3 cross, twice where scipy's
#   scipy                 1296 of 8000, empty     0
#   scipy, border value 1 8000 of 8000, empty   940
#   dask-image            1296 of 8000, empty     0
#   scikit-image          8000 of 8000, empty     0
#   mahotas               8000 of 8000, empty     0
#   SimpleITK             8000 of 8000, empty     0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scipy==1.17.1 scikit-image==0.26.0 \
    mahotas==1.4.19 simpleitk==2.5.7 dask-image==2026.5.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import dask.array
import mahotas
import numpy as np
import SimpleITK as sitk
from dask_image import ndmorph
from scipy import ndimage
from skimage import morphology

print(*(f"{name} {version(name)}" for name in ("scipy", "scikit-image", "mahotas", "SimpleITK", "dask-image")))
cross = ndimage.generate_binary_structure(3, 1)


def itk(mask):
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    return sitk.GetArrayFromImage(sitk.BinaryMorphologicalClosing(image, [2, 2, 2], sitk.sitkCross))


methods = {
    "scipy": lambda mask: ndimage.binary_closing(mask, cross, iterations=2),
    "scipy, border value 1": lambda mask: ndimage.binary_closing(mask, cross, iterations=2, border_value=1),
    "dask-image": lambda mask: ndmorph.binary_closing(dask.array.from_array(mask), cross, iterations=2).compute(),
    "scikit-image": lambda mask: morphology.closing(mask, cross),
    "mahotas": lambda mask: mahotas.close(mask, cross),
    "SimpleITK": itk,
}
print("pixels of a full 5 x 40 x 40 mask and of an empty one, closed by a 3 x 3 x 3 cross, twice where scipy's")
seen = {}
for name, method in methods.items():
    seen[name] = [int(np.count_nonzero(method(np.full((5, 40, 40), value)))) for value in (True, False)]
    print(f"{name:21} {seen[name][0]:4} of 8000, empty {seen[name][1]:5}")
for name, (full, empty) in seen.items():
    if name == "scipy, border value 1":
        assert full == 8000 and empty > 0, f"{name}: {full}, {empty}"
    elif name in ("scipy", "dask-image"):
        assert (full, empty) == (1 * 36 * 36, 0), f"{name}: {full}, {empty}"
    else:
        assert (full, empty) == (8000, 0), f"{name}: {full}, {empty}"
PY
