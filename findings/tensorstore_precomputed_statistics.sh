#!/usr/bin/env bash
# tensorstore: of a precomputed volume in a folder, storage_statistics says that nothing of it is stored
#
# Versions: tensorstore 0.1.86, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: TensorStore.storage_statistics looks for the chunks of a neuroglancer_precomputed volume under the path of
#   its key-value store twice: in "a/a/1_1_1" instead of "a/1_1_1". So it is right only for a volume at the root of its
#   store. Of one in a folder it answers not_stored=True, fully_stored=False though every chunk is there and is read;
#   with an absolute path of the file driver it ends in "Invalid key". For zarr, zarr3 and n5 it is right everywhere.
# Harm: a check for the chunks that a broken copy or a killed job has lost, or one that skips what is already written,
#   takes a whole volume for an empty one: it is copied or computed again, or thrown away.
# Instead: read with fill_missing_data_reads=False, which fails at the first chunk that is not there, and right.
# Output:
#   tensorstore 0.1.86
#   neuroglancer_precomputed at ''   sum 512 not_stored False fully_stored True
#   neuroglancer_precomputed at 'a/' sum 512 not_stored True fully_stored False
#   n5                       at ''   sum 512 not_stored False fully_stored True
#   n5                       at 'a/' sum 512 not_stored False fully_stored True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tensorstore==0.1.86 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import tensorstore as ts

SCALE = {"size": [8, 8, 8], "resolution": [1, 1, 1], "encoding": "raw", "chunk_size": [4, 4, 4]}
KINDS = {
    "neuroglancer_precomputed": {
        "multiscale_metadata": {"type": "image", "data_type": "uint8", "num_channels": 1},
        "scale_metadata": SCALE,
    },
    "n5": {
        "metadata": {"dimensions": [8, 8, 8], "blockSize": [4, 4, 4], "dataType": "uint8", "compression": {"type": "raw"}}
    },
}

print("tensorstore", version("tensorstore"))
seen = {}
for driver, about in KINDS.items():
    for folder in ("", "a/"):
        spec = {"driver": driver, "kvstore": {"driver": "memory", "path": folder}, **about}
        volume = ts.open(spec, create=True).result()
        volume.write(np.ones(volume.shape, np.uint8)).result()
        found = volume.storage_statistics(query_not_stored=True, query_fully_stored=True).result()
        seen[driver, folder] = found.not_stored, found.fully_stored
        total = volume.read().result().sum()
        shown = f"not_stored {found.not_stored} fully_stored {found.fully_stored}"
        print(f"{driver:24} at {folder!r:4} sum {total} {shown}")
        assert total == 512
assert seen.pop(("neuroglancer_precomputed", "a/")) == (True, False), "its chunks are found now"
assert set(seen.values()) == {(False, True)}
PY
