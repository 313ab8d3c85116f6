#!/bin/sh
# After `git checkout` or `git pull`, or `git clone` where a DVC remote is set: fetch this commit's results
# and tell Snakemake that they are current.
# Refuses unless DVC finds everything unchanged: Snakemake's own memory may stem from another commit.
set -eu
experiment=${1:-phantom}
pipeline=dvc.yaml
[ "$experiment" = phantom ] || pipeline=results/$experiment/dvc.yaml
[ -f "$pipeline" ] || { echo "sync: $pipeline does not exist, so DVC does not follow this experiment" >&2; exit 1; }
dvc pull --quiet "$pipeline" 2>/dev/null || dvc checkout --quiet "$pipeline" || {
    echo "sync: DVC has not all results of this commit, neither in its cache nor in a remote; make them: snakemake $experiment" >&2
    exit 1
}
dvc status --quiet "$pipeline" || {
    echo "sync: dvc status is not clean, so nothing was marked as current; run: dvc repro $pipeline" >&2
    exit 1
}
snakemake --touch --forceall --cores 1 --quiet all -- "$experiment"
