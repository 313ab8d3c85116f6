#!/usr/bin/env bash
# scikit-image's medial_axis gives another skeleton at each call: ties are broken by unseeded random numbers
#
# Versions: scikit-image 0.26.0, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: pixels of equal distance to the edge are removed in an order drawn anew at each call, from a generator
#   that is seeded by the operating system unless `rng` is given. np.random.seed does not reach it. Of one
#   mask with a hole 20 calls give some 11 different skeletons. skeletonize and thin, named beside it in the
#   documentation, repeat themselves.
# Harm: widths and lengths of neurites measured along it, and distances from skeleton to skeleton, change from run to
#   run although every seed of the pipeline is fixed; an output that is compared by its hash is never the same twice.
# Instead: medial_axis(mask, rng=0), or skeletonize and the distance transform at its pixels.
# Output (how many of 20 differ is that of one run):
#   scikit-image 0.26.0 - 20 calls on one mask, numpy's global seed set before each
#   medial_axis            11 different skeletons of 127 to 127 pixels
#   medial_axis, rng=0      1 different skeletons of 127 to 127 pixels
#   skeletonize             1 different skeletons of 96 to 96 pixels
#   thin                    1 different skeletons of 91 to 91 pixels
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
import numpy as np
import skimage
from skimage.morphology import medial_axis, skeletonize, thin

mask = np.zeros((40, 60), bool)
mask[5:35, 5:55] = True
mask[10:14, 10:40] = False
print("scikit-image", skimage.__version__, "- 20 calls on one mask, numpy's global seed set before each")
methods = {
    "medial_axis": medial_axis,
    "medial_axis, rng=0": lambda image: medial_axis(image, rng=0),
    "skeletonize": skeletonize,
    "thin": thin,
}
different = {}
for name, method in methods.items():
    results = []
    for _ in range(20):
        np.random.seed(0)
        results.append(method(mask))
    sizes = [int(result.sum()) for result in results]
    different[name] = len({result.tobytes() for result in results})
    print(f"{name:21} {different[name]:3} different skeletons of {min(sizes)} to {max(sizes)} pixels")
assert different.pop("medial_axis") > 1, "medial_axis repeats itself"
assert set(different.values()) == {1}, f"others differ from call to call: {different}"
PY
