#!/usr/bin/env bash
# ome-zarr: write_image takes scale_factors [4, 16] for [2, 4], and write_labels passes over all: its levels are 2 to 16
#
# Versions: ome-zarr 0.18.0, zarr 3.1.6, scikit-image 0.26.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: scale_factors are described as the factors of the levels, as whole numbers for y and x or as dictionaries.
#   Of whole numbers write_image counts how many there are and writes powers of two: [4, 16], [3, 9] and [2, 4] are one
#   and the same. Dictionaries are followed. write_labels follows neither: its older argument `scaler`, whose text says
#   that to pass it is no longer supported, is set by default, and replaces the factors by 2, 4, 8, 16 in y and x. The
#   sizes of voxels that are written fit the levels as they are. Nothing is said of write_image; of write_labels a
#   DeprecationWarning for `scaler`, which the caller did not pass.
# Harm: a level is found by its number: s1 was asked for at 16 nm and is read at 8, by all code that knows the factors
#   from the call. Labels asked for with the same factors as their image have other shapes at each level, so that masks
#   do not fit, or, where sizes happen to agree, belong to another level. Labels are never made smaller along z, and a
#   stack of many terabytes gets levels of four times the size that was planned.
# Instead: dictionaries, and for write_labels scaler=None as well; then compare the shapes with those asked for.
# Known: https://github.com/ome/ome-zarr-py/issues/501 asked for control of the factors, said to be there since.
# Output:
#   ome-zarr 0.18.0 zarr 3.1.6
#   asked for                                   image                labels
#   [2, 4]                                      512 256 128          512 256 128 64 32
#   [4, 16]                                     512 256 128          512 256 128 64 32
#   [3, 9]                                      512 256 128          512 256 128 64 32
#   [{'y': 4, 'x': 4}, {'y': 16, 'x': 16}]      512 128 32           512 256 128 64 32
#   the same, with scaler=None                                       512 128 32
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check ome-zarr==0.18.0 zarr==3.1.6 \
    scikit-image==0.26.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - <<'PY'
from copy import deepcopy
from importlib.metadata import version

import numpy as np
import zarr
from ome_zarr.writer import write_image, write_labels

print(*(f"{name} {version(name)}" for name in ("ome-zarr", "zarr")))
stack = np.zeros((4, 512, 512), np.uint8)
dictionaries = [{"y": 4, "x": 4}, {"y": 16, "x": 16}]
two, five = [512, 256, 128], [512, 256, 128, 64, 32]
expected = [([2, 4], two), ([4, 16], two), ([3, 9], two), (dictionaries, [512, 128, 32])]


def widths(path):
    group = zarr.open_group(path, mode="r")
    return [group[level["path"]].shape[-1] for level in group.attrs["ome"]["multiscales"][0]["datasets"]]


def text(sizes):
    return " ".join(map(str, sizes))


print(f"{'asked for':43} {'image':20} labels")
for number, (factors, of_image) in enumerate(expected):
    write_image(stack, f"{number}.zarr", deepcopy(factors), axes="zyx")
    write_labels(stack, f"{number}.zarr", "cells", scale_factors=deepcopy(factors), axes="zyx")
    found = widths(f"{number}.zarr"), widths(f"{number}.zarr/labels/cells")
    print(f"{factors!s:43} {text(found[0]):20} {text(found[1])}")
    assert found == (of_image, five), "the factors lead to other levels"
write_labels(stack, "0.zarr", "bodies", scaler=None, scale_factors=deepcopy(dictionaries), axes="zyx")
print(f"{'the same, with scaler=None':64} {text(widths('0.zarr/labels/bodies'))}")
assert widths("0.zarr/labels/bodies") == [512, 128, 32], "scaler=None does not help any more"
PY
