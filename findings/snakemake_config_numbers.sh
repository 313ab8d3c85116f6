#!/usr/bin/env bash
# snakemake --config turns a commit or a date into a number, and reads another value than the config file does
#
# Versions: snakemake 9.27.1
# Seen: 2026-11-28
# Behaviour: a value on the command line is tried as a Python int, then as a float, before anything else. Python's
#   numbers may hold underscores and exponents, so the abbreviated commit 4e15402 becomes infinity and the date
#   2026_11_28 the number 20261128. Quotes within the value are stripped before and do not help. A config file with
#   the same text keeps the commits strings, and its 010 is the octal 8 where the command line's is 10.
# Harm: runs of different commits get one and the same folder "inf", and the later one can find the earlier one's
#   files there. One commit in about 27 of seven digits has decimal digits only and loses its leading zeros; some more
#   hold one e among decimal digits. Moving a setting from the file to the command line changes its value.
# Instead: pass identifiers with a prefix that is no number (run-4e15402), or with --configfile and quotes in the
#   file.
# Output:
#   snakemake 9.27.1
#   4e15402: --config inf, --configfile '4e15402'
#   7e10842: --config inf, --configfile '7e10842'
#   2026_11_28: --config 20261128, --configfile 20261128
#   010: --config 10, --configfile 8
#   --config run="4e15402": inf, --config run=run-4e15402: 'run-4e15402'
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check snakemake==9.27.1 pyyaml==6.0.4 \
    2>pip.log || { cat pip.log; exit 1; }
cat > Snakefile <<'S'
open("seen.txt", "w").write(repr(config["run"]))
rule all:
S
read_by() { # read_by OPTION VALUE: how Snakemake understands the value
    venv/bin/snakemake --dry-run --quiet all "$1" "$2" >/dev/null 2>&1 || true
    cat seen.txt
    rm seen.txt
}
echo "snakemake $(venv/bin/snakemake --version)"
all=""
for value in 4e15402 7e10842 2026_11_28 010; do
    echo "run: $value" > config.yaml
    line="$value: --config $(read_by --config "run=$value"), --configfile $(read_by --configfile config.yaml)"
    echo "$line"
    all+="$line;"
done
quoted=$(read_by --config 'run="4e15402"')
prefixed=$(read_by --config run=run-4e15402)
echo "--config run=\"4e15402\": $quoted, --config run=run-4e15402: $prefixed"
expected="4e15402: --config inf, --configfile '4e15402';7e10842: --config inf, --configfile '7e10842';"
expected+="2026_11_28: --config 20261128, --configfile 20261128;010: --config 10, --configfile 8;"
[[ $all == "$expected" ]] || { echo "values are read otherwise"; exit 1; }
[[ $quoted == inf && $prefixed == "'run-4e15402'" ]] || { echo "quotes or a prefix are read otherwise"; exit 1; }
