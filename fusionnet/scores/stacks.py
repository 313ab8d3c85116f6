"""The stacks that `scripts/evaluate.py` scores: read, cut to the slices in question, and named by their bytes."""

import hashlib
import re
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError
from fusionnet.files import sha256
from fusionnet.scores.inputs import as_labels
from fusionnet.volumes import TIFF_SUFFIXES, read_labels, read_provenance, read_volume


def read_truth(path: Path, instances: bool = False, slices: str | None = None) -> np.ndarray:
    """Read the labels to score against.

    Args:
        path: As for `fusionnet.volumes.read_volume`.
        instances: The stack holds instance numbers, 0 where nothing is labelled; otherwise membranes.
        slices: ``"A-B"`` or ``"A"``: keep these slices, both included and counted from 0.

    Returns:
        Integers, shape (Z, Y, X): 0 and 1, or the instance numbers.

    Raises:
        UserError: As for `fusionnet.volumes.read_labels` or `fusionnet.scores.inputs.as_labels`, or the range
            is no range or not in the stack.
    """
    labels = as_labels(read_volume(path), str(path)) if instances else read_labels(path)
    if slices is None:
        return labels
    written = re.fullmatch(r"(\d+)(?:-(\d+))?", slices)
    first, last = (int(written[1]), int(written[2] or written[1])) if written else (1, 0)
    if not first <= last < len(labels):
        raise UserError(
            f"--label-slices {slices}: expected A-B with 0 <= A <= B <= {len(labels) - 1}, the slices of {path}"
        )
    return labels[first : last + 1]


def origin_of(path: Path) -> dict[str, object]:
    """Say which bytes a stack was read from, and what `fusionnet.volumes` recorded of its making.

    Args:
        path: As for `fusionnet.volumes.read_volume`: a file, a folder, or ``file.h5:key``.

    Returns:
        ``path``; ``sha256`` of the file, or of the names and SHA-256 of a folder's files in sorted order; and
        ``made_by``, the recorded provenance (empty for a foreign stack).
    """
    source = path if path.exists() else Path(str(path).rpartition(":")[0])
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.is_file())
        listing = "".join(f"{sha256(file)}  {file.relative_to(source).as_posix()}\n" for file in files)
        digest = hashlib.sha256(listing.encode()).hexdigest()
    else:
        digest = sha256(source)
    made_by = read_provenance(path) if path.suffix.lower() in TIFF_SUFFIXES else {}
    return {"path": str(path), "sha256": digest, "made_by": made_by}
