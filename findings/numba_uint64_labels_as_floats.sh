#!/usr/bin/env bash
# numba compares 64-bit labels with an int as floats: selecting one cell selects its neighbours too
#
# Versions: numba 0.68.1, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: inside a jitted function a uint64 and an int64 meet in float64, and every Python int is an int64. Above
#   2**53 neighbouring labels are then one number: at 7e17 `label == cell` is true for all that round to one multiple
#   of 128, in a loop as on whole arrays, and np.where(labels == cell, 0, labels) returns floats. numpy 2 compares
#   exactly and keeps uint64 for the same lines. Storing `label + 1` into a uint64 array is right, as a check may show.
# Harm: cell identifiers of public connectomes are 18 digits long and often consecutive. Removing or measuring one
#   cell takes others along, without a warning; the same function without its decorator, as in a debugger, is right.
#   Labels of a small test are below 2**53 and compare well.
# Instead: pass identifiers as np.uint64, inside the kernel too (np.uint64(0)), or keep labels in int64 everywhere.
# Output:
#   numba 0.68.1 numpy 2.4.6 - labels 720575940621039145 to ...147, looking for the first
#   found in a loop           numpy 1, numba 3, numba with np.uint64 1, numba on int64 labels 1
#   labels with it removed    numpy uint64 [0, 720575940621039146, 720575940621039147]
#                             numba float64 [0.0, 0.0, 0.0]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check numba==0.68.1 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
import numba
import numpy as np


def count(labels, cell):
    found = 0
    for label in labels:
        if label == cell:
            found += 1
    return found


def without(labels, cell):
    return np.where(labels == cell, 0, labels)


cell = 720575940621039145
labels = np.array([cell, cell + 1, cell + 2], np.uint64)
print("numba", numba.__version__, "numpy", np.__version__, f"- labels {cell} to ...147, looking for the first")
fast = numba.njit(count)
found = count(labels, cell), fast(labels, cell), fast(labels, np.uint64(cell)), fast(labels.astype(np.int64), cell)
print("found in a loop           numpy {}, numba {}, numba with np.uint64 {}, numba on int64 labels {}".format(*found))
plain, jitted = without(labels, cell), numba.njit(without)(labels, cell)
print(f"labels with it removed    numpy {plain.dtype} {plain.tolist()}")
print(f"                          numba {jitted.dtype} {jitted.tolist()}")
assert found == (1, 3, 1, 1), f"numba compares otherwise: {found}"
assert jitted.dtype == np.float64 and not jitted.any(), "numba keeps the labels' type"
PY
