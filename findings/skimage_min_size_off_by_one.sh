#!/usr/bin/env bash
# scikit-image 0.26.0: remove_small_objects(labels, 3) removes objects of 3 pixels too, and MONAI's transform with it
#
# Versions: scikit-image 0.26.0 and 0.25.2, MONAI 1.6.1, torch 2.13.0, numpy 2.4.6 (2.2.6 with 0.25.2)
# Seen: 2026-11-29
# Behaviour: 0.26 renames min_size, below which objects go, to max_size, up to which they go. The old name, and the
#   second argument without a name, are still taken, but with the new meaning: an object of exactly that size is removed
#   now. The warning says that the old one only removed smaller ones, as if that were still so. area_threshold of
#   remove_small_holes likewise. Whatever calls it so has changed: MONAI's RemoveSmallObjects, whose text says
#   "smaller".
# Harm: the smallest objects that a study keeps are gone after an update, and there are most of the smallest: counts and
#   scores move with the version of scikit-image, while code and settings are the same.
# Instead: name it: max_size=min_size - 1; in MONAI ask for one less; or keep 0.25.
# Known: https://github.com/scikit-image/scikit-image/issues/8001, mended after 0.26.0 (pull request 8003).
# Output:
#   scikit-image 0.25.2 - objects of 1, 2, 3 and 4 pixels, asked for 3
#     remove_small_objects(labels, 3)            keeps objects of 3 4
#     remove_small_objects(labels, min_size=3)   keeps objects of 3 4
#     remove_small_holes(holes of the same sizes, 3) fills those of 1 2
#     warnings: none
#   scikit-image 0.26.0 - objects of 1, 2, 3 and 4 pixels, asked for 3
#     remove_small_objects(labels, 3)            keeps objects of 4
#     remove_small_objects(labels, min_size=3)   keeps objects of 4
#     MONAI 1.6.1 RemoveSmallObjects(min_size=3) keeps objects of 4
#     remove_small_holes(holes of the same sizes, 3) fills those of 1 2 3
#     warnings: FutureWarning
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
install() {
    venv/bin/pip install --quiet --no-compile --disable-pip-version-check "$@" 2>pip.log || { cat pip.log; exit 1; }
}
cat >sizes.py <<'PY'
import sys
import warnings
from importlib.metadata import version

import numpy as np
from skimage.morphology import remove_small_holes, remove_small_objects

kept_of_three, filled_of_three = sys.argv[1:3]
labels = np.array([[1, 0, 2, 2, 0, 3, 3, 3, 0, 4, 4, 4, 4]])
print("scikit-image", version("scikit-image"), "- objects of 1, 2, 3 and 4 pixels, asked for 3")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    found = {
        "remove_small_objects(labels, 3)": remove_small_objects(labels, 3),
        "remove_small_objects(labels, min_size=3)": remove_small_objects(labels, min_size=3),
    }
    filled = labels == 0  # the objects are holes
    full = remove_small_holes(filled, 3)
    if sys.argv[3:]:
        import torch
        from monai.transforms import RemoveSmallObjects

        monai = RemoveSmallObjects(min_size=3)(torch.tensor(labels[np.newaxis]))
        found[f"MONAI {version('monai')} RemoveSmallObjects(min_size=3)"] = np.asarray(monai)[0]
for name, kept in found.items():
    print(f"  {name:42} keeps objects of", *np.unique(kept[kept > 0], return_counts=True)[1].tolist())
    assert (3 in kept) == (kept_of_three == "kept"), "the object of 3 pixels fares otherwise"
    assert 4 in kept and 2 not in kept, "the others fare otherwise"
print("  remove_small_holes(holes of the same sizes, 3) fills those of", *np.unique(labels[full & ~filled]))
assert bool(full[0, 6]) == (filled_of_three == "filled"), "the hole of 3 pixels fares otherwise"
print("  warnings:", *sorted({each.category.__name__ for each in said}) or ["none"])
PY
python3 -m venv venv
install scikit-image==0.25.2 numpy==2.2.6
venv/bin/python sizes.py kept open
install scikit-image==0.26.0 numpy==2.4.6 torch==2.13.0 monai==1.6.1
venv/bin/python sizes.py removed filled monai 2>log.txt || { cat log.txt; exit 1; }
