"""From which configuration, code, data and environment an artefact was made."""

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fusionnet import __version__
from fusionnet.files import sha256

ENVIRONMENT = ("numpy", "scipy", "torch")


def provenance(
    stage: str, config: Mapping[str, Any], inputs: Mapping[str, Path], code: tuple[str, ...] = ("fusionnet",)
) -> dict[str, Any]:
    """Describe the making of an artefact; without times, so that equal work gives equal bytes.

    Args:
        stage: The stage's word, such as ``"train"``.
        config: The part of the configuration that the stage was given.
        inputs: The files that it read, by role.
        code: Packages and modules that decide the artefact. Of what others are built on, name these alone: an edit
            elsewhere then leaves its bytes, and so all that is built on it, as they are.

    Returns:
        JSON-ready dictionary with SHA-256 sums of the inputs and of that code, as far as it is imported.
    """
    return {
        "stage": stage,
        "fusionnet": __version__,
        "config": dict(config),
        "inputs": {role: sha256(path) for role, path in inputs.items()},
        "code": _hash_of_imported(code),
        "environment": {"python": platform.python_version(), **{name: version(name) for name in ENVIRONMENT}},
    }


def fingerprint(content: object) -> str:
    """Return the SHA-256 of JSON-ready content, such as a provenance, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _hash_of_imported(code: tuple[str, ...]) -> str:
    within = tuple(f"{name}." for name in code)
    modules = {name: module for name, module in sys.modules.items() if name in code or name.startswith(within)}
    digest = hashlib.sha256()
    for name in sorted(modules):
        digest.update(name.encode() + Path(str(modules[name].__file__)).read_bytes())
    return digest.hexdigest()
