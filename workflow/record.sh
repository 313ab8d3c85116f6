#!/bin/sh
# After `snakemake`: let DVC record what is there, without computing it again.
# Refuses unless Snakemake has nothing to do, so that nothing stale is recorded as current.
set -eu
. workflow/pipelines.sh
experiment=${1:-phantom}
pipeline=$(pipeline_of "$experiment")
[ -f "$pipeline" ] || { echo "record: $pipeline does not exist, so DVC does not follow this experiment" >&2; exit 1; }
snakemake --dry-run -- "$experiment" 2>&1 | grep -q "Nothing to be done" || {
    echo "record: Snakemake has work to do for $experiment; run it first: snakemake $experiment" >&2
    exit 1
}
dvc commit --force "$pipeline"
dvc status "$pipeline"
[ -z "$(git status --porcelain)" ] ||
    echo "record: commit ${pipeline%.yaml}.lock together with the configuration and code that made the results"
