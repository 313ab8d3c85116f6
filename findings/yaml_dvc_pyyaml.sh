#!/usr/bin/env bash
# One params.yaml, three tools: DVC reads other numbers from it than PyYAML and Snakemake do
#
# Versions: dvc 3.67.1 (ruamel.yaml 0.19.1), PyYAML 6.0.4, snakemake 9.27.1
# Seen: 2026-11-28
# Behaviour: DVC parses by YAML 1.2, PyYAML and with it Snakemake's configfile by YAML 1.1. Of one file, a width of
#   010 is 10 to DVC and 8 to the program, a learning rate of 1e-3 a number to DVC and a string to the program, 09 a
#   number and a string, 1:30 a string and 90, on a string and True. A commit such as 4e15402 is the number infinity
#   to DVC.
# Harm: dvc.lock and `dvc params diff` record a width of 10 for a run that used 8; a templated command line gets 10
#   and the same program reading the file gets 8; two commits such as 4e15402 and 7e10842 are both infinity and so the
#   same parameter. Each tool alone is consistent.
# Instead: write numbers that both versions read alike (1.0e-3 with a sign, no leading zeros), quote every identifier
#   and every yes, no, on, off; check on start that each value has the type it should have.
# Output:
#   dvc 3.67.1, PyYAML 6.0.4, snakemake 9.27.1
#   params.yaml          010 1e-3 09 1:30 on 4e15402
#   DVC's command line   10 0.001 9 1:30 on inf
#   dvc.lock             commit: .inf flag: on fold: 9 rate: 0.001 ratio: 1:30 width: 10 outs:
#   PyYAML               8 '1e-3' '09' 90 True '4e15402'
#   Snakemake            8 '1e-3' '09' 90 True '4e15402'
set -euo pipefail
export DVC_NO_ANALYTICS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check dvc==3.67.1 ruamel.yaml==0.19.1 pyyaml==6.0.4 \
    snakemake==9.27.1 2>pip.log || { cat pip.log; exit 1; }
export PATH="$work/venv/bin:$PATH"
mkdir project && cd project
dvc init --no-scm --quiet
cat > params.yaml <<'Y'
width: 010
rate: 1e-3
fold: 09
ratio: 1:30
flag: on
commit: 4e15402
Y
cat > dvc.yaml <<'Y'
vars: [params.yaml]
stages:
  show:
    cmd: echo "${width} ${rate} ${fold} ${ratio} ${flag} ${commit}" > seen.txt
    params: [width, rate, fold, ratio, flag, commit]
    outs: [seen.txt]
Y
cat > Snakefile <<'S'
configfile: "params.yaml"
open("snakemake.txt", "w").write(" ".join(map(repr, config.values())))
rule all:
S
echo "dvc $(dvc --version), PyYAML $(python -c 'import yaml; print(yaml.__version__)'), snakemake $(snakemake --version)"
echo "params.yaml          $(cut -d' ' -f2 params.yaml | paste -sd' ')"
dvc repro --quiet
echo "DVC's command line   $(cat seen.txt)"
echo "dvc.lock             $(grep -A7 params.yaml: dvc.lock | tail -n +2 | xargs)"
echo "PyYAML               $(python -c 'import yaml; print(*map(repr, yaml.safe_load(open("params.yaml")).values()))')"
snakemake --dry-run --quiet all >/dev/null 2>&1 || true
echo "Snakemake            $(cat snakemake.txt)"
[[ $(cat seen.txt) == "10 0.001 9 1:30 on inf" ]] || { echo "DVC reads otherwise now"; exit 1; }
[[ $(cat snakemake.txt) == "8 '1e-3' '09' 90 True '4e15402'" ]] || { echo "Snakemake reads otherwise now"; exit 1; }
