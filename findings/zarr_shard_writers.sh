#!/usr/bin/env bash
# Processes that each write whole chunks of their own still erase one another's when the chunks share a shard
#
# Versions: zarr 3.1.6, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: `array.chunks` of a sharded array is the inner chunk, but the file on disk is the shard, and zarr
#   rewrites it whole for each inner chunk. Two writers at a time both read the old shard and the later one puts it
#   back without the other's chunk. All processes exit with 0 and no chunk is reported missing: it reads as the fill
#   value.
# Harm: the rule that has served since Zarr 2, "align each worker with array.chunks", silently loses blocks of a
#   segmentation, and a trial with one worker is whole.
# Instead: split the work by `array.shards` where it is not None, one writer a shard.
# Output (which blocks survive differs from run to run):
#   zarr 3.1.6 - 8 writers, one whole chunk each, all exit codes 0
#   a shard each    [1, 2, 3, 4, 5, 6, 7, 8]
#   one shard       [1, 0, 0, 0, 0, 0, 0, 0]
#   one shard       [1, 0, 0, 0, 0, 6, 0, 0]
#   one shard       [0, 0, 0, 0, 0, 0, 0, 8]
#   one shard       [0, 0, 0, 0, 0, 0, 7, 8]
#   one shard       [0, 0, 0, 0, 0, 0, 7, 0]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check zarr==3.1.6 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
cat > writers.py <<'PY'
import multiprocessing

import zarr

ROWS, WRITERS = 64, 8


def write(index, barrier):
    array = zarr.open_array("labels.zarr", mode="r+")
    assert array.chunks[0] == ROWS
    barrier.wait()
    array[index * ROWS : (index + 1) * ROWS] = index + 1


def attempt(shard_rows):
    zarr.create_array("labels.zarr", shape=(ROWS * WRITERS, 64), chunks=(ROWS, 64), shards=(shard_rows, 64), dtype="u1",
                      overwrite=True)
    barrier = multiprocessing.Barrier(WRITERS)
    processes = [multiprocessing.Process(target=write, args=(index, barrier)) for index in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert not any(process.exitcode for process in processes)
    return zarr.open_array("labels.zarr", mode="r")[::ROWS, 0].tolist()


if __name__ == "__main__":
    print("zarr", zarr.__version__, "- 8 writers, one whole chunk each, all exit codes 0")
    alone = attempt(ROWS)
    print("a shard each   ", alone)
    tries = [attempt(ROWS * WRITERS) for _ in range(5)]
    for result in tries:
        print("one shard      ", result)
    assert 0 not in alone and any(0 in result for result in tries), "no chunk was lost in five tries"
PY
venv/bin/python writers.py
