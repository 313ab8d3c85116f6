# Sourced by record.sh, sync.sh and push.sh.

# Print the experiments that DVC has a record of.
recorded_experiments() {
    [ ! -f dvc.lock ] || echo phantom
    for lock in results/*/dvc.lock; do
        [ ! -f "$lock" ] || basename "$(dirname "$lock")"
    done
}

# Print the DVC pipeline of an experiment.
pipeline_of() {
    if [ "$1" = phantom ]; then echo dvc.yaml; else echo "results/$1/dvc.yaml"; fi
}

# Print the name of DVC's remote, or say how to set one.
remote_for() {
    name=$(dvc config core.remote 2>/dev/null || true)
    if [ -z "$name" ]; then
        echo "$1: no DVC remote is set; name one: dvc remote add --default store ADDRESS" \
            "(a folder, ssh://... or s3://..., see docs/dvc.md)" >&2
        return 1
    fi
    echo "$name"
}

# Print DVC's errors on one line.
errors_in() {
    echo "$1" | sed -n 's/^ERROR: //p' | tr '\n' ' '
}
