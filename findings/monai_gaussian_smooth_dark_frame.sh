#!/usr/bin/env bash
# MONAI's GaussianSmooth treats what lies outside as black: a blurred crop gets a dark frame, of a third in its corners
#
# Versions: MONAI 1.6.1, torch 2.13.0, scipy 1.17.1, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: GaussianSmooth, RandGaussianSmooth and the Sharpen ones convolve with zeros beyond the image, without a
#   word of it and without an argument to change it. At sigma 2 an image of one grey value keeps 60 % of it at an edge,
#   36 % in a corner of a slice and 21 % in that of a volume; the frame is some two sigma wide. MedianSmooth repeats the
#   edge, and scipy, scikit-image and TorchIO's blur reflect it.
# Harm: as an augmentation it is applied to crops, which have tissue beyond their edges: the network learns dark frames,
#   as dark as membranes, that no image has; of a small 3-D crop they are much. Applied to the tiles of a volume it
#   draws a grid. A test on normalised images, of mean 0, sees little of it.
# Instead: blur before cropping, or pad with mode="reflect" by 4 sigma and crop afterwards; or scipy's gaussian_filter.
# Known: none found; https://github.com/Project-MONAI/MONAI/pull/5307 mended it for the median filter alone.
# Output:
#   MONAI 1.6.1 - an image of grey value 200 everywhere, sigma 2
#   48 x 48       GaussianSmooth      middle 200.0  edge 119.7  corner  71.7  mean 187.1
#   48 x 48       RandGaussianSmooth  middle 200.0  edge 119.7  corner  71.7  mean 187.1
#   48 x 48       GaussianSharpen     middle 200.0  edge 144.2  corner  98.0  mean 190.9
#   48 x 48       MedianSmooth        middle 200.0  edge 200.0  corner 200.0  mean 200.0
#   48 x 48       scipy               middle 200.0  edge 200.0  corner 200.0  mean 200.0
#   32 x 32 x 32  GaussianSmooth      middle 200.0  edge 119.7  corner  42.9  mean 171.8
#   32 x 32 x 32  RandGaussianSmooth  middle 200.0  edge 119.7  corner  42.9  mean 171.8
#   32 x 32 x 32  GaussianSharpen     middle 200.0  edge 144.2  corner  64.2  mean 179.9
#   32 x 32 x 32  MedianSmooth        middle 200.0  edge 200.0  corner 200.0  mean 200.0
#   32 x 32 x 32  scipy               middle 200.0  edge 200.0  corner 200.0  mean 200.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check monai==1.6.1 torch==2.13.0 scipy==1.17.1 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import numpy as np
import torch
from monai.transforms import GaussianSharpen, GaussianSmooth, MedianSmooth, RandGaussianSmooth
from scipy.ndimage import gaussian_filter

GREY, SIGMA = 200.0, 2.0
print("MONAI", version("monai"), f"- an image of grey value {GREY:g} everywhere, sigma {SIGMA:g}")
RandomSmooth = RandGaussianSmooth((SIGMA, SIGMA), (SIGMA, SIGMA), (SIGMA, SIGMA), prob=1)
RandomSmooth.set_random_state(0)
ways = {
    "GaussianSmooth": GaussianSmooth(SIGMA),
    "RandGaussianSmooth": RandomSmooth,
    "GaussianSharpen": GaussianSharpen(sigma1=SIGMA, sigma2=1.0, alpha=1.0),
    "MedianSmooth": MedianSmooth(2),
    "scipy": lambda image: gaussian_filter(image[0].numpy(), SIGMA)[np.newaxis],
}
seen = {}
for shape in ((48, 48), (32, 32, 32)):
    for name, smooth in ways.items():
        found = np.asarray(smooth(torch.full((1, *shape), GREY)))[0]
        middle = tuple(side // 2 for side in shape)
        seen[name, len(shape)] = found[middle], found[(0, *middle[1:])], found[(0,) * len(shape)]
        places = zip(("middle", "edge", "corner"), seen[name, len(shape)])
        numbers = "  ".join(f"{place} {value:5.1f}" for place, value in places)
        print(f"{' x '.join(map(str, shape)):13} {name:19} {numbers}  mean {found.mean():5.1f}")
for dimensions in (2, 3):
    for name in ("GaussianSmooth", "RandGaussianSmooth"):
        middle, edge, corner = seen[name, dimensions]
        assert abs(middle - GREY) < 0.1, "the middle is wrong too"
        assert edge < 0.65 * GREY and corner < 0.65**dimensions * GREY, f"{name} no longer darkens"
    for name in ("MedianSmooth", "scipy"):
        assert np.allclose(seen[name, dimensions], GREY, atol=0.01), f"{name} darkens now"
PY
