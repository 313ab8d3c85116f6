#!/usr/bin/env bash
# Labels written into a smaller type: HDF5 makes all large ones 255 and -1 background, Zarr and N5 take them modulo 256
#
# Versions: h5py 3.16.0, zarr 3.1.6, z5py 3.0.2, tensorstore 0.1.86, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: `dataset[...] = array` converts to the data set's type without a warning, and each library in its own way.
#   The HDF5 library saturates, on writing, in create_dataset(data=..., dtype=...) and in reading with astype(). zarr
#   and z5py wrap around as numpy does. tensorstore alone refuses.
# Harm: a data set made for 8-bit labels meets a volume with 300 cells. In HDF5 the cells from 255 on become one
#   object, and "unknown", -1, becomes background. In Zarr and N5 cell 256 becomes background, 257 merges with 1 and
#   "unknown" is cell 255. The number of labels is wrong in both but differs, so a comparison of the two copies looks
#   like damage on the way; one test with 200 cells passes for both.
# Instead: compare np.result_type or the array's minimum and maximum with the data set's type before writing.
# Output:
#   h5py 3.16.0 zarr 3.1.6 z5py 3.0.2 tensorstore 0.1.86 - written into uint8: -1 0 1 255 256 257 70000
#   h5py, dataset[...] =            0 0 1 255 255 255 255
#   h5py, create_dataset(data=)     0 0 1 255 255 255 255
#   h5py, astype("u1") on reading   0 0 1 255 255 255 255
#   zarr                            255 0 1 255 0 1 112
#   z5py, N5                        255 0 1 255 0 1 112
#   tensorstore                     refused: Cannot cast array data from dtype('int32') to dtype('uint8')
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check h5py==3.16.0 zarr==3.1.6 z5py==3.0.2 \
    tensorstore==0.1.86 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
from importlib.metadata import version

import h5py
import numpy as np
import tensorstore
import z5py
import zarr

print(*(f"{name} {version(name)}" for name in ("h5py", "zarr", "z5py", "tensorstore")), end=" - written into uint8: ")
labels = np.array([-1, 0, 1, 255, 256, 257, 70000], np.int32)
print(*labels)
seen = {}
with h5py.File("labels.h5", "w") as file:
    dataset = file.create_dataset("assigned", labels.shape, "u1")
    dataset[...] = labels
    seen["h5py, dataset[...] ="] = dataset[...]
    seen["h5py, create_dataset(data=)"] = file.create_dataset("given", data=labels, dtype="u1")[...]
    seen['h5py, astype("u1") on reading'] = file.create_dataset("wide", data=labels).astype("u1")[...]
array = zarr.create_array("labels.zarr", shape=labels.shape, dtype="u1")
array[...] = labels
seen["zarr"] = array[...]
dataset = z5py.File("labels.n5", "a").create_dataset("labels", shape=labels.shape, chunks=labels.shape, dtype="uint8")
dataset[...] = labels
seen["z5py, N5"] = dataset[...]
for name, values in seen.items():
    print(f"{name:31}", *values)
store = {"driver": "zarr3", "kvstore": {"driver": "file", "path": "tensorstore.zarr"}}
store = tensorstore.open(store, create=True, dtype=tensorstore.uint8, shape=labels.shape).result()
try:
    store[...] = labels
    raise SystemExit("tensorstore no longer refuses")
except TypeError as error:
    print(f"{'tensorstore':31} refused: {str(error).split(' according')[0]}")
for name, values in seen.items():
    expected = np.clip(labels, 0, 255) if name.startswith("h5py") else labels.astype(np.uint8)
    assert np.array_equal(values, expected), f"{name} gives {values}"
PY
