#!/usr/bin/env bash
# DVC does not notice a parameter that changes from 1 to true, from 0 to false or from 8 to 8.0
#
# Versions: dvc 3.67.1
# Seen: 2026-11-28
# Behaviour: DVC compares parsed values with Python's ==, for which 1 == True == 1.0. After such an edit `dvc status`
#   says that everything is up to date, `dvc repro` skips the stage, and the output keeps what the old value gave. An
#   edit from 1 to 2 is noticed.
# Harm: `augment: 1` for "once" against `augment: true`, or `weight: 0` against `weight: false` for "off", means two
#   things to many programs, and 8 // 2 and 8.0 // 2 differ in type. The result on disk belongs to the old parameters
#   while `dvc status` certifies the new ones.
# Instead: keep one type per parameter and check it when reading; after changing a type run `dvc repro --force` on the
#   stage, or make the parameter file a dependency, which is compared by its bytes.
# Output:
#   dvc 3.67.1
#   parameters now: augment: true weight: false width: 8.0
#   dvc status: Data and pipelines are up to date.
#   dvc repro: Stage 'train' didn't change, skipping
#   dvc repro: Data and pipelines are up to date.
#   model made from: augment: 1 weight: 0 width: 8
set -euo pipefail
export DVC_NO_ANALYTICS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check dvc==3.67.1 2>pip.log || { cat pip.log; exit 1; }
export PATH="$work/venv/bin:$PATH"
mkdir project && cd project
dvc init --no-scm --quiet
cat > dvc.yaml <<'Y'
stages:
  train:
    cmd: cat params.yaml > model.txt
    params: [augment, weight, width]
    outs: [model.txt]
Y
echo "dvc $(dvc --version)"
printf 'augment: 1\nweight: 0\nwidth: 8\n' > params.yaml
dvc repro --quiet
printf 'augment: true\nweight: false\nwidth: 8.0\n' > params.yaml
echo "parameters now: $(paste -sd' ' params.yaml)"
status=$(dvc status)
echo "dvc status: $status"
dvc repro | sed 's/^/dvc repro: /'
echo "model made from: $(paste -sd' ' model.txt)"
[[ $status == *"up to date"* ]] || { echo "the change is now noticed"; exit 1; }
grep -qx 'augment: 1' model.txt || { echo "the stage was run again"; exit 1; }
printf 'augment: 2\nweight: 0\nwidth: 8\n' > params.yaml
[[ $(dvc status) == *"modified"* ]] || { echo "not even 1 to 2 is noticed"; exit 1; }
