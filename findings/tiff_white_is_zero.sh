#!/usr/bin/env bash
# TIFF with white as zero: Pillow and OpenCV invert 8-bit greys but not 16-bit ones, tifffile and SimpleITK neither
#
# Versions: tifffile 2026.3.3, Pillow 13.0.0, imageio 2.38.1, OpenCV 5.0.0.93, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: a TIFF says by its photometric tag whether 0 is black or white; ImageJ writes white for an image with an
#   inverting lookup table. tifffile and SimpleITK return the numbers as stored. Pillow and OpenCV turn 8-bit images
#   round, so that 0 is black, and leave 16-bit images as stored. imageio does as its plugin does, tifffile's unless
#   another is asked for.
# Harm: membranes are bright in one program and dark in the next, and a network trained on dark membranes marks the
#   insides of cells. A stack whose 8-bit and 16-bit copies are read by one library is inverted in one of them.
# Instead: look at the tag (TiffFile.pages[0].photometric) and invert 2**bits - 1 - value where it says white is zero;
#   write photometric="minisblack".
# Output:
#   tifffile 2026.3.3 pillow 13.0.0 imageio 2.38.1 opencv-python-headless 5.0.0.93 simpleitk 2.5.7
#   uint8, white is zero; stored 0 1 10 100, read
#      tifffile         0 1 10 100
#      SimpleITK        0 1 10 100
#      imageio          0 1 10 100
#      imageio, Pillow  255 254 245 155
#      Pillow           255 254 245 155
#      OpenCV           255 254 245 155
#   uint16, white is zero; stored 0 1 10 100, read
#      tifffile         0 1 10 100
#      SimpleITK        0 1 10 100
#      imageio          0 1 10 100
#      imageio, Pillow  0 1 10 100
#      Pillow           0 1 10 100
#      OpenCV           0 1 10 100
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tifffile==2026.3.3 pillow==13.0.0 \
    imageio==2.38.1 opencv-python-headless==5.0.0.93 simpleitk==2.5.7 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
from importlib.metadata import version

import cv2
import imageio.v3
import numpy as np
import SimpleITK as sitk
import tifffile
from PIL import Image

packages = ("tifffile", "pillow", "imageio", "opencv-python-headless", "simpleitk")
print(*(f"{name} {version(name)}" for name in packages))
readers = {
    "tifffile": tifffile.imread,
    "SimpleITK": lambda path: sitk.GetArrayFromImage(sitk.ReadImage(path)),
    "imageio": imageio.v3.imread,
    "imageio, Pillow": lambda path: imageio.v3.imread(path, plugin="pillow"),
    "Pillow": lambda path: np.asarray(Image.open(path)),
    "OpenCV": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED),
}
stored = np.array([[0, 1, 10, 100]] * 4)
for dtype in (np.uint8, np.uint16):
    path = f"{np.dtype(dtype).name}.tif"
    tifffile.imwrite(path, stored.astype(dtype), photometric="miniswhite", metadata=None)
    print(f"{np.dtype(dtype).name}, white is zero; stored 0 1 10 100, read")
    for name, read in readers.items():
        values = read(path)
        print(f"   {name:16}", *values[0])
        turned = dtype == np.uint8 and name in ("imageio, Pillow", "Pillow", "OpenCV")
        assert np.array_equal(values, 255 - stored if turned else stored), f"{name} reads {dtype.__name__} otherwise"
PY
