#!/usr/bin/env bash
# MRC mode 0: SimpleITK decides by the header's minimum whether bytes are signed; mrcfile always reads them as signed
#
# Versions: SimpleITK 2.5.7, mrcfile 1.5.4, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: MRC2014 says that mode 0 is signed bytes. SimpleITK writes unsigned 8-bit images as mode 0 and marks them
#   by nothing but a minimum >= 0 in the header; by the same sign it reads them back. mrcfile follows the standard. So
#   both directions go wrong: SimpleITK's bright pixels are negative in mrcfile, and a file that mrcfile made with
#   new_mmap, whose statistics are validly "not determined" (minimum 0, maximum -1), has its negative pixels bright in
#   SimpleITK. mrcfile's validate() accepts that second file.
# Harm: the upper half of the grey values folds below the lower half: membranes stay visible, so a picture passes at a
#   glance, while normalisation and thresholds are off. Whether it happens depends on a statistic in the header.
# Instead: write 8-bit grey values as mode 6 (mrcfile does that with uint8 by itself), and after reading mode 0
#   compare the array's range with the header's minimum and maximum before believing its type.
# Output:
#   SimpleITK 2.5.7 mrcfile 1.5.4
#   written by SimpleITK: 0 127 128 255, mode 0
#     SimpleITK reads [  0 127 128 255] uint8
#     mrcfile reads   [   0  127 -128   -1] int8
#   written by mrcfile: -128 -1 0 127; validate(): Checking if memmap.mrc is a valid MRC2014 file...
#   File appears to be valid.
#     SimpleITK reads [128 255   0 127] uint8
#     mrcfile reads   [-128   -1    0  127] int8
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check simpleitk==2.5.7 mrcfile==1.5.4 \
    numpy==2.4.6 2>pip.log \
    || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import mrcfile
import numpy as np
import SimpleITK as sitk

print("SimpleITK", sitk.Version.VersionString(), "mrcfile", mrcfile.__version__)
sitk.WriteImage(sitk.GetImageFromArray(np.array([[[0, 127, 128, 255]]], np.uint8)), "itk.mrc")
again, standard = sitk.GetArrayFromImage(sitk.ReadImage("itk.mrc")).ravel(), mrcfile.read("itk.mrc").ravel()
print("written by SimpleITK: 0 127 128 255, mode", mrcfile.open("itk.mrc").header.mode)
print("  SimpleITK reads", again, again.dtype)
print("  mrcfile reads  ", standard, standard.dtype)
with mrcfile.new_mmap("memmap.mrc", shape=(1, 1, 4), mrc_mode=0) as file:
    file.data[:] = np.array([-128, -1, 0, 127], np.int8)
print("written by mrcfile: -128 -1 0 127; validate():", end=" ", flush=True)
valid = mrcfile.validate("memmap.mrc")
other, own = sitk.GetArrayFromImage(sitk.ReadImage("memmap.mrc")).ravel(), mrcfile.read("memmap.mrc").ravel()
print("  SimpleITK reads", other, other.dtype)
print("  mrcfile reads  ", own, own.dtype)
assert again.tolist() == [0, 127, 128, 255] and standard.tolist() == [0, 127, -128, -1], "first file reads otherwise"
assert valid and other.tolist() == [128, 255, 0, 127] and own.tolist() == [-128, -1, 0, 127], "second file does"
PY
