#!/usr/bin/env bash
# scipy's gaussian_filter of 8-bit grey values darkens the image by half a level for each axis
#
# Versions: scipy 1.17.1, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: the filter runs along one axis after the other, and each pass writes into an array of the input's type.
#   For uint8 the fraction is cut off, not rounded, three times in a volume. The average falls by about 0.5 in one,
#   1.0 in two and 1.5 in three dimensions; uniform_filter falls less, but falls as well.
# Harm: smoothing is taken to keep the mean. A stack smoothed as read is darker than the same stack smoothed as float,
#   by an amount that depends on the number of axes: slices smoothed one by one and a volume smoothed at once no
#   longer share a threshold, and a network trained on floats sees a shifted input.
# Instead: convert to float32 first (or pass output=np.float32) and round once at the end.
# Output:
#   scipy 1.17.1 - change of the mean by smoothing random bytes, sigma 1 or width 3
#   1 axes: gaussian -0.500, uniform -0.334, gaussian to float32 -0.000
#   2 axes: gaussian -1.000, uniform -0.667, gaussian to float32 -0.000
#   3 axes: gaussian -1.499, uniform -1.001, gaussian to float32 -0.000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scipy==1.17.1 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import numpy as np
import scipy
from scipy.ndimage import gaussian_filter, uniform_filter

print("scipy", scipy.__version__, "- change of the mean by smoothing random bytes, sigma 1 or width 3")
grey = np.random.default_rng(0).integers(0, 256, (64, 64, 64), dtype=np.uint8)
gaussian = []
for axes in ((0,), (0, 1), (0, 1, 2)):
    gaussian.append(gaussian_filter(grey, 1, axes=axes).mean() - grey.mean())
    as_float = gaussian_filter(grey, 1, axes=axes, output=np.float32).mean(dtype=float) - grey.mean()
    uniform = uniform_filter(grey, 3, axes=axes).mean() - grey.mean()
    print(f"{len(axes)} axes: gaussian {gaussian[-1]:+.3f}, uniform {uniform:+.3f}, gaussian to float32 {as_float:+.3f}")
    assert abs(as_float) < 0.01
assert np.allclose(gaussian, [-0.5, -1.0, -1.5], atol=0.02), "the mean is no longer lost"
PY
