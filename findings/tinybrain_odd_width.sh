#!/usr/bin/env bash
# tinybrain: averaging an odd width by two gives black edge pixels, unless two levels are asked for at once
#
# Versions: tinybrain 1.7.0, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: downsample_with_averaging(image, (2, 2, 1)) of an odd first axis writes the edge's average one place too
#   early, over the average that belongs there, and leaves the last place 0. With num_mips=2 the same first level is
#   right, and so is the factor (2, 2, 2). It is so for 8 and 16 bits and for floats. An odd second axis is wrong as
#   well; that is not run here. Nothing warns, and a constant image is not constant any more.
# Harm: Igneous makes the lower resolutions of Neuroglancer volumes with it. At one level a time, of a volume of odd
#   width, each tile at its end loses two columns, one of them black: a line like a membrane, at the outer edge, which
#   a later level widens. Grey statistics of the level change with it.
# Instead: pad an odd axis with its own last values (np.pad, mode="edge"), or ask for num_mips=2 and keep the first.
# Output:
#   tinybrain 1.7.0
#   width 5, columns             10 20 30 40 50
#   num_mips=1, uint8            15 50 0
#   num_mips=1, uint16           15 50 0
#   num_mips=1, float32          15 50 0
#   num_mips=2, uint8            15 35 50
#   factor (2, 2, 2), uint8      15 35 50
#   padded to 6, uint8           15 35 50
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tinybrain==1.7.0 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W error - <<'PY'
from importlib.metadata import version

import numpy as np
from tinybrain import downsample_with_averaging as halve

print("tinybrain", version("tinybrain"))
columns = np.array([10, 20, 30, 40, 50])
print(f"{'width 5, columns':28}", *columns)


def image(dtype, width=5):
    return np.asfortranarray(np.pad(columns, (0, width - 5), "edge")[:, None, None] * np.ones((1, 4, 2), dtype), dtype)


seen = {f"num_mips=1, {dtype}": halve(image(dtype), (2, 2, 1))[0] for dtype in ("uint8", "uint16", "float32")}
seen["num_mips=2, uint8"] = halve(image("uint8"), (2, 2, 1), num_mips=2)[0]
seen["factor (2, 2, 2), uint8"] = halve(image("uint8"), (2, 2, 2))[0]
seen["padded to 6, uint8"] = halve(image("uint8", 6), (2, 2, 1))[0]
for name, half in seen.items():
    assert (half == half[:, :1, :1]).all(), f"{name} is not constant along the other axes"
    print(f"{name:28}", *(f"{value:g}" for value in half[:, 0, 0]))
    expected = [15, 50, 0] if name.startswith("num_mips=1") else [15, 35, 50]
    assert half[:, 0, 0].tolist() == expected, f"{name} gives {half[:, 0, 0]}"
PY
