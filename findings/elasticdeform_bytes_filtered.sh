#!/usr/bin/env bash
# elasticdeform changes nearly every 8-bit grey value even where it deforms nothing, and membranes by more than 50
#
# Versions: elasticdeform 0.5.1, scipy 1.17.1, numpy 1.26.4
# Seen: 2026-11-30
# Behaviour: deform_grid and deform_random_grid interpolate by cubic splines unless told otherwise. The splines'
#   coefficients, fractions that leave the range of the grey values at each edge, are kept in the image's own type: for
#   uint8 they are cut to whole numbers, and those below 0 or above 255 come out as others, before anything is
#   interpolated. A grid of zeros should return the image, and does so for float32.
# Harm: this is a usual package for U-Net's elastic augmentation, and EM stacks are bytes. Copies have dots on and beside
#   thin dark membranes that no microscope made, and a smooth image does not show it: of the first section of ISBI-2012
#   98 % of the pixels change, 2 % by more than 1, some 300 by more than 50. Clipping afterwards does not help.
# Instead: give it float32, and clip and round once at the end; order=0 for labels, order=1 needs no coefficients.
# Known: https://github.com/gvtulder/elasticdeform/issues/17 (open), and a remark in issue 1; the README shows floats
#   without saying so.
# Output:
#   elasticdeform 0.5.1: cells with membranes of one pixel and noise, a grid of zeros
#   pixels changed        at all   by more than 1   by more than 50
#   uint8, as it is        99.4%            70.6%             35.5%
#   uint8, order=1          0.0%             0.0%              0.0%
#   float32                 0.0%             0.0%              0.0%
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check elasticdeform==0.5.1 scipy==1.17.1 \
    numpy==1.26.4 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
from elasticdeform import deform_grid

grey = np.random.default_rng(0).normal(200, 10, (128, 128))
grey[8::16] = grey[:, 8::16] = 20
grey = grey.clip(0, 255).round().astype(np.uint8)
still = np.zeros((2, 3, 3))
print("elasticdeform", version("elasticdeform") + ": cells with membranes of one pixel and noise, a grid of zeros")
print(f"{'pixels changed':18} {'at all':>9} {'by more than 1':>16} {'by more than 50':>17}")
seen = {}
for name, image, options in (
    ("uint8, as it is", grey, {}),
    ("uint8, order=1", grey, {"order": 1}),
    ("float32", grey.astype(np.float32), {}),
):
    apart = np.abs(deform_grid(image, still, **options).astype(float) - grey)
    seen[name] = [float(np.mean(apart > limit)) for limit in (0.5, 1, 50)]
    print(f"{name:18} {seen[name][0]:9.1%} {seen[name][1]:16.1%} {seen[name][2]:17.1%}")
changed = seen["uint8, as it is"]
assert changed[0] > 0.9 and changed[1] > 0.05 and changed[2] > 0.02, "bytes are no longer changed"
assert seen["uint8, order=1"] == seen["float32"] == [0, 0, 0], "order=1 or float32 changes pixels too"
PY
