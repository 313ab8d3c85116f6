#!/usr/bin/env bash
# SimpleITK reads a tiled 8-bit grey TIFF as RGBA, and asked for float32 multiplies every grey value by 255
#
# Versions: SimpleITK 2.5.7 (ITK 5.4), tifffile 2026.3.3, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: a TIFF's pixels lie in strips or in tiles; the same image may be written either way. Tiles are read by a
#   fallback that makes RGBA of everything: ReadImage(path) gives four channels, red = green = blue = the grey value and
#   alpha 255. Asked for one type, as in ReadImage(path, sitkFloat32), it makes grey of RGBA again and multiplies by
#   alpha, 255, which it does not divide by: 200 becomes 51000. Asked for sitkUInt8 or sitkUInt16 it gives the
#   right values. For 8 bits there is no warning. (Seen too, not run here: for 16 bits there is one,
#   about a reduced depth; float32 in tiles is refused; masks of one bit a pixel become RGBA in strips too.)
# Harm: tiles are usual for large sections (mosaics of a microscope, exports of viewers). The idiom that reads any
#   image as float then depends on how the file is laid out: thresholds, windows and the mean and deviation that a network
#   was trained with are off by 255, silently, and a folder of strips and tiles mixes both scales.
# Instead: read with tifffile and hand the array over (GetImageFromArray), or ask for the type that is in the file.
# Known: https://github.com/InsightSoftwareConsortium/ITK/issues/2959 (open) has grey images that come out as RGBA by the same
#   fallback, there for their orientation. The factor of 255: not found.
# Output:
#   SimpleITK 2.5.7 tifffile 2026.3.3
#   written                     0 1 100 200
#   strips as sitkFloat32       0 1 100 200
#   tiles as sitkFloat32        0 255 25500 51000
#   tiles as sitkUInt16         0 1 100 200
#   tiles as sitkUInt8          0 1 100 200
#   tiles, no type              4 channels: vector of 8-bit unsigned integer
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check SimpleITK==2.5.7 tifffile==2026.3.3 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - 2>warnings.txt <<'PY' || { cat warnings.txt; exit 1; }
from importlib.metadata import version

import numpy as np
import SimpleITK as sitk
import tifffile

print(*(f"{name} {version(name)}" for name in ("SimpleITK", "tifffile")))
written = np.array([0, 1, 100, 200], np.uint8)
image = np.tile(written, (64, 16))
tifffile.imwrite("strips.tif", image)
tifffile.imwrite("tiles.tif", image, tile=(16, 16))
assert np.array_equal(tifffile.imread("tiles.tif"), image)
print(f"{'written':27}", *written)
for layout, name, factor in (
    ("strips", "sitkFloat32", 1),
    ("tiles", "sitkFloat32", 255),
    ("tiles", "sitkUInt16", 1),
    ("tiles", "sitkUInt8", 1),
):
    label = f"{layout} as {name}"
    found = sitk.GetArrayFromImage(sitk.ReadImage(f"{layout}.tif", getattr(sitk, name)))
    print(f"{label:27}", *(f"{value:.0f}" for value in found[0, :4]))
    assert np.array_equal(found, image.astype(float) * factor), f"{label}: not {factor} times the grey value"
read = sitk.ReadImage("tiles.tif")
print(f"{'tiles, no type':27} {read.GetNumberOfComponentsPerPixel()} channels: {read.GetPixelIDTypeAsString()}")
assert read.GetNumberOfComponentsPerPixel() == 4, "a tiled grey TIFF is grey again"
PY
grep -q . warnings.txt && { echo "there is a warning now:"; cat warnings.txt; exit 1; } || true
