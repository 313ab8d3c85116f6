#!/usr/bin/env bash
# MedPy, MONAI and surface-distance count the faces of the crop as surface: a cell that leaves it looks nearer the truth
#
# Versions: medpy 0.5.2, monai 1.6.1, surface-distance 0.1, SimpleITK 2.5.7, torch 2.13.0, scipy 1.17.1, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: all three take what lies outside the image for background, so that the foreground at the image's edge is
#   surface. There prediction and truth agree by themselves: zeros join the average. A boundary that is 2 pixels off
#   everywhere has an average surface distance of 2; measured, it is 0.67 to 0.91, and depends on how the crop was cut.
#   Surface Dice, in surface-distance, rises from 0 to 0.55 or more. The contour of SimpleITK counts inner borders only.
# Harm: in tissue hardly a cell lies wholly inside a crop, and a neurite leaves it twice. The score
#   is better than the boundary. Between two sizes of tile, or two thicknesses of stack, one and the same error is two
#   numbers, and neither is the distance that the name promises.
# Instead: mark the surface in a larger volume and average inside the crop, or leave out what lies on its faces:
#   a pixel is surface if an erosion that takes the outside for foreground (scipy's border_value=1) removes it.
# Known: the opposite was called the error, for organs that touch the image's edge, in
#   https://github.com/InsightSoftwareConsortium/SimpleITK-Notebooks/pull/455.
# Output:
#   medpy 0.5.2 monai 1.6.1 surface-distance 0.1 simpleitk 2.5.7
#   truth: rows up to 30, prediction: rows up to 32, of all columns; the average distance from surface to surface
#   crop        MedPy  MONAI  surface-distance  SimpleITK  by hand  surface Dice at 1 pixel
#   60 x 100     0.77   0.77              0.76       2.00     2.00  0.62
#   20 x 100     0.91   0.91              0.90       2.00     2.00  0.55
#   10 x 10      0.69   0.69              0.67       2.00     2.00  0.70
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 medpy==0.5.2 monai==1.6.1 \
    surface-distance==0.1 SimpleITK==2.5.7 scipy==1.17.1 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import numpy as np
import SimpleITK as sitk
import surface_distance
import torch
from medpy.metric.binary import assd
from monai.metrics import compute_average_surface_distance
from scipy.ndimage import binary_erosion


def of_medpy(found, truth):
    return float(assd(found, truth))


def of_monai(found, truth):
    pair = [torch.from_numpy(np.stack([~mask, mask])[None].astype(np.float32)) for mask in (found, truth)]
    return float(compute_average_surface_distance(*pair, symmetric=True))


def of_deepmind(found, truth):
    distances = surface_distance.compute_surface_distances(truth, found, (1, 1))
    both = [distances["distances_gt_to_pred"], distances["distances_pred_to_gt"]]
    sizes = [distances["surfel_areas_gt"], distances["surfel_areas_pred"]]
    dice = surface_distance.compute_surface_dice_at_tolerance(distances, 1)
    return float(np.average(np.concatenate(both), weights=np.concatenate(sizes))), float(dice)


def of_simpleitk(found, truth):
    images, all_distances = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (found, truth)], []
    for one, other in (images, images[::-1]):
        contour = sitk.GetArrayFromImage(sitk.LabelContour(one)) > 0
        away = sitk.SignedMaurerDistanceMap(other, squaredDistance=False)
        all_distances.append(np.abs(sitk.GetArrayFromImage(away))[contour])
    return float(np.concatenate(all_distances).mean())


def by_hand(found, truth):
    points = [np.argwhere(mask & ~binary_erosion(mask, border_value=1)) for mask in (found, truth)]
    away = np.linalg.norm(points[0][:, None] - points[1][None], axis=-1)
    return float(np.concatenate([away.min(0), away.min(1)]).mean())


packages = ("medpy", "monai", "surface-distance", "simpleitk")
print(*(word for package in packages for word in (package, version(package))))
print("truth: rows up to 30, prediction: rows up to 32, of all columns; the average distance from surface to surface")
print("crop        MedPy  MONAI  surface-distance  SimpleITK  by hand  surface Dice at 1 pixel")
row = np.arange(60)[:, None] * np.ones((1, 100), int)
for crop in (np.s_[:, :], np.s_[20:40], np.s_[26:36, :10]):
    truth, found = row[crop] < 30, row[crop] < 32
    medpy, monai, (deepmind, dice) = of_medpy(found, truth), of_monai(found, truth), of_deepmind(found, truth)
    inner, hand = of_simpleitk(found, truth), by_hand(found, truth)
    size = " x ".join(map(str, truth.shape))
    print(f"{size:10} {medpy:6.2f} {monai:6.2f} {deepmind:17.2f} {inner:10.2f} {hand:8.2f} {dice:5.2f}")
    assert hand == inner == 2, f"the boundary is not 2 pixels off: {hand}, {inner}"
    assert max(medpy, monai, deepmind) < 1 and dice > 0.5, "the faces of the crop are no surface any more"
PY
