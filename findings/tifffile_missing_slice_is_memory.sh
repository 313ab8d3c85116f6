#!/usr/bin/env bash
# tifffile: a slice that is missing from a numbered sequence is whatever was in memory, another image perhaps
#
# Versions: tifffile 2026.3.3, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: imread(files, pattern=...) and TiffSequence put each file where its number says. The array for it is
#   allocated without being filled, and numbers without a file are passed over. So the missing slice holds what that
#   memory held before: another volume of this process, half a page of text, or zeros. No warning; the number of missing
#   files is an attribute, files_missing, that nobody is told of. Pages that an OME-TIFF lacks are zero, and logged.
# Harm: a stack of 100 slices of which one was not copied has 100 slices still. In the place of the missing one may be a
#   slice of another stack, as here, that looks like tissue, or other pixels at each run: a training on it cannot be
#   repeated, and an average over z is off.
# Instead: assert TiffSequence(files, pattern=...).files_missing == 0 before asarray(), or give asarray an array that
#   was filled, by out=.
# Known: none found.
# Output:
#   tifffile 2026.3.3 - slices 0, 1 and 3 of 4, of grey values 1, 2 and 4
#   shape (4,) files missing 1
#   another stack's grey value in slice 2: in 199 of 200 readings
#   with an array of zeros for the result: 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tifffile==2026.3.3 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import numpy as np
from tifffile import TiffSequence, imread, imwrite

PATTERN = r"_(z)(\d+)\.tif"
SHAPE = (16, 16)  # small arrays are taken from numpy's own store of freed memory, so that what they hold can be shown
for z in (0, 1, 3):
    imwrite(f"s_z{z}.tif", np.full(SHAPE, z + 1, np.uint8))
sequence = TiffSequence("s_*.tif", pattern=PATTERN)
print(f"tifffile {version('tifffile')} - slices 0, 1 and 3 of 4, of grey values 1, 2 and 4")
print("shape", sequence.shape, "files missing", sequence.files_missing)
seen = []
for other in range(50, 250):
    freed = [np.full((4, *SHAPE), other, np.uint8) for _ in range(64)]  # another stack, used and forgotten
    del freed
    found = imread("s_*.tif", pattern=PATTERN)
    assert [int(found[z].min()) for z in (0, 1, 3)] == [1, 2, 4], "the slices that are there are wrong"
    seen.append(bool((found[2] == other).mean() > 0.5))
filled = TiffSequence("s_*.tif", pattern=PATTERN).asarray(out=np.zeros((4, *SHAPE), np.uint8))
print(f"another stack's grey value in slice 2: in {sum(seen)} of {len(seen)} readings")
print("with an array of zeros for the result:", *np.unique(filled[2]))
assert any(seen), "the missing slice no longer holds what was in memory"
assert not filled[2].any() and sequence.files_missing == 1, "the way around does not work"
PY
test ! -s log.txt || { echo "it says something now:"; cat log.txt; exit 1; }
