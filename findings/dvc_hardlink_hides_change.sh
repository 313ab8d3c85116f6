#!/usr/bin/env bash
# DVC with hard links checks out an older input with its older time: Snakemake keeps the results of the newer one
#
# Versions: dvc 3.67.1, snakemake 9.27.1
# Seen: 2026-11-29
# Behaviour: with cache.type hardlink a file in the workspace is the file in DVC's cache, its time of modification
#   included. Checking out an earlier version of an input so gives it a time before that of the results. Snakemake
#   compares times, and looks at the content only to leave a job out, never to add one: nothing to be done. With
#   copies, and with symbolic links, whose own time counts, the input is new and the job runs.
# Harm: hard links are among DVC's advice for large files. After git checkout and dvc checkout the folder holds the old
#   volume and the segmentation of the new one; Snakemake, asked whether they belong together, says yes. DVC sees
#   nothing amiss either, since the segmentation is Snakemake's.
# Instead: cache.type symlink or copy where Snakemake reads what DVC checks out, or touch the files that dvc checkout
#   names as modified (of hard links this touches the cache too), or run with --forcerun.
# Known: https://github.com/treeverse/dvc/issues/8602 asks DVC to keep times, for Snakemake among others.
# Output:
#   dvc 3.67.1 snakemake 9.27.1
#   hardlink: volume.txt is version 1, labels.txt made from version 2; snakemake: Nothing to be done
#   symlink:  volume.txt is version 1, labels.txt made from version 2; snakemake: Updated input files: volume.txt
#   copy:     volume.txt is version 1, labels.txt made from version 2; snakemake: Updated input files: volume.txt
set -euo pipefail
export DVC_NO_ANALYTICS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check dvc==3.67.1 snakemake==9.27.1 2>pip.log \
    || { cat pip.log; exit 1; }
export PATH="$work/venv/bin:$PATH"
printf 'dvc %s snakemake %s\n' "$(dvc --version)" "$(snakemake --version)"
cat > Snakefile <<'S'
rule labels:
    input: "volume.txt"
    output: "labels.txt"
    shell: "cp {input} {output}"
S
for kind in hardlink symlink copy; do
    mkdir "$work/$kind" && cd "$work/$kind"
    dvc init --no-scm --quiet
    dvc config cache.type "$kind"
    cp ../Snakefile .
    echo "version 1" > volume.txt
    dvc add --quiet volume.txt
    cp volume.txt.dvc ../first.dvc # what git checkout would bring back
    sleep 1
    rm volume.txt
    echo "version 2" > volume.txt
    dvc add --quiet volume.txt
    snakemake --cores 1 labels > log.txt 2>&1 || { cat log.txt; exit 1; }
    cp ../first.dvc volume.txt.dvc
    dvc checkout --quiet volume.txt.dvc
    snakemake --dry-run labels > log.txt 2>&1 || { cat log.txt; exit 1; }
    answer=$(grep -o -m 1 -E "Nothing to be done|Updated input files: .*" log.txt)
    printf '%-9s volume.txt is %s, labels.txt made from %s; snakemake: %s\n' "$kind:" "$(cat volume.txt)" \
        "$(cat labels.txt)" "$answer"
    [ "$(cat volume.txt labels.txt | xargs)" = "version 1 version 2" ] || { echo "the set-up is not as meant"; exit 1; }
    expected="Updated input files: volume.txt"
    [ "$kind" != hardlink ] || expected="Nothing to be done"
    [ "$answer" = "$expected" ] || { echo "snakemake answers otherwise with $kind"; exit 1; }
done
