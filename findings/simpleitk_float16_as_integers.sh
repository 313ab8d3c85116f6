#!/usr/bin/env bash
# SimpleITK reads the bits of a float16 TIFF as 16-bit integers: a probability of 0.5 becomes 14336
#
# Versions: SimpleITK 2.5.7 (ITK 5.4), tifffile 2026.3.3, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: TIFF holds floating-point samples of 16 bits (SampleFormat 3, BitsPerSample 16; Adobe's note of 2005); tifffile
#   writes and reads them, and probability maps are often kept so, at half the size. SimpleITK looks at the 16 bits and takes
#   them for those of an unsigned integer: 0.5 becomes 14336, 1.0 becomes 15360. For float32 it heeds SampleFormat.
#   Asked for float32 (ReadImage(path, sitkFloat32)) it returns 14336.0. No warning. (float64 is refused, with a message; not run here.)
# Harm: the larger a number from 0 on, the larger its bits, so the map looks right on a screen that stretches its contrast, a
#   watershed finds similar basins, and whatever uses a value does not: a threshold of 0.5 calls everything above 0
#   membrane, means and losses are off by a law that nobody expects, and after a rescaling to 0..1 a probability of 0.01 is 0.55.
# Instead: write float32, or read with tifffile and hand the array over: GetImageFromArray(imread(path).astype("f4")).
# Known: not found; https://github.com/InsightSoftwareConsortium/ITK/issues/1766 is the same kind of fault for 32 bits, mended;
#   https://github.com/InsightSoftwareConsortium/ITK/pull/6636 reworks SampleFormat and may mend it in a later ITK.
# Output:
#   SimpleITK 2.5.7 tifffile 2026.3.3
#   written   0 0.01 0.5 1
#   float32   0 0.01 0.5 1 (32-bit float)
#   float16   0 8479 14336 15360 (16-bit unsigned integer)
#   float16 asked for as float32   0 8479 14336 15360 (32-bit float)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check SimpleITK==2.5.7 tifffile==2026.3.3 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import SimpleITK as sitk
import tifffile

print(*(f"{name} {version(name)}" for name in ("SimpleITK", "tifffile")))
written = np.array([0, 0.01, 0.5, 1])
image = np.tile(written, (8, 2))
print("written  ", *(f"{value:g}" for value in written))


def shown(label, read):
    values = sitk.GetArrayFromImage(read)[0, :4]
    print(f"{label}  ", *(f"{float(value):g}" for value in values), f"({read.GetPixelIDTypeAsString()})")
    return values


for kind in ("float32", "float16"):
    path = f"{kind}.tif"
    tifffile.imwrite(path, image.astype(kind))
    assert np.allclose(tifffile.imread(path), image, atol=1e-3), "tifffile does not read its own file"
    found = shown(kind, sitk.ReadImage(path))
    if kind == "float32":
        assert np.allclose(found, written), "float32 is misread too"
bits = written.astype("float16").view("uint16")
assert np.array_equal(found, bits), "float16 is no longer read as the integers of the same bits"
assert np.array_equal(shown("float16 asked for as float32", sitk.ReadImage("float16.tif", sitk.sitkFloat32)), bits)
PY
