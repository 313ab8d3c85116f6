#!/usr/bin/env bash
# Slices written with tifffile's append=True read back as one slice; SimpleITK reads them all
#
# Versions: tifffile 2026.3.3, imageio 2.38.1, scikit-image 0.26.0, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: imwrite notes each call's shape in the file, so every appended slice starts a series of its own, and
#   imread returns the first series only. imageio and scikit-image read through tifffile and do the same, imageio's
#   volread too. A reader that counts pages, such as SimpleITK, returns the stack. With metadata=None no shape is
#   noted and all agree.
# Harm: a predictor that writes slice by slice to save memory leaves a file whose size is right and which half of the
#   programs show whole; the Python side scores one slice. A 2-D result even passes for a valid image.
# Instead: pass metadata=None to every imwrite that appends, or keep one TiffWriter open with contiguous=True; on
#   reading compare len(TiffFile.pages) with the number of slices received.
# Output:
#   tifffile 2026.3.3 imageio 2.38.1 scikit-image 0.26.0 simpleitk 2.5.7
#   default.tif {} pages 5 series 5
#      {'tifffile': (4, 5), 'imageio': (4, 5), 'imageio volread': (4, 5), 'scikit-image': (4, 5), 'SimpleITK': (5, 4, 5)}
#   plain.tif {'metadata': None} pages 5 series 1
#      {'tifffile': (5, 4, 5), 'imageio': (5, 4, 5), 'imageio volread': (5, 4, 5), 'scikit-image': (5, 4, 5), 'SimpleITK': (5, 4, 5)}
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tifffile==2026.3.3 imageio==2.38.1 \
    scikit-image==0.26.0 simpleitk==2.5.7 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import imageio.v2
import imageio.v3
import numpy as np
import SimpleITK as sitk
import skimage.io
import tifffile

print(*(f"{name} {version(name)}" for name in ("tifffile", "imageio", "scikit-image", "simpleitk")))
for path, options in (("default.tif", {}), ("plain.tif", {"metadata": None})):
    for index in range(5):
        tifffile.imwrite(path, np.full((4, 5), index, np.uint8), append=index > 0, **options)
    with tifffile.TiffFile(path) as file:
        print(path, options, "pages", len(file.pages), "series", len(file.series))
    shapes = {
        "tifffile": tifffile.imread(path).shape,
        "imageio": imageio.v3.imread(path).shape,
        "imageio volread": imageio.v2.volread(path).shape,
        "scikit-image": skimage.io.imread(path).shape,
        "SimpleITK": sitk.GetArrayFromImage(sitk.ReadImage(path)).shape,
    }
    print("  ", shapes)
    assert shapes.pop("SimpleITK") == (5, 4, 5)
    if not options:
        assert set(shapes.values()) == {(4, 5)}, "appended slices are now read"
    else:
        assert shapes["tifffile"] == (5, 4, 5)
PY
