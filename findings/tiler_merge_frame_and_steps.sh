#!/usr/bin/env bash
# tiler: an image of one value, cut into tiles and merged, has a black frame and, in whole numbers, pixels of one less
#
# Versions: tiler 0.6.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: Merger adds up the tiles times a window, and merge() divides by the sum of the windows. "hann" and
#   "bartlett" are 0 at a tile's own edge. At the edge of the image no second tile helps: 0 is divided by 0, and the
#   result, made 0 by nan_to_num with the warning switched off, stands for the tile's value. merge(dtype=np.uint8) cuts
#   off the fraction of what the division leaves: 2.9999998, which is 3 times a window over that window, becomes 2, in a
#   fifth to a third of the pixels. Without a window, the default, both are right.
# Harm: windows are there to hide the seams between the tiles of a prediction. The outermost pixels of an image, and the
#   voxels of all six faces of a volume, are 0 whatever the network said. Labels that are merged as integers gain specks
#   of a class that nobody predicted, and greys get darker.
# Instead: calculate_padding() and merge(extra_padding=...), as for the overlap-tile strategy: the frame falls into
#   the padding; round before the type is changed: np.rint(merger.merge()).astype(np.uint8).
# Known: https://github.com/the-lay/tiler/issues/12 proposes windows for tiles at the border, and tells of no zeros.
# Output:
#   tiler 0.6.0
#   images of one value, tiles of 64 x 64, half of which overlaps
#   window None      255: frame 255 to 255; 3 to uint8: 0% inside are other than 3
#   window hann      255: frame 0 to 0; 3 to uint8: 23% inside are 2
#   window bartlett  255: frame 0 to 0; 3 to uint8: 37% inside are 2
#   window hamming   255: frame 255 to 255; 3 to uint8: 21% inside are 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tiler==0.6.0 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
from importlib.metadata import version

import numpy as np
from tiler import Merger, Tiler

print("tiler", version("tiler"))


def merged(value, window, **options):
    image = np.full((256, 256), value, np.uint8)
    tiler = Tiler(data_shape=image.shape, tile_shape=(64, 64), overlap=32, mode="constant")
    merger = Merger(tiler, window=window)
    for index, tile in tiler(image):
        merger.add(index, tile)
    return merger.merge(**options)


def frame(image):
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


print("images of one value, tiles of 64 x 64, half of which overlaps")
for window in (None, "hann", "bartlett", "hamming"):
    found = merged(255, window)
    inside = merged(3, window, dtype=np.uint8)[1:-1, 1:-1]
    rounded = np.rint(merged(3, window))[1:-1, 1:-1]
    print(f"window {window!s:9} 255: frame {frame(found).min():.0f} to {frame(found).max():.0f};",
          f"3 to uint8: {(inside != 3).mean():.0%} inside are", *np.setdiff1d(inside, [3]).tolist() or ["other than 3"])
    assert (frame(found) == 0).all() == (window in ("hann", "bartlett")), f"{window} has another frame"
    assert ((inside == 2).mean() > 0.1) == (window is not None), f"{window} is rounded otherwise"
    assert (rounded == 3).all() and np.allclose(found[1:-1, 1:-1], 255), f"{window} is wrong in floats too"
PY
