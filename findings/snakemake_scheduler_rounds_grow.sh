#!/usr/bin/env bash
# Snakemake's scheduler works the more the more jobs have ended: each adds a round of selection to every later second
#
# Versions: snakemake 9.27.1
# Seen: 2026-11-29
# Behaviour: by default at most 100 jobs are started in a second (--max-jobs-per-timespan 100/1s). As long as a limit
#   is set, every round of the scheduler starts a timer of that timespan, which begins another round. The end of a job
#   begins a round too, so a further timer goes on beside those that are there for as long as some job is ready that
#   the cores do not suffice for. With 120 jobs that wait for one core, the 101st to the 120th see some ten times as
#   many rounds as the first 20, though as many jobs are started.
# Harm: in each round the sizes of the inputs of all ready jobs are asked for. With 260 jobs of half a minute and some
#   60 inputs each, the scheduler alone took half of a core after a hundred of them, on a machine of two cores.
# Instead: take the limit away where the workflow starts (onstart: workflow.scheduler.job_rate_limiter = None), or
#   give it a longer timespan (--max-jobs-per-timespan 1000/10s), which the end of a run may have to wait for.
# Output:
#   snakemake 9.27.1
#   rounds while jobs 1 to 20 ended, and 101 to 120:
#   by default: 81 and 779
#   without the limit: 20 and 20
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check snakemake==9.27.1 \
    2>pip.log || { cat pip.log; exit 1; }
echo "snakemake $(venv/bin/snakemake --version)"
echo "rounds while jobs 1 to 20 ended, and 101 to 120:"
rules='rule all:
    input: expand("made/{n}", n=range(140))
rule make:
    output: "made/{n}"
    shell: "sleep 0.3; touch {output}"'
rounds() { # rounds NAME EXTRA: of the first and of the sixth twenty jobs
    printf '%s\n%s\n' "$rules" "$2" > Snakefile
    rm -rf made .snakemake
    venv/bin/snakemake --cores 1 --verbose >log.txt 2>&1
    awk '/^Ready jobs/ {n[int(done / 20)]++} / steps \(/ {done++} END {print n[0] + 0, n[5] + 0}' log.txt > rounds.txt
    read -r first last < rounds.txt
    echo "$1: $first and $last"
}
rounds "by default" ""
((last > 5 * first)) || { echo "the rounds do not grow"; exit 1; }
rounds "without the limit" "onstart: workflow.scheduler.job_rate_limiter = None"
((last < 2 * first)) || { echo "the rounds grow without the limit too"; exit 1; }
