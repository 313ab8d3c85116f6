#!/usr/bin/env bash
# segmentation-models-pytorch: false positives of a class that a batch lacks cost nothing in Dice, Jaccard and Tversky
#
# Versions: segmentation-models-pytorch 0.6.0, monai 1.6.1, torch 2.13.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: these losses set the loss of each class without a true pixel in the batch to 0 and then average over all
#   classes, those included. In binary mode a batch without foreground has loss and gradient 0 whatever is predicted;
#   with 5 classes, of which one occurs, a wholly wrong prediction costs 0.2. The documentation does not say so, a
#   comment in the source does. MONAI's DiceLoss counts the false positives: 1 and, for two wrong classes of five, 0.4.
# Harm: mitochondria or synapses are absent from most small patches. The network is not told there that it must not
#   predict them, a lower loss may only mean that fewer classes occurred, and the batch size changes what is learned.
# Instead: add a loss that sees empty classes (cross entropy, focal), or take a Dice with a constant in numerator and
#   denominator; for the curve, average over the classes that occur.
# Known: https://github.com/qubvel-org/segmentation_models.pytorch/issues/1169 corrects that comment, no more.
# Output:
#   segmentation-models-pytorch 0.6.0 monai 1.6.1
#   no foreground, foreground predicted with p = 0.5   smp DiceLoss 0.00, gradient 0   monai 1.00, gradient not 0
#   5 classes, all of class 0, predicted as class 1    smp DiceLoss 0.20   monai 0.40
#                                                      smp JaccardLoss 0.20   smp TverskyLoss 0.20
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 monai==1.6.1 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
# Without what its networks need (torchvision, timm): only the losses are used.
venv/bin/pip install --quiet --no-compile --disable-pip-version-check --no-deps segmentation-models-pytorch==0.6.0 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
import sys
import types
from importlib.metadata import version
from pathlib import Path

import monai.losses
import torch

name = "segmentation_models_pytorch"
sys.modules[name] = types.ModuleType(name)  # the package's own __init__ imports the networks
sys.modules[name].__path__ = [str(Path(monai.__file__).parents[1] / name)]
from segmentation_models_pytorch import losses  # noqa: E402

print("segmentation-models-pytorch", version("segmentation-models-pytorch"), "monai", monai.__version__)
empty = torch.zeros(1, 1, 8, 8)
seen = []
for loss in (losses.DiceLoss("binary"), monai.losses.DiceLoss(sigmoid=True)):
    logits = torch.zeros(1, 1, 8, 8, requires_grad=True)
    value = loss(logits, empty)
    value.backward()
    seen.append((value.item(), "0" if not logits.grad.any() else "not 0"))
print("no foreground, foreground predicted with p = 0.5   smp DiceLoss {:.2f}, gradient {}".format(*seen[0]), end="   ")
print("monai {:.2f}, gradient {}".format(*seen[1]))
logits = torch.full((1, 5, 8, 8), -20.0)
logits[:, 1] = 20
truth = torch.zeros(1, 8, 8, dtype=torch.long)
smp = [getattr(losses, kind)("multiclass")(logits, truth).item() for kind in ("DiceLoss", "JaccardLoss", "TverskyLoss")]
other = monai.losses.DiceLoss(to_onehot_y=True, softmax=True)(logits, truth[:, None]).item()
print(f"5 classes, all of class 0, predicted as class 1    smp DiceLoss {smp[0]:.2f}   monai {other:.2f}")
print(f"{'':50} smp JaccardLoss {smp[1]:.2f}   smp TverskyLoss {smp[2]:.2f}")
assert seen[0] == (0, "0") and seen[1][0] > 0.9 and seen[1][1] == "not 0", f"a batch without foreground: {seen}"
assert all(abs(value - 0.2) < 1e-4 for value in smp) and abs(other - 0.4) < 1e-4, f"five classes: {smp}, {other}"
PY
