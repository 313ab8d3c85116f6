#!/usr/bin/env bash
# ngff-zarr's levels by dask_image_gaussian and dask_image_nearest lie beside the place that is written with them
#
# Versions: ngff-zarr 0.50.0, dask 2026.8.0, dask-image 2026.5.0, itkwasm-downsample 2.0.2, zarr 3.1.6, numpy 2.4.6
# Seen: 2026-11-30
# Behaviour: both methods take the first voxel of each block, one of them blurred, and write the translation of the
#   block's middle beside it, so that all is shifted away from the origin by half a voxel of the level less half of the
#   first. The other methods tried write the same translations and keep to them. Besides, the scale_factors [2, 3] give
#   two levels of factor 2 by those two, without a word, and 2 and 3 by the others.
# Harm: positions, crops and contacts taken from a lower level are off to one side, by 6 nm of 4 nm voxels at a quarter
#   of the resolution and 14 at an eighth, so that means do not remove it; the pyramid of an image by one method and
#   that of its labels by another do not lie on each other.
# Instead: itkwasm_gaussian, which is the default, or dask_bin_shrink for images, itkwasm_label_image for labels.
# Known: no report of it was found.
# Output:
#   ngff-zarr 0.50.0, dask-image 2026.5.0
#   the centre of a ball of 56 nm less that of the full resolution, in nm
#   method                  by 2   by 3   by 4   by 8   sizes of [2, 3], of 48
#   itkwasm_gaussian         0.0    0.0    0.0    0.0   24, 16
#   dask_bin_shrink          0.0    0.0    0.0    0.0   24, 16
#   itkwasm_label_image      0.2    0.1   -0.2    2.1   24, 16
#   dask_image_gaussian      2.0    4.0    6.0   14.0   24, 24
#   dask_image_nearest       2.1    3.8    5.9   13.6   24, 24
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check ngff-zarr==0.50.0 dask==2026.8.0 \
    dask-image==2026.5.0 itkwasm-downsample==2.0.2 zarr==3.1.6 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import ngff_zarr
import numpy as np
from ngff_zarr import Methods

SIZE, NM, RADIUS = 48, 4.0, 14
AXES = ("z", "y", "x")
away = np.indices((SIZE,) * 3) - np.array([23.3, 22.6, 24.1])[:, None, None, None]
ball = np.where((away**2).sum(0) < RADIUS**2, 1000, 0).astype(np.uint16)


def levels(method, factors):
    image = ngff_zarr.to_ngff_image(ball, dims=AXES, scale=dict.fromkeys(AXES, NM), translation=dict.fromkeys(AXES, 0.0))
    return ngff_zarr.to_multiscales(image, scale_factors=factors, method=method, chunks=64).images


def centre(level):
    """Return the mean place of a level's values along x, in nm, by the level's own scale and translation."""
    weights = np.asarray(level.data).sum((0, 1), dtype=float)
    places = level.translation["x"] + level.scale["x"] * np.arange(len(weights))
    return (weights * places).sum() / weights.sum()


print(f"ngff-zarr {version('ngff-zarr')}, dask-image {version('dask-image')}")
print(f"the centre of a ball of {RADIUS * NM:.0f} nm less that of the full resolution, in nm")
form = "{:<21}" + "{:>7}" * 4 + "   {}"
print(form.format("method", *(f"by {factor}" for factor in (2, 3, 4, 8)), f"sizes of [2, 3], of {SIZE}"))
for method, drifts in (
    (Methods.ITKWASM_GAUSSIAN, False),
    (Methods.DASK_BIN_SHRINK, False),
    (Methods.ITKWASM_LABEL_IMAGE, False),
    (Methods.DASK_IMAGE_GAUSSIAN, True),
    (Methods.DASK_IMAGE_NEAREST, True),
):
    shifts = []
    for factor in (2, 3, 4, 8):
        full, level = levels(method, [factor])
        shifts.append(centre(level) - centre(full))
        expected = (factor - 1) / 2 * NM if drifts else 0
        assert abs(shifts[-1] - expected) < factor * NM / 10, (method, factor, shifts[-1])
    sizes = [level.data.shape[2] for level in levels(method, [2, 3])[1:]]
    print(form.format(method.value, *(f"{round(shift, 1) + 0.0:.1f}" for shift in shifts), ", ".join(map(str, sizes))))
    assert sizes == ([24, 24] if drifts else [24, 16]), (method, sizes)
PY
