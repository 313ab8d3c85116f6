#!/usr/bin/env bash
# scikit-image's find_boundaries(mode="outer") marks pixels inside objects if the labels have 64 bits
#
# Versions: scikit-image 0.26.0, scipy 1.17.1, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: for the outer boundary the background is set to the greatest value of the labels' type, and then eroded by
#   scipy, which computes in doubles: 2**63 - 1 becomes 2**63, which is no int64 any more, and comes back as the least
#   one. Both ends of each row of an object then count as boundary. For 8, 16 and 32 bits the result is right, and so
#   are the other modes. The labels themselves are small; numpy's own integers have 64 bits, and so have labels that
#   went through arithmetic, np.unique(return_inverse=True) or a data frame.
# Harm: the same label image, written as 16 bits and read again, has other boundaries. As a training target, or as what
#   a network's boundaries are scored by, the membrane reaches into the cell at two of its sides, but not at others.
# Instead: labels.astype(np.int32), or mode="thick" less the objects.
# Known: https://github.com/scikit-image/scikit-image/issues/4558 (of 2020, as a difference between systems).
# Output:
#   scikit-image 0.26.0 - an object of 3 x 6 pixels: # outer boundary, o object, . background
#   uint8    0 pixels of the object are boundary
#   uint16   0 pixels of the object are boundary
#   int32    0 pixels of the object are boundary
#   uint32   0 pixels of the object are boundary
#   int64    6 pixels of the object are boundary
#   uint64   6 pixels of the object are boundary
#     uint8        int64
#     ..........   ..........
#     ..######..   ..######..
#     .#oooooo#.   .##oooo##.
#     .#oooooo#.   .##oooo##.
#     .#oooooo#.   .##oooo##.
#     ..######..   ..######..
#     ..........   ..........
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 scipy==1.17.1 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
from importlib.metadata import version

import numpy as np
from skimage.segmentation import find_boundaries

print("scikit-image", version("scikit-image"), "- an object of 3 x 6 pixels: # outer boundary, o object, . background")
labels = np.zeros((7, 10), np.uint8)
labels[2:5, 2:8] = 1
pictures = {}
for dtype in (np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64):
    name = np.dtype(dtype).name
    outer = find_boundaries(labels.astype(dtype), mode="outer")
    pictures[name] = ["".join("#" if edge else ".o"[label] for edge, label in zip(*row)) for row in zip(outer, labels)]
    for mode in ("inner", "thick"):
        same = find_boundaries(labels.astype(dtype), mode=mode) == find_boundaries(labels, mode=mode)
        assert same.all(), f"mode {mode} of {name} is wrong too"
    print(f"{name:7}{(outer & (labels > 0)).sum():3} pixels of the object are boundary")
print(*(f"  {a}   {b}" for a, b in zip(["uint8     ", *pictures["uint8"]], ["int64", *pictures["int64"]])), sep="\n")
right, wrong = pictures["uint8"], pictures["int64"]
assert all(pictures[name] == right for name in ("uint16", "int32", "uint32")), "other types are wrong too"
assert all(pictures[name] != right for name in ("int64", "uint64")), "64 bits are right now"
assert "".join(right).count("o") == 18, "the right one is not"
PY
