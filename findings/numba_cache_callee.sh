#!/usr/bin/env bash
# numba cache=True: a kernel goes on using the old version of a function imported from an edited module
#
# Versions: numba 0.68.1, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: the cached machine code of a function holds the functions it calls, but its freshness is judged by the
#   time and size of its own source file alone. After an edit of the module that holds a callee, a new process runs
#   the callee's new code when called directly and its old code when called through the cached function, in one and
#   the same run.
# Harm: a corrected score or pixel rule has no effect where it is used, although a test of the corrected function
#   passes; a fresh clone gives other numbers than the machine where it was developed. Checking out an older commit to
#   compare has the same effect.
# Instead: keep kernels that call one another in one file, or set NUMBA_CACHE_DIR to a folder named after a hash of
#   all sources; in CI and before reporting numbers remove the cached files (*.nbi, *.nbc).
# Output:
#   numba 0.68.1 - of the greys 0 100 128 200
#   rule grey < 128: counted by the kernel 2, by the rule itself 2
#   rule grey <= 128: counted by the kernel 2, by the rule itself 3
#   cache removed:    counted by the kernel 3, by the rule itself 3
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check numba==0.68.1 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
export NUMBA_CACHE_DIR="$work/cache"
write_rule() {
    printf 'import numba\n\n\n@numba.njit\ndef is_boundary(grey):\n    return grey %s 128\n' "$1" > rule.py
}
cat > kernel.py <<'PY'
import numba

from rule import is_boundary


@numba.njit(cache=True)
def count(pixels):
    total = 0
    for grey in pixels:
        total += is_boundary(grey)
    return total
PY
cat > main.py <<'PY'
import numpy as np

from kernel import count
from rule import is_boundary

pixels = np.array([0, 100, 128, 200])
print(count(pixels), sum(is_boundary(grey) for grey in pixels))
PY
export PYTHONDONTWRITEBYTECODE=1
venv/bin/python -c 'import numba; print("numba", numba.__version__, "- of the greys 0 100 128 200")'
for rule in "<" "<="; do
    write_rule "$rule"
    result=$(venv/bin/python main.py)
    echo "rule grey $rule 128: counted by the kernel ${result% *}, by the rule itself ${result#* }"
done
stale=$result
rm -r cache
result=$(venv/bin/python main.py)
echo "cache removed:    counted by the kernel ${result% *}, by the rule itself ${result#* }"
[[ $stale == "2 3" && $result == "3 3" ]] || { echo "the kernel notices the edit now"; exit 1; }
