#!/usr/bin/env bash
# skimage.io.imread takes a stack of three or four grey slices for colours and moves z to the end
#
# Versions: scikit-image 0.26.0, tifffile 2026.3.3, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: after reading any file, imread moves the third axis from the end to the last place if its length is 3 or
#   4. It looks at the length alone: the TIFF here says "grey, one page a slice". Stacks of 2 and of 5 slices are left
#   as they are; of (time, 3, y, x) too the slices are moved.
# Harm: code that works on every stack gets (y, x, z) for a crop of three or four slices, typical of tests, of tiles
#   with a small context and of the last part of a volume split in z. Filters then smooth across x and z, a 2-D
#   network runs over (x, z) planes, and only the output's shape tells.
# Instead: read with tifffile.imread or imageio.v3.imread, which return the file's order.
# Output:
#   scikit-image 0.26.0 tifffile 2026.3.3
#    2 MINISBLACK pages, tifffile (2, 40, 50), scikit-image (2, 40, 50)
#    3 MINISBLACK pages, tifffile (3, 40, 50), scikit-image (40, 50, 3)
#    4 MINISBLACK pages, tifffile (4, 40, 50), scikit-image (40, 50, 4)
#    5 MINISBLACK pages, tifffile (5, 40, 50), scikit-image (5, 40, 50)
#   21 MINISBLACK pages, tifffile (7, 3, 40, 50), scikit-image (7, 40, 50, 3)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 tifffile==2026.3.3 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import numpy as np
import skimage
import tifffile

print("scikit-image", skimage.__version__, "tifffile", tifffile.__version__)
found = {}
for shape in ((2, 40, 50), (3, 40, 50), (4, 40, 50), (5, 40, 50), (7, 3, 40, 50)):
    tifffile.imwrite("stack.tif", np.zeros(shape, np.uint16), photometric="minisblack")
    with tifffile.TiffFile("stack.tif") as file:
        pages, kind = len(file.pages), file.pages[0].photometric.name
    found[shape] = skimage.io.imread("stack.tif").shape
    print(f"{pages:2} {kind} pages, tifffile {tifffile.imread('stack.tif').shape}, scikit-image {found[shape]}")
    assert tifffile.imread("stack.tif").shape == shape
assert found[2, 40, 50] == (2, 40, 50) and found[5, 40, 50] == (5, 40, 50)
assert found[3, 40, 50] == (40, 50, 3) and found[4, 40, 50] == (40, 50, 4), "short stacks keep their order now"
assert found[7, 3, 40, 50] == (7, 40, 50, 3)
PY
