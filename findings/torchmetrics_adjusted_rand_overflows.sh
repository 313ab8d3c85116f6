#!/usr/bin/env bash
# torchmetrics: the adjusted Rand score of more than some 90,000 pixels overflows: -5, 14 or 0.2 where 0.9 is right
#
# Versions: torchmetrics 1.9.0, torch 2.13.0, scikit-learn 1.9.1, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: the counts of pairs of pixels are 64-bit integers, of the order of the square of the number of pixels, and
#   the score multiplies two of them before it divides. From about 90,000 pixels on, an image of 300 x 300, the products
#   wrap around, without a warning, in the function and in the class. rand_score, of the same counts, is right.
#   scikit-learn had this, and has calculated with Python's integers since 1.0.
# Harm: the adjusted Rand score of a slice or a volume is any number. Some lie above 1 or below -1 and are noticed;
#   those between look like scores, and one chosen by them for an early stop is chosen by chance. Crops as tests use
#   them are small enough to be right.
# Instead: sklearn.metrics.adjusted_rand_score, or scikit-image's adapted_rand_error for the field's own measure.
# Known: https://github.com/TorchDR/TorchDR/pull/332, whose authors went back to scikit-learn; of torchmetrics none
#   found.
# Output:
#   torchmetrics 1.9.0 torch 2.13.0 scikit-learn 1.9.1 - 10 cells, 5 % of the pixels labelled at random
#   pixels       adjusted Rand: torchmetrics  scikit-learn   Rand: torchmetrics  scikit-learn
#    128 x  128                      0.905         0.905                0.983         0.983
#    256 x  256                      0.903         0.903                0.983         0.983
#    512 x  512                     -4.539         0.904                0.983         0.983
#    640 x  640                      0.165         0.903                0.982         0.982
#   1024 x 1024                      1.395         0.902                0.982         0.982
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 \
    scikit-learn==1.9.1 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error::RuntimeWarning -W ignore:Sparse - <<'PY'
from importlib.metadata import version

import numpy as np
import torch
from sklearn import metrics
from torchmetrics.clustering import AdjustedRandScore
from torchmetrics.functional.clustering import adjusted_rand_score, rand_score

print(*(f"{name} {version(name)}" for name in ("torchmetrics", "torch", "scikit-learn")), end=" - ")
print("10 cells, 5 % of the pixels labelled at random")
print("pixels       adjusted Rand: torchmetrics  scikit-learn   Rand: torchmetrics  scikit-learn")
errors = {}
for side in (128, 256, 512, 640, 1024):
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 11, side * side)
    found = np.where(rng.random(side * side) < 0.05, rng.integers(1, 11, side * side), truth)
    pair = torch.tensor(found), torch.tensor(truth)
    got, right = float(adjusted_rand_score(*pair)), metrics.adjusted_rand_score(truth, found)
    plain, plain_right = float(rand_score(*pair)), metrics.rand_score(truth, found)
    print(f"{side:4} x {side:4} {got:26.3f} {right:13.3f} {plain:20.3f} {plain_right:13.3f}")
    score = AdjustedRandScore()
    score.update(*pair)
    assert float(score.compute()) == got, "the class differs from the function"
    assert abs(plain - plain_right) < 1e-4, "the plain Rand score is wrong too"
    errors[side] = abs(got - right)
assert max(errors[128], errors[256]) < 1e-4, f"wrong for small images too: {errors}"
assert min(errors[512], errors[640], errors[1024]) > 0.01, f"no longer wrong for large ones: {errors}"
PY
