#!/usr/bin/env bash
# A Zarr array that is shortened and lengthened again shows the old values; an HDF5 data set shows the fill value
#
# Versions: zarr 3.1.6, h5py 3.16.0, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: zarr's resize deletes only chunks that lie wholly outside the new shape. What a kept edge chunk holds
#   beyond the edge stays on disk and reappears when the array grows, in format 2 and 3. How much depends on the chunk
#   size: with one slice a chunk nothing comes back. h5py's resize on the same chunks clears it.
# Harm: a prediction that is cut back to the slices that were good and then grown for a second attempt holds stale
#   slices where the code expects the fill value as "not yet written": a job that resumes by looking for empty slices
#   skips them.
# Instead: after shrinking, overwrite the rest of the edge chunk while it is still inside the shape (assign the fill
#   value before resizing), or make a new array and copy.
# Output:
#   zarr 3.1.6 h5py 3.16.0
#   written [1, 2, 3, 4, 5, 6, 7, 8] resized to 5, then to 8
#   zarr format 2  [1, 2, 3, 4, 5, 6, 7, 8]
#   zarr format 3  [1, 2, 3, 4, 5, 6, 7, 8]
#   h5py           [1, 2, 3, 4, 5, 0, 0, 0]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check zarr==3.1.6 h5py==3.16.0 numpy==2.4.6 2>pip.log \
    || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import h5py
import numpy as np
import zarr

print("zarr", zarr.__version__, "h5py", h5py.__version__)
values, found = np.arange(1, 9, dtype="u1"), {}
for zarr_format in (2, 3):
    array = zarr.create_array(f"{zarr_format}.zarr", shape=(8,), chunks=(4,), dtype="u1", zarr_format=zarr_format)
    array[:] = values
    array.resize((5,))
    array.resize((8,))
    found[f"zarr format {zarr_format}"] = array[:].tolist()
with h5py.File("same.h5", "w") as file:
    data = file.create_dataset("data", data=values, chunks=(4,), maxshape=(None,))
    data.resize((5,))
    data.resize((8,))
    found["h5py"] = data[:].tolist()
print("written", values.tolist(), "resized to 5, then to 8")
for name, result in found.items():
    print(f"{name:14}", result)
assert found["zarr format 2"] == found["zarr format 3"] == values.tolist(), "zarr no longer brings the old values back"
assert found["h5py"] == [1, 2, 3, 4, 5, 0, 0, 0], "h5py behaves otherwise"
PY
