#!/usr/bin/env bash
# safetensors: a file that save_file wrote can be read by its owner alone, whatever the umask
#
# Versions: safetensors 0.8.0, numpy 2.4.6, Linux
# Seen: 2026-11-29
# Behaviour: with the umask 022, which gives every other new file the mode 644, save_file makes a file of mode 600: it
#   writes a private temporary file and renames it. Writing over a file of mode 644 leaves 600 as well. The bytes of save,
#   written by oneself, have the mode that the umask says.
# Harm: networks written to a folder that a group or a web server shares cannot be read by anyone else, and nobody is told
#   until a colleague's job fails.
# Instead: write the bytes that safetensors.numpy.save or safetensors.torch.save returns, or chmod afterwards.
# Output:
#   safetensors 0.8.0
#   new file: open 644, save_file 600, bytes of save 644
#   over a file of mode 644: save_file 600
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6 2>pip.log ||
    { cat pip.log; exit 1; }
umask 022
venv/bin/python - <<'PY'
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save, save_file

arrays = {"a": np.zeros(3)}


def mode(name):
    return oct(Path(name).stat().st_mode)[-3:]


print("safetensors", version("safetensors"))
Path("plain").write_bytes(b"")
save_file(arrays, "new.safetensors")
Path("bytes.safetensors").write_bytes(save(arrays))
print(f"new file: open {mode('plain')}, save_file {mode('new.safetensors')}, bytes of save {mode('bytes.safetensors')}")
Path("old.safetensors").write_bytes(save(arrays))
before = mode("old.safetensors")
save_file(arrays, "old.safetensors")
print(f"over a file of mode {before}: save_file {mode('old.safetensors')}")
modes = mode("plain"), mode("new.safetensors"), mode("bytes.safetensors"), before, mode("old.safetensors")
assert modes == ("644", "600", "644", "644", "600"), "save_file minds the umask now"
PY
