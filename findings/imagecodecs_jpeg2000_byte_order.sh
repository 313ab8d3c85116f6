#!/usr/bin/env bash
# imagecodecs' two JPEG 2000 encoders store the pixels of a big-endian array with their bytes swapped
#
# Versions: imagecodecs 2026.3.6, tifffile 2026.3.3, numpy 2.4.6 (a little-endian processor)
# Seen: 2026-11-30
# Behaviour: most encoders of imagecodecs refuse an array that is not in the processor's byte order. jpeg2k_encode and
#   htj2k_encode take it and read each pixel's bytes the other way round. tifffile keeps the byte order of the array
#   in the TIFF and hands it to the encoder as it is; the other lossless image codecs then raise an error, and JPEG 2000
#   is written wrong. Zlib is right, since there bytes are bytes.
# Harm: NumPy computes alike with both orders, so nobody looks. Big-endian volumes come out of MRC files of older
#   microscopes, HDF5 and NRRD; compressed losslessly, 1 is 256 for every reader of the TIFF, and the first is gone.
#   Pixels of 32 bits are swapped likewise by htj2k_encode.
# Instead: array.astype(array.dtype.newbyteorder("=")) before anything is compressed, or byteorder="=" for imwrite,
#   which swaps first; or a codec of bytes, such as zlib or zstd.
# Known: no report of it was found.
# Output:
#   imagecodecs 2026.3.6, tifffile 2026.3.3
#   codec      array    imagecodecs    imwrite          imwrite, byteorder "="
#   jpeg2000   <u2      right          right            right
#   jpeg2000   >u2      1 becomes 256  1 becomes 256    right
#   jpegxl     >u2      refused        refused          right
#   jpegxr     >u2      refused        refused          right
#   png        >u2      refused        refused          right
#   zlib       >u2      -              right            right
#   htj2k      >u2      1 becomes 256  -                -
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check imagecodecs==2026.3.6 tifffile==2026.3.3 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
import io
import sys
from importlib.metadata import version

import imagecodecs
import numpy as np
import tifffile

assert sys.byteorder == "little", "the arrays below are the other way round for this processor"
ENCODERS = {"jpeg2000": "jpeg2k", "htj2k": "htj2k", "jpegxl": "jpegxl", "jpegxr": "jpegxr", "png": "png"}
values = np.arange(64 * 64).reshape(64, 64)


def said(make):
    """Return what became of the values: right, refused, or the value that a pixel of 1 has."""
    try:
        found = make()
    except ValueError:
        return "refused"
    return "right" if np.array_equal(found, values) else f"1 becomes {found[0, 1]}"


def by_codec(name, array):
    return getattr(imagecodecs, f"{name}_decode")(getattr(imagecodecs, f"{name}_encode")(array))


def by_tiff(codec, array, **order):
    file = io.BytesIO()
    tifffile.imwrite(file, array, compression=codec, **order)
    file.seek(0)
    return tifffile.imread(file)


print(f"imagecodecs {version('imagecodecs')}, tifffile {version('tifffile')}")
form = "{:<10} {:<8} {:<14} {:<16} {}"
print(form.format("codec", "array", "imagecodecs", "imwrite", 'imwrite, byteorder "="'))
table = {}
for codec, dtype in (
    ("jpeg2000", "<u2"),
    ("jpeg2000", ">u2"),
    ("jpegxl", ">u2"),
    ("jpegxr", ">u2"),
    ("png", ">u2"),
    ("zlib", ">u2"),
    ("htj2k", ">u2"),
):
    array = values.astype(dtype)
    row = [said(lambda: by_codec(ENCODERS[codec], array)) if codec in ENCODERS else "-", "-", "-"]
    if codec != "htj2k":  # not one of tifffile's
        row[1:] = said(lambda: by_tiff(codec, array)), said(lambda: by_tiff(codec, array, byteorder="="))
    table[codec, dtype] = row
    print(form.format(codec, dtype, *row))

assert table == {
    ("jpeg2000", "<u2"): ["right", "right", "right"],
    ("jpeg2000", ">u2"): ["1 becomes 256", "1 becomes 256", "right"],
    ("jpegxl", ">u2"): ["refused", "refused", "right"],
    ("jpegxr", ">u2"): ["refused", "refused", "right"],
    ("png", ">u2"): ["refused", "refused", "right"],
    ("zlib", ">u2"): ["-", "right", "right"],
    ("htj2k", ">u2"): ["1 becomes 256", "-", "-"],
}, table
wide = by_codec("htj2k", values.astype(">u4"))
assert wide[0, 1] == 1 << 24, wide[0, 1]
PY
