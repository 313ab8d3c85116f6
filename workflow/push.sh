#!/bin/sh
# Send what DVC has recorded to its remote: results, and raw stacks with the ORIGIN.json beside them.
# Usage: workflow/push.sh [EXPERIMENT...]; without names every recorded experiment.
set -eu
. workflow/pipelines.sh
remote=$(remote_for push)
sent=0 failed=0
for experiment in ${*:-$(recorded_experiments)}; do
    pipeline=$(pipeline_of "$experiment")
    lock=${pipeline%.yaml}.lock
    if [ ! -f "$lock" ]; then
        echo "push: $experiment: DVC has no record of it; make one: make record EXPERIMENT=$experiment" >&2
        failed=1
        continue
    fi
    if ! output=$(dvc push "$pipeline" 2>&1); then
        echo "push: $experiment: the remote '$remote' did not take it: $(errors_in "$output");" \
            "look at: dvc remote list" >&2
        failed=1
        continue
    fi
    case $output in
    *"Missing cache files"*)
        echo "push: $experiment: recorded results are not here, so they were not sent;" \
            "make them: snakemake $experiment" >&2
        [ $# = 0 ] || failed=1
        continue
        ;;
    esac
    echo "push: $experiment: what is recorded is in the remote '$remote'"
    sent=1
    dvc status --quiet "$pipeline" ||
        echo "push: $experiment: what is here now is not what is recorded; to send it: make record, then make push" >&2
    git diff --quiet HEAD -- "$lock" ||
        echo "push: $experiment: commit $lock, which tells a clone what to ask the remote for" >&2
done
[ "$sent" = 1 ] && [ "$failed" = 0 ]
