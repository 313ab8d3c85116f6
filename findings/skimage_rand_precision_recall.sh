#!/usr/bin/env bash
# scikit-image's adapted_rand_error returns precision and recall in each other's place
#
# Versions: scikit-image 0.26.0, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: the docstring divides the pairs joined in both segmentations by those of the test image for precision and
#   by those of the truth for recall. The code does the opposite, because it takes the table's rows (the truth) for
#   the test. `alpha`, documented as the weight on the test image's pairs, therefore lands on the truth's.
# Harm: a segmentation that merges two cells is reported with perfect precision and poor recall, one that splits cells
#   the other way round: whoever tunes a merge threshold by them turns it the wrong way. The error itself, at the
#   usual alpha of 0.5, is symmetric and right, so nothing looks amiss.
# Instead: read the result as (error, recall, precision), pass 1 - alpha, or divide the sums of the table yourself.
# Output:
#   scikit-image 0.26.0
#   by the docstring    precision 0.429  recall 1.000
#   returned            precision 1.000  recall 0.429  error 0.400
#   alpha=1, by the docstring's formula 0.571, returned 0.000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import numpy as np
import skimage
from skimage.metrics import adapted_rand_error

print("scikit-image", skimage.__version__)
truth = np.array([1] * 4 + [2] * 4)
merged = np.ones(8, int)  # one segment over two cells: 28 pairs in the test, 12 in the truth, 12 in both
error, precision, recall = adapted_rand_error(truth, merged)
print(f"by the docstring    precision {12 / 28:.3f}  recall {12 / 12:.3f}")
print(f"returned            precision {precision:.3f}  recall {recall:.3f}  error {error:.3f}")
on_test = adapted_rand_error(truth, merged, alpha=1.0)[0]
print(f"alpha=1, by the docstring's formula {1 - 12 / 28:.3f}, returned {on_test:.3f}")
assert np.isclose(precision, 1) and np.isclose(recall, 12 / 28), "precision and recall are no longer swapped"
assert np.isclose(on_test, 0), "alpha no longer weighs the truth"
PY
