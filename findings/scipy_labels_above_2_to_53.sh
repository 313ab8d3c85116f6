#!/usr/bin/env bash
# Nearest neighbour, maximum and median filter merge 64-bit labels: scipy, scikit-image and SimpleITK compute in doubles
#
# Versions: scipy 1.17.1, scikit-image 0.26.0, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: operations that only choose among input values, and so could not change any, convert each to a double
#   and back. Two labels of 18 digits that differ by 1 become one label, which is neither of them, and the type says
#   uint64 before and after. It holds for zoom, rotate and map_coordinates with order=0, the maximum and median
#   filters and grey_dilation of scipy, and for what is built on them: scikit-image's dilation, and its resize with
#   order=0, which then clips to the smallest label. SimpleITK's nearest neighbour does the same, while its dilation
#   and scikit-image's expand_labels keep the labels.
# Harm: a proofread segmentation with such identifiers (FlyWire's and MICrONS' have 18 digits) is brought to another
#   resolution or smoothed: neighbouring identifiers merge, and those that are left are found in no table.
# Instead: number the labels 1, 2, 3 first (np.unique with return_inverse) and look the identifiers up at the end; to
#   change the resolution by whole numbers, slice or np.repeat.
# Known: https://github.com/scipy/scipy/issues/6986 (map_coordinates) and 11816 (erosion at the largest int64).
# Output:
#   scipy 1.17.1 scikit-image 0.26.0 SimpleITK 2.5.7 - labels 720575940621039145 and 720575940621039146
#   scipy zoom, order=0              [720575940621039104]
#   scipy map_coordinates, order=0   [720575940621039104]
#   scipy maximum_filter             [720575940621039104]
#   scipy median_filter              [720575940621039104]
#   scikit-image dilation            [720575940621039104]
#   scikit-image resize, order=0     [720575940621039145]
#   SimpleITK nearest neighbour      [720575940621039104]
#   SimpleITK GrayscaleDilate        [720575940621039145, 720575940621039146]
#   scikit-image expand_labels       [720575940621039145, 720575940621039146]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scipy==1.17.1 scikit-image==0.26.0 \
    simpleitk==2.5.7 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from skimage import morphology, segmentation, transform

print(f"scipy {version('scipy')} scikit-image {version('scikit-image')} SimpleITK {version('SimpleITK')}", end=" - ")
first = 720575940621039145
print(f"labels {first} and {first + 1}")
labels = np.full((6, 8), first, np.uint64)
labels[:, 4:] += np.uint64(1)
image = sitk.GetImageFromArray(labels)
methods = {
    "scipy zoom, order=0": lambda: ndimage.zoom(labels, 2, order=0),
    "scipy map_coordinates, order=0": lambda: ndimage.map_coordinates(labels, np.indices(labels.shape), order=0),
    "scipy maximum_filter": lambda: ndimage.maximum_filter(labels, 3),
    "scipy median_filter": lambda: ndimage.median_filter(labels, 3),
    "scikit-image dilation": lambda: morphology.dilation(labels),
    "scikit-image resize, order=0": lambda: transform.resize(labels, (12, 16), order=0, preserve_range=True),
    "SimpleITK nearest neighbour": lambda: sitk.Resample(image, image, sitk.Transform(), sitk.sitkNearestNeighbor),
    "SimpleITK GrayscaleDilate": lambda: sitk.GrayscaleDilate(image),
    "scikit-image expand_labels": lambda: segmentation.expand_labels(labels, 1),
}
kept = []
for name, method in methods.items():
    result = method()
    result = sitk.GetArrayFromImage(result) if isinstance(result, sitk.Image) else result
    assert result.dtype == np.uint64, f"{name} changes the type"
    print(f"{name:32} {np.unique(result).tolist()}")
    if np.array_equal(np.unique(result), np.unique(labels)):
        kept.append(name)
assert kept == list(methods)[-2:], f"both labels are kept by {kept}"
PY
