#!/usr/bin/env bash
# compressed-segmentation scrambles crops, and it and fpzip arrays in Fortran order, unless they are copied first
#
# Versions: compressed-segmentation 2.3.3, fpzip 1.2.5, compresso 3.3.3, crackle-codec 0.55.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: compress(labels) of compressed-segmentation reads the memory behind the array's first voxel from there on
#   and takes shape and `order` for its layout. What numpy says of the strides is not looked at. So a crop of a volume
#   comes back as other voxels of that volume, some from outside the crop, with either order. An array in Fortran order
#   comes back scrambled with order="C", the default; fpzip.compress does the same, but copes with crops. Shape and type
#   are right, and nothing warns. compresso and crackle, of the same makers, take every layout.
# Harm: volumes from cloud-volume, of the same makers too, are in Fortran order, and block by block processing cuts
#   crops. What is stored for a block then holds voxels of its neighbours, in other places; shape, type and most of the
#   labels that occur are as before, so that a check of these passes. A test on an array that was just made, as in the
#   README, is right.
# Instead: compress(np.ascontiguousarray(labels)), or np.asfortranarray(labels) with order="F".
# Documentation: the README tells of the argument `order`, of an array's own layout it says nothing.
# Known: none found.
# Output:
#   compressed-segmentation 2.3.3 fpzip 1.2.5 compresso 3.3.3 crackle-codec 0.55.0
#                            C order  Fortran order  crop   transposed
#   compressed-segmentation  same     other          other  other
#   fpzip                    same     other          same   other
#   compresso                same     same           same   same
#   crackle                  same     same           same   same
#   compressed-segmentation, a crop in Fortran order with order="F": other, copied before: same
#   a crop of 1 alone out of 1 and 2: back come 1 and 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check compressed-segmentation==2.3.3 fpzip==1.2.5 \
    compresso==3.3.3 crackle-codec==0.55.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import compressed_segmentation
import compresso
import crackle
import fpzip
import numpy as np

print(*(f"{name} {version(name)}" for name in ("compressed-segmentation", "fpzip", "compresso", "crackle-codec")))


def segmentation(labels, order="C"):
    encoded = compressed_segmentation.compress(labels, order=order)
    return compressed_segmentation.decompress(encoded, labels.shape, labels.dtype, order=order)


CODECS = {
    "compressed-segmentation": segmentation,
    "fpzip": lambda labels: fpzip.decompress(fpzip.compress(labels.astype(np.float32, copy=False)))[0],
    "compresso": lambda labels: compresso.decompress(compresso.compress(labels)),
    "crackle": lambda labels: crackle.decompress(crackle.compress(labels)),
}


def layouts(volume):
    return {"C order": volume, "Fortran order": np.asfortranarray(volume), "crop": volume[2:-2, 2:-2, 2:-2],
            "transposed": volume.T}


def same(back, labels):
    return "same" if np.array_equal(back, labels) else "other"


blocks = np.random.default_rng(0).integers(1, 9, (5, 7, 3))
labels = np.kron(blocks, np.ones((4, 4, 4), int)).astype(np.uint64)
wrong = {"compressed-segmentation": ["Fortran order", "crop", "transposed"], "fpzip": ["Fortran order", "transposed"]}
print(f"{'':24} C order  Fortran order  crop   transposed")
for name, through in CODECS.items():
    arrays = layouts(labels.astype(np.float32) if name == "fpzip" else labels)
    seen = {layout: same(through(array), array) for layout, array in arrays.items()}
    print("{:24} {:8} {:14} {:6} {}".format(name, *seen.values()))
    assert [layout for layout, word in seen.items() if word == "other"] == wrong.get(name, []), f"{name}: {seen}"
crop = np.asfortranarray(labels)[2:-2, 2:-2, 2:-2]
pair = same(segmentation(crop, "F"), crop), same(segmentation(np.asfortranarray(crop), "F"), crop)
print('compressed-segmentation, a crop in Fortran order with order="F": {}, copied before: {}'.format(*pair))
assert pair == ("other", "same"), pair
two = np.full((16, 16, 16), 2, np.uint64)
two[4:12, 4:12, 4:12] = 1
found = np.unique(segmentation(two[4:12, 4:12, 4:12]))
print("a crop of 1 alone out of 1 and 2: back come", " and ".join(map(str, found.tolist())))
assert found.tolist() == [1, 2], found
PY
