#!/usr/bin/env bash
# StarDist's and elf's matching: a slice that is rightly left empty scores 0, as badly as a slice that is all wrong
#
# Versions: stardist 0.9.2, python-elf 0.9.2, bioimage-cpp 0.10.0, scikit-image 0.26.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: of a truth without objects and a prediction without objects both return precision, recall, accuracy and F1
#   of 0, StarDist panoptic quality 0 as well, elf's mean_segmentation_accuracy 0.0. "0 of 0" is answered by 0, not by 1
#   or NaN. matching_dataset(by_image=True) averages these zeros in; without by_image it sums the counts first and is
#   right. An average over slices of one's own is like by_image. scikit-image's adapted_rand_error is 0, that is no
#   error, for the same pair. The docstrings do not mention it.
# Harm: mitochondria, synapses or somata are absent from many slices and most blocks. A perfect prediction of a stack
#   half of whose slices are empty has a mean F1 of 0.5, and one that finds two objects in place of none has the same.
#   The mean tells how often the objects occur, so that stacks, and folds of one stack, cannot be compared by it.
# Instead: average over counts (by_image=False; sums of tp, fp and fn), or leave out the slices in which n_true and
#   n_pred are both 0.
# Output:
#   stardist 0.9.2 python-elf 0.9.2
#   10 slices, the truth in 5 of them               StarDist by image  by counts  elf by image  skimage, 1 - error
#   as the truth                                                 0.50       1.00          0.50                1.00
#   as the truth, two objects in each empty slice                0.50       0.67          0.50                0.92
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check stardist==0.9.2 python-elf==0.9.2 \
    bioimage-cpp==0.10.0 scikit-image==0.26.0 numpy==2.4.6 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python -W ignore - 2>log.txt <<'PY' || { cat log.txt; exit 1; }
from importlib.metadata import version

import numpy as np
from elf.evaluation import matching as elf_matching
from skimage.metrics import adapted_rand_error
from stardist.matching import matching, matching_dataset

empty = np.zeros((16, 16), np.uint32)
cells = empty.copy()
cells[2:6, 2:6], cells[9:14, 9:14] = 1, 2
truth = [cells, empty] * 5


def scores(found):
    pairs = {"show_progress": False, "thresh": 0.5}
    by_image = float(matching_dataset(truth, found, by_image=True, **pairs).f1)
    by_counts = float(matching_dataset(truth, found, by_image=False, **pairs).f1)
    elf = float(np.mean([elf_matching(a, b)["f1"] for a, b in zip(found, truth)]))
    rand = float(np.mean([1 - adapted_rand_error(a, b, ignore_labels=())[0] for a, b in zip(truth, found)]))
    counted = [matching(a, b) for a, b in zip(truth, found)]
    tp, wrong = sum(one.tp for one in counted), sum(one.fp + one.fn for one in counted)
    assert abs(by_counts - 2 * tp / (2 * tp + wrong)) < 1e-9, "the counts say otherwise"
    return by_image, by_counts, elf, rand


print("stardist", version("stardist"), "python-elf", version("python-elf"))
print("10 slices, the truth in 5 of them               StarDist by image  by counts  elf by image  skimage, 1 - error")
rows = {"as the truth": truth, "as the truth, two objects in each empty slice": [cells] * 10}
seen = {}
for name, found in rows.items():
    seen[name] = by_image, by_counts, elf, rand = scores(found)
    print(f"{name:47} {by_image:17.2f} {by_counts:10.2f} {elf:13.2f} {rand:19.2f}")
perfect, invented = seen.values()
one = matching(empty, empty)
assert (one.precision, one.recall, one.accuracy, one.f1, one.panoptic_quality) == (0,) * 5, f"empty slices score {one}"
assert set(elf_matching(empty, empty).values()) == {0}, "elf scores empty slices otherwise"
assert perfect[0] == perfect[2] == 0.5 and perfect[1] == perfect[3] == 1, f"the perfect prediction scores {perfect}"
assert invented[0] == invented[2] == 0.5, f"objects in empty slices score {invented}"
PY
