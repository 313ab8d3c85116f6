#!/usr/bin/env bash
# Where the newest zfpy is installed, zarr can no longer be imported
#
# Versions: zarr 3.1.6, numcodecs 0.16.6, zfpy 1.0.1.post0 and 1.0.1
# Seen: 2026-11-30
# Behaviour: numcodecs, on its import, makes integers of the parts of zfpy's version. The newest zfpy is a post-release,
#   and `post0` is none: importing numcodecs raises ValueError, and with it `import zarr`, for arrays of any compressor.
#   With zfpy 1.0.1, or without zfpy, all is well.
# Harm: zfpy is an optional codec that other packages bring along. Whoever adds one of them to an environment loses
#   Zarr whole, and the message names a number, not a package.
# Instead: zfpy==1.0.1, or none; packages that ask for zfpy should leave that release out.
# Known: no report of it was found.
# Output:
#   zarr 3.1.6, numcodecs 0.16.6
#   zfpy 1.0.1        zarr is imported
#   zfpy 1.0.1.post0  ValueError: invalid literal for int() with base 10: 'post0'
#   no zfpy           zarr is imported
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
install() {
    venv/bin/pip install --quiet --no-compile --disable-pip-version-check "$@" 2>pip.log || { cat pip.log; exit 1; }
}
install zarr==3.1.6 numcodecs==0.16.6 numpy==2.4.6 zfpy==1.0.1
venv/bin/python - <<'PY'
from importlib.metadata import version

print(f"zarr {version('zarr')}, numcodecs {version('numcodecs')}")
PY
imported() { venv/bin/python -c 'import zarr; print("zarr is imported")' 2>&1 | tail -n 1 || true; }
said=$(imported)
echo "zfpy 1.0.1        $said"
[ "$said" = "zarr is imported" ] || { echo "zfpy 1.0.1 breaks it too"; exit 1; }
install zfpy==1.0.1.post0
said=$(imported)
echo "zfpy 1.0.1.post0  $said"
case $said in ValueError*post0*) ;; *) echo "the post-release is read now"; exit 1 ;; esac
venv/bin/pip uninstall --quiet --yes --disable-pip-version-check zfpy
said=$(imported)
echo "no zfpy           $said"
[ "$said" = "zarr is imported" ] || { echo "without zfpy zarr is not imported"; exit 1; }
