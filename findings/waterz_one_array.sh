#!/usr/bin/env bash
# waterz: a list of segmentations at several thresholds holds the last one several times, and the fragments are gone
#
# Versions: waterz 0.10.1, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: agglomerate() is a generator that yields one and the same array at each threshold and overwrites it in
#   between. Of list(agglomerate(...)) all entries are the segmentation of the highest threshold. Thresholds are taken
#   in rising order whatever the order given, so zip(thresholds, segmentations) pairs them wrongly. An array passed as
#   `fragments` is that array too: it holds the segmentation afterwards. The docstring says that one segmentation at
#   a time is in memory and that the order rises, but not that what was handed out changes.
# Harm: a sweep over thresholds gives the same score for each of them, which looks like a plateau; the oversegmentation
#   that was to be scored or agglomerated again with another function is already merged.
# Instead: copy() in the loop, sort the thresholds first, and pass fragments.copy().
# Output:
#   waterz 0.10.1
#   one row of 4 fragments, affinities between them 0.9 0.6 0.3; thresholds 0.2, 0.5, 0.8
#   segments, copied in the loop   [3, 2, 1]
#   segments, from a list          [1, 1, 1]
#   thresholds given as 0.8, 0.5, 0.2, copied: [3, 2, 1]
#   fragments before [1, 2, 3, 4], after [1, 1, 1, 1]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check waterz==0.10.1 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - >log.txt <<'PY' || { cat log.txt; exit 1; }
import sys
from importlib.metadata import version

import numpy as np
import waterz


def say(*words):
    print(*words, file=sys.stderr)  # waterz itself writes to standard output


def agglomerate(thresholds, fragments=None):
    fragments = row() if fragments is None else fragments
    return waterz.agglomerate(affinities, thresholds, fragments=fragments)


def row():
    return np.arange(1, 5, dtype=np.uint64).reshape(1, 1, 4)


def counts(segmentations):
    return [len(np.unique(segmentation)) for segmentation in segmentations]


affinities = np.zeros((3, 1, 1, 4), np.float32)
affinities[2, 0, 0, 1:] = 0.9, 0.6, 0.3
say("waterz", version("waterz"))
say("one row of 4 fragments, affinities between them 0.9 0.6 0.3; thresholds 0.2, 0.5, 0.8")
rising = [0.2, 0.5, 0.8]
copied = counts([segmentation.copy() for segmentation in agglomerate(rising)])
say("segments, copied in the loop  ", copied)
listed = counts(list(agglomerate(rising)))
say("segments, from a list         ", listed)
falling = counts([segmentation.copy() for segmentation in agglomerate(rising[::-1])])
say("thresholds given as 0.8, 0.5, 0.2, copied:", falling)
mine = row()
list(agglomerate([0.8], mine))
say("fragments before", row().ravel().tolist(), "after", mine.ravel().tolist())
assert copied == [3, 2, 1], f"the thresholds mean something else: {copied}"
assert listed == [1, 1, 1], f"each threshold has an array of its own: {listed}"
assert falling == copied, f"the order given is kept: {falling}"
assert len(np.unique(mine)) == 1, "fragments are left as they were"
PY
