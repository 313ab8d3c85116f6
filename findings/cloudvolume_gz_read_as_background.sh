#!/usr/bin/env bash
# A precomputed volume that cloud-volume wrote into a local folder is read by tensorstore as nothing but background
#
# Versions: cloud-volume 12.15.2, tensorstore 0.1.86, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: cloud-volume compresses chunks. In a bucket it notes that beside the object; in a folder it appends .gz to
#   the chunk's name, and looks for such names itself. The format's description knows none. tensorstore reads the same
#   `info` and the same shape, misses the chunks, and a missing chunk is all zeros: no error, no warning. With
#   compress=False the volume is whole in both.
# Harm: a stack or a segmentation that cloud-volume wrote on a workstation is predicted from, or scored, as an empty
#   one. A region that is all background is taken for a poor result, not for a file that was not found.
# Instead: write with compress=False into folders; open with fill_missing_data_reads=False, by which tensorstore
#   raises at a missing chunk; or look for names that end in .gz.
# Known: https://github.com/seung-lab/cloud-volume/issues/578 (Neuroglancer shows nothing, with errors).
# Output:
#   cloud-volume 12.15.2 tensorstore 0.1.86 - labels 1 to 8 in 8 chunks
#   written with          files      cloud-volume reads   tensorstore reads   missing chunks forbidden
#   the default           8 of .gz   1 to 8               0 to 0              refused
#   compress=False        8          1 to 8               1 to 8              1 to 8
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check cloud-volume==12.15.2 tensorstore==0.1.86 \
    numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
HOME=$work venv/bin/python -W error::UserWarning - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tensorstore
from cloudvolume import CloudVolume

SIDE = 16
blocks = np.arange(1, 9, dtype=np.uint32).reshape(2, 2, 2)
labels = np.kron(blocks, np.ones((SIDE,) * 3, np.uint32))


def span(array):
    return f"{array.min()} to {array.max()}"


def by_tensorstore(name, **options):
    store = {"driver": "file", "path": f"{Path(name).resolve()}/"}
    spec = {"driver": "neuroglancer_precomputed", "kvstore": store, **options}
    return tensorstore.open(spec, read=True).result()[..., 0].read().result()


print("cloud-volume", version("cloud-volume"), "tensorstore", version("tensorstore"), "- labels 1 to 8 in 8 chunks")
print("written with          files      cloud-volume reads   tensorstore reads   missing chunks forbidden")
for name, how, options in (("packed", "the default", {}), ("plain", "compress=False", {"compress": False})):
    address = f"file://{Path(name).resolve()}"
    info = CloudVolume.create_new_info(
        1, "segmentation", "uint32", "raw", resolution=(4, 4, 30), voxel_offset=(0, 0, 0), chunk_size=(SIDE,) * 3,
        volume_size=labels.shape,
    )
    volume = CloudVolume(address, info=info, progress=False, **options)
    volume.commit_info()
    volume[:] = labels
    own = np.asarray(CloudVolume(address, progress=False)[:])[..., 0]
    other = by_tensorstore(name)
    try:
        strict = span(by_tensorstore(name, fill_missing_data_reads=False))
    except ValueError as error:
        strict = "refused"
        assert "missing" in str(error), error
    chunks = [file.name for file in Path(name, "4_4_30").iterdir()]
    packed = sum(file.endswith(".gz") for file in chunks)
    assert packed in (0, len(chunks)), chunks
    print(f"{how:21} {len(chunks)}{' of .gz' if packed else '':9} {span(own):20} {span(other):19} {strict}")
    assert np.array_equal(own, labels), "cloud-volume does not read what it wrote"
    if options:
        assert np.array_equal(other, labels) and not packed, "plain chunks are not found"
    else:
        assert not other.any() and packed == 8 and strict == "refused", "compressed chunks are found now"
PY
