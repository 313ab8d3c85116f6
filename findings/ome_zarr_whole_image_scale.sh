#!/usr/bin/env bash
# OME-Zarr: the scale that holds for all levels is dropped by ome-zarr's reader and multiplied in by bioio's
#
# Versions: ome-zarr 0.18.0, bioio 3.6.0, bioio-ome-zarr 3.8.1, zarr 3.1.6
# Seen: 2026-11-28
# Behaviour: the format (0.4) has a scale for each level and, optionally, one beside `datasets` that is applied after
#   it to every level. A writer may put 1, 2, 4 into the levels and the voxel size beside them. bioio multiplies the
#   two. The Reader of ome-zarr hands on the levels' scales only; the other one appears nowhere in what it returns.
# Harm: through one library a voxel is 30 x 4 x 4 nm, through the other 1 x 1 x 1 with the unit still "nanometer", so
#   it passes for a size. Anisotropy is lost: distances, watersheds and networks chosen by it are those of an
#   isotropic stack.
# Instead: read `multiscales` yourself and multiply both; when writing, put the voxel size into each level, where
#   every reader looks.
# Output:
#   ome-zarr 0.18.0 bioio 3.6.0 bioio-ome-zarr 3.8.1 zarr 3.1.6
#   ome-zarr's reader [[1.0, 1.0, 1.0], [1.0, 2.0, 2.0]] unit nanometer
#   bioio             [[30.0, 4.0, 4.0], [30.0, 8.0, 8.0]]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check ome-zarr==0.18.0 bioio==3.6.0 \
    bioio-ome-zarr==3.8.1 \
    zarr==3.1.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import bioio_ome_zarr
import zarr
from bioio import BioImage
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

print(*(f"{name} {version(name)}" for name in ("ome-zarr", "bioio", "bioio-ome-zarr", "zarr")))
group = zarr.open_group("image.zarr", mode="w", zarr_format=2)
for level, side in enumerate((8, 4)):
    group.create_array(str(level), shape=(4, side, side), chunks=(4, side, side), dtype="u1",
                       chunk_key_encoding={"name": "v2", "separator": "/"})
group.attrs["multiscales"] = [{
    "version": "0.4",
    "axes": [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"],
    "datasets": [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]},
        {"path": "1", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 2.0, 2.0]}]},
    ],
    "coordinateTransformations": [{"type": "scale", "scale": [30.0, 4.0, 4.0]}],
}]
metadata = next(iter(Reader(parse_url("image.zarr"))())).metadata
own = [steps[0]["scale"] for steps in metadata["coordinateTransformations"]]
image, other = BioImage("image.zarr", reader=bioio_ome_zarr.Reader), []
for level in (0, 1):
    image.set_resolution_level(level)
    other.append([float(size) for size in image.physical_pixel_sizes])
print("ome-zarr's reader", own, "unit", metadata["axes"][0]["unit"])
print("bioio            ", other)
assert own == [[1, 1, 1], [1, 2, 2]] and "30" not in str(metadata), "ome-zarr's reader now passes the scale on"
assert other == [[30, 4, 4], [30, 8, 8]], "bioio no longer multiplies"
PY
