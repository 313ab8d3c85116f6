#!/usr/bin/env bash
# elf.io opens MRC files upside down: row 0 of each slice is the last one, so that every volume is its mirror image
#
# Versions: python-elf 0.9.2, bioimage-cpp 0.10.0, mrcfile 1.5.4, ncempy 1.16, SimpleITK 2.5.7, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: open_file gives one interface to HDF5, Zarr, N5, TIFF, NIfTI and MRC. For .mrc and .rec it reads by mrcfile
#   and then reverses the y axis, in volumes and in single images. mrcfile itself, ncempy and SimpleITK return the rows
#   as they are stored. A comment in the source speaks of conventions of axes (IMOD draws row 0 at the bottom); no text
#   for users does, and the attrs are empty. One axis of three reversed is a mirror image: handedness changes.
# Harm: what was segmented through elf, as in the tools of its group that open their input by it, and saved in HDF5 or
#   TIFF, lies upside down on the volume that other packages read, and coordinates in y count from the wrong end. A raw
#   volume of MRC with labels in HDF5 trains a network on labels that do not belong to their pixels: the shapes agree.
#   Where all steps go by elf, nothing shows.
# Instead: read by mrcfile.mmap(path).data, or flip once more, f["data"][:][..., ::-1, :].
# Known: none found for elf; https://github.com/brisvag/blik/issues/157 tells what such a flip does to annotations.
# Output:
#   python-elf 0.9.2 mrcfile 1.5.4 ncempy 1.16 SimpleITK 2.5.7
#   volume by mrcfile   first column of the first slice: [0, 4, 8]
#   volume by ncempy    first column of the first slice: [0, 4, 8]
#   volume by SimpleITK first column of the first slice: [0, 4, 8]
#   volume by elf       first column of the first slice: [8, 4, 0]
#   image  by mrcfile   first column of the first slice: [0, 4, 8]
#   image  by ncempy    first column of the first slice: [0, 4, 8]
#   image  by SimpleITK first column of the first slice: [0, 4, 8]
#   image  by elf       first column of the first slice: [8, 4, 0]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check python-elf==0.9.2 bioimage-cpp==0.10.0 \
    mrcfile==1.5.4 ncempy==1.16 simpleitk==2.5.7 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import mrcfile
import numpy as np
import SimpleITK as sitk
from elf.io import open_file
from ncempy.io.mrc import mrcReader

print(*(f"{name} {version(name)}" for name in ("python-elf", "mrcfile", "ncempy", "SimpleITK")))
volume = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
for name, array in (("volume", volume), ("image", volume[0])):
    path = f"{name}.mrc"
    with mrcfile.new(path) as file:
        file.set_data(array)
    with open_file(path, "r") as file:
        by_elf, attributes = file["data"][:], dict(file["data"].attrs)
    others = {
        "mrcfile": mrcfile.read(path),
        "ncempy": mrcReader(path)["data"].reshape(array.shape),
        "SimpleITK": sitk.GetArrayFromImage(sitk.ReadImage(path)).reshape(array.shape),
    }
    for reader, found in others.items():
        print(f"{name:6} by {reader:9} first column of the first slice:", found.reshape(-1, 3, 4)[0, :, 0].tolist())
        assert np.array_equal(found, array), f"{reader} turns the {name} too"
    print(f"{name:6} by elf       first column of the first slice:", by_elf.reshape(-1, 3, 4)[0, :, 0].tolist())
    assert np.array_equal(by_elf, array[..., ::-1, :]), f"elf reads the {name} otherwise"
    assert attributes == {}, f"elf says something of it: {attributes}"
PY
