#!/usr/bin/env bash
# MONAI and TorchIO carry integer labels through float32: label 16,777,217 becomes 16,777,216, by nearest neighbour too
#
# Versions: monai 1.6.1, torchio 1.2.1, torch 2.13.0, nibabel 5.4.2, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: MONAI's LoadImage and its spatial transforms with mode="nearest" turn int64 labels into float32 (Rotate,
#   Zoom, Resize, Spacing and RandAffine were tried). TorchIO keeps a LabelMap's int64 in flips and Resample, but
#   RandomAffine and RandomElasticDeformation return float32. Above 2**24 only even labels are left, above 2**25 only
#   every fourth.
# Harm: block by block segmentation numbers cells as block * 1,000,000 + cell: from the 17th block on every second cell
#   merges with its neighbour in number while training runs on. Label volumes of 8 or 16 bits show nothing.
# Instead: number the labels of a crop from 1 before any transform (np.unique with return_inverse). MONAI's dtype=
#   helps in LoadImage(dtype=np.int64); in the transforms torch.int64 is refused, and torch.float64 returns float32.
# Output:
#   monai 1.6.1 torchio 1.2.1 - labels 16777216 and 16777217 in int64
#   MONAI LoadImage                   float32 [16777216]
#   MONAI LoadImage(dtype=np.int64)   int64 [16777216, 16777217]
#   MONAI Zoom, nearest               float32 [16777216]
#   MONAI Resize, nearest             float32 [16777216]
#   MONAI Resize, dtype=float64       float32 [16777216]
#   MONAI Spacing, nearest            float32 [16777216]
#   TorchIO Resample                  int64 [16777216, 16777217]
#   TorchIO RandomFlip                int64 [16777216, 16777217]
#   TorchIO RandomAffine              float32 [16777216]
#   TorchIO RandomElasticDeformation  float32 [16777216]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 monai==1.6.1 torchio==1.2.1 \
    nibabel==5.4.2 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
import monai
import nibabel
import numpy as np
import torch
import torchio
from monai.transforms import LoadImage, Resize, Spacing, Zoom

low = 2**24
labels = torch.full((1, 8, 8, 8), low, dtype=torch.int64)
labels[:, :4] += 1
nibabel.save(nibabel.Nifti1Image(labels[0].numpy(), np.eye(4), dtype=np.int64), "labels.nii.gz")
subject = torchio.Subject(labels=torchio.LabelMap(tensor=labels))
methods = {
    "MONAI LoadImage": lambda: LoadImage()("labels.nii.gz"),
    "MONAI LoadImage(dtype=np.int64)": lambda: LoadImage(dtype=np.int64)("labels.nii.gz"),
    "MONAI Zoom, nearest": lambda: Zoom(1.5, mode="nearest")(labels),
    "MONAI Resize, nearest": lambda: Resize((12, 12, 12), mode="nearest")(labels),
    "MONAI Resize, dtype=float64": lambda: Resize((12, 12, 12), mode="nearest", dtype=torch.float64)(labels),
    "MONAI Spacing, nearest": lambda: Spacing((0.5, 0.5, 0.5), mode="nearest")(labels),
    "TorchIO Resample": lambda: torchio.Resample(0.5)(subject).labels.data,
    "TorchIO RandomFlip": lambda: torchio.RandomFlip(0, flip_probability=1)(subject).labels.data,
    "TorchIO RandomAffine": lambda: torchio.RandomAffine()(subject).labels.data,
    "TorchIO RandomElasticDeformation": lambda: torchio.RandomElasticDeformation()(subject).labels.data,
}
print("monai", monai.__version__, "torchio", torchio.__version__, f"- labels {low} and {low + 1} in int64")
kept = []
for name, method in methods.items():
    result = torch.as_tensor(np.asarray(method()))
    values = sorted(set(result.unique().long().tolist()) - {0})  # 0: what was moved in from outside
    print(f"{name:33} {str(result.dtype).split('.')[1]} {values}")
    if values == [low, low + 1]:
        kept.append(name)
    else:
        assert result.dtype == torch.float32 and values == [low], f"{name}: {result.dtype} {values}"
assert kept == ["MONAI LoadImage(dtype=np.int64)", "TorchIO Resample", "TorchIO RandomFlip"], f"kept by {kept}"
PY
