#!/usr/bin/env bash
# Slices appended to a Zarr array of a consolidated group are invisible to everyone who opens the group
#
# Versions: zarr 3.1.6, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: append() and create_array() through a group that was opened with consolidated metadata rewrite the
#   array's own metadata but leave the group's consolidated copy as it was. The writer's handle shows the new shape.
#   Whoever opens the group afterwards believes the copy: the old shape, and a new array does not exist. The array
#   opened by its own path has all. Nothing warns, at either end.
# Harm: half a volume is segmented and scored as if it were the whole; two programs that open one store by different
#   paths disagree on its size. The missing slices are on disk all the while.
# Instead: call zarr.consolidate_metadata again after every change of shape or of members, open the group with
#   use_consolidated=False, or do not consolidate a store that still grows.
# Output:
#   zarr 3.1.6
#   writer's handle              (5, 4, 4)
#   opened by the array's path   (5, 4, 4)
#   opened through the group     (2, 4, 4) members ['raw']
#   with use_consolidated=False  (5, 4, 4) members ['labels', 'raw']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check zarr==3.1.6 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
import numpy as np
import zarr

print("zarr", zarr.__version__)
group = zarr.open_group("stack.zarr", mode="w", zarr_format=2)
group.create_array("raw", shape=(2, 4, 4), chunks=(1, 4, 4), dtype="u1")[:] = 1
zarr.consolidate_metadata("stack.zarr")

writer = zarr.open_group("stack.zarr", mode="a")
raw = writer["raw"]
raw.append(np.full((3, 4, 4), 2, "u1"))
writer.create_array("labels", shape=(5, 4, 4), chunks=(1, 4, 4), dtype="u1")
print("writer's handle             ", raw.shape)
by_path = zarr.open_array("stack.zarr/raw", mode="r")
print("opened by the array's path  ", by_path.shape)
reader = zarr.open_group("stack.zarr", mode="r")
print("opened through the group    ", reader["raw"].shape, "members", sorted(reader))
plain = zarr.open_group("stack.zarr", mode="r", use_consolidated=False)
print("with use_consolidated=False ", plain["raw"].shape, "members", sorted(plain))
assert raw.shape == by_path.shape == plain["raw"].shape == (5, 4, 4)
assert reader["raw"].shape == (2, 4, 4) and sorted(reader) == ["raw"], "the group now shows what was appended"
PY
