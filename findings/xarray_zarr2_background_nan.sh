#!/usr/bin/env bash
# xarray opens labels of Zarr format 2 as floats with NaN for the background, and those of format 3 as they are
#
# Versions: xarray 2026.9.0, zarr 3.1.6, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: in Zarr, fill_value is what an unwritten chunk reads as, and 0 unless another is given. xarray takes it
#   for "missing" in format 2: an integer array becomes float32 or float64, and each 0 in it NaN, written or not. The
#   same array in format 3 stays as it is. Nothing in the file or the call asks for the one or the other.
# Harm: OME-Zarr 0.4 and most published volumes are format 2. Black voxels no longer count in the mean of the image;
#   `labels == 0` finds nothing and `labels != 0` everything; identifiers above 2**53 are rounded to neighbours.
#   After a move to format 3 the same script gives other numbers.
# Instead: open_zarr(..., mask_and_scale=False), or zarr.open and a DataArray of your own.
# Known: https://github.com/pydata/xarray/issues/4930 and 5475, both closed.
# Output:
#   xarray 2026.9.0 zarr 3.1.6
#   format 2                 image  float32 [nan, 100.0, 200.0], mean 150
#                            labels float64 [nan, 1.0, 7.205759406210391e+17], of them background 0
#   format 3                 image  uint8 [0, 100, 200], mean 100
#                            labels uint64 [0, 1, 720575940621039145], of them background 1
#   format 2, mask_and_scale=False
#                            image  uint8 [0, 100, 200], mean 100
#                            labels uint64 [0, 1, 720575940621039145], of them background 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check xarray==2026.9.0 zarr==3.1.6 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
import numpy as np
import xarray
import zarr

print("xarray", xarray.__version__, "zarr", zarr.__version__)
stored = {
    "image": np.array([0, 100, 200], np.uint8),
    "labels": np.array([0, 1, 720575940621039145], np.uint64),
}


def opened(zarr_format, **options):
    path = f"format{zarr_format}.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    for name, values in stored.items():
        names = {"dimension_names": ["x"]} if zarr_format == 3 else {"attributes": {"_ARRAY_DIMENSIONS": ["x"]}}
        group.create_array(name, data=values, **names)
    return xarray.open_zarr(path, consolidated=False, **options).load()


seen = {"format 2": opened(2), "format 3": opened(3), "format 2, mask_and_scale=False": opened(2, mask_and_scale=False)}
for name, dataset in seen.items():
    image, labels = dataset.image, dataset.labels
    print(f"{name:24}" if len(name) < 25 else f"{name}\n{'':24}", end="")
    print(f" image  {image.dtype} {image.values.tolist()}, mean {float(image.mean()):g}")
    print(f"{'':24} labels {labels.dtype} {labels.values.tolist()}, of them background {int((labels == 0).sum())}")
masked, *others = seen.values()
assert masked.labels.dtype == np.float64 and np.isnan(masked.labels[0]), "format 2 is no longer masked"
assert masked.image.dtype == np.float32 and masked.image.mean() == 150, "format 2 is no longer masked"
for dataset in others:
    assert all(np.array_equal(dataset[name].values, stored[name]) for name in stored), "the others are masked too"
PY
