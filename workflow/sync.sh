#!/bin/sh
# After `git checkout`: put this commit's results in place and tell Snakemake that they are current. With --pull, after
# `git clone` or `git pull`: get them from DVC's remote before.
# Usage: workflow/sync.sh [--pull] [EXPERIMENT...]; without names every experiment whose results are to be had.
# Refuses unless DVC finds everything unchanged: Snakemake's own memory may stem from another commit.
set -eu
. workflow/pipelines.sh
me=sync remote=
if [ "${1:-}" = --pull ]; then
    shift
    me=pull remote=$(remote_for pull)
    address=$(dvc config "remote.$remote.url")
    case $address in
    /*)
        [ -d "$address" ] || {
            echo "pull: no folder $address (the remote '$remote'); is its disk mounted?" >&2
            exit 1
        }
        ;;
    esac
    # Else DVC takes whatever the remote sends for what was asked, and calls a damaged file up to date.
    [ "$(dvc config "remote.$remote.verify" 2>/dev/null)" = true ] || dvc remote modify --local "$remote" verify true
fi
synced=0 refused=0

refuse() { # EXPERIMENT REASON
    echo "$me: $1: $2" >&2
    refused=1
}

explain_missing() { # EXPERIMENT, DVC's output
    files=$(echo "$2" | sed -n '/following targets:/,/^Is your cache/{//!p}' | head -n 3 | tr '\n' ' ')
    if [ -n "$remote" ]; then
        reason="missing or damaged in the remote '$remote': ${files}...; push them again where they were made"
    else
        reason="this commit's results are not here: ${files}...; get them: make pull"
    fi
    echo "$me: $1: $reason, or make them: snakemake $1" >&2
}

for experiment in ${*:-$(recorded_experiments)}; do
    pipeline=$(pipeline_of "$experiment")
    if [ ! -f "${pipeline%.yaml}.lock" ]; then
        refuse "$experiment" "this commit has no record of it; make its results: snakemake $experiment"
        continue
    fi
    if [ -n "$remote" ] && ! output=$(dvc fetch "$pipeline" 2>&1); then
        refuse "$experiment" "the remote '$remote' did not send: $(errors_in "$output"); look at: dvc remote list"
        continue
    fi
    if output=$(dvc checkout "$pipeline" 2>&1); then
        if dvc status --quiet "$pipeline"; then
            snakemake --touch --forceall --cores 1 --quiet all -- "$experiment"
            echo "$me: $experiment: the results are this commit's"
            synced=1
        else
            refuse "$experiment" "configuration or code differ from this commit's record, so nothing was marked as\
 current; undo the change (git stash) or take it up: dvc repro $pipeline"
        fi
    else
        case $output in
        *"Can't remove"*)
            refuse "$experiment" "results that are not recorded would be lost; go back to the commit that made them and\
 keep them there: make record EXPERIMENT=$experiment, or drop them: dvc checkout --force $pipeline"
            ;;
        *"Checkout failed"*)
            explain_missing "$experiment" "$output"
            [ $# = 0 ] || refused=1
            ;;
        *) refuse "$experiment" "$(errors_in "$output")" ;;
        esac
    fi
done
[ "$synced" = 1 ] && [ "$refused" = 0 ]
