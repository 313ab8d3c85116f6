"""A challenge's entry: the mean over an arm's trainings, and the ledger that shows how often it was scored.

Who looks at a test stack's score, changes a parameter and looks again tunes on the test stack. The ledger does not
forbid it; it makes it visible: a line for each configuration that was ever scored, in git beside the results.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.errors import UserError
from fusionnet.evaluate.checks import as_probabilities
from fusionnet.evaluate.isbi import score_stack
from fusionnet.files import lock, whole_or_absent
from fusionnet.provenance import fingerprint
from fusionnet.volumes.stacks import read_provenance, require_same_shape
from fusionnet.volumes.volume import read_volume

COLUMNS = ["arm", "trainings", "config", "code", "submission", "v_rand", "v_info", "pixel_error"]
DIGITS = 16  # of a SHA-256, in the ledger


def mean_probabilities(paths: Sequence[Path]) -> np.ndarray:
    """Return the mean of probability stacks, float32 (Z, Y, X), 1 inside a cell and 0 on a membrane.

    Args:
        paths: One stack for each training; one alone is returned as it is.

    Raises:
        UserError: The stacks differ in shape, or a value is no probability.
    """
    first = read_volume(paths[0])
    total = np.zeros(first.shape, np.float64)
    for path in paths:
        stack = read_volume(path)
        require_same_shape((paths[0], first), (path, stack))
        total += as_probabilities(stack)
    return (total / len(paths)).astype(np.float32)


def ledger_row(arm: str, paths: Sequence[Path], mean: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Score a submission and describe what made it.

    Args:
        arm: Its name.
        paths: The probability stacks that it is the mean of.
        mean: float32, (Z, Y, X).
        labels: The test stack's truth, (Z, Y, X), 0 on a membrane.
    """
    origins = [read_provenance(path) for path in paths]
    if not all(origins):
        raise UserError(f"{paths[0]}: without provenance; submit probabilities that scripts/predict.py wrote")
    configs = [{key: origin["config"][key] for key in ("predict", "job")} for origin in origins]
    scores = score_stack(labels, mean)
    return {
        "arm": arm,
        "trainings": len(paths),
        "config": fingerprint(configs)[:DIGITS],
        "code": fingerprint([origin["code"] for origin in origins])[:DIGITS],
        "submission": hashlib.sha256(mean.tobytes()).hexdigest()[:DIGITS],
        "v_rand": round(scores.v_rand, 6),
        "v_info": round(scores.v_info, 6),
        "pixel_error": round(scores.pixel_error, 6),
    }


def enter(ledger: Path, row: dict[str, Any]) -> bool:
    """Append a row unless this very submission is in the ledger; return whether it is new.

    Arms are submitted side by side: each waits until no other process has the ledger.

    Args:
        ledger: A CSV file, made if it is missing; its older lines are never changed.
        row: From `ledger_row`.

    Raises:
        UserError: The file is no such ledger.
    """
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with ledger.with_name(f".{ledger.name}.lock").open("a") as gate:
        lock(gate, f"{ledger}: another process is writing it: waiting for its end", wait=True)
        old = pd.read_csv(ledger, dtype=str) if ledger.exists() else pd.DataFrame(columns=COLUMNS)
        if list(old.columns) != COLUMNS:
            raise UserError(f"{ledger}: columns {list(old.columns)}, expected {COLUMNS}; restore it from git")
        if ((old["submission"] == row["submission"]) & (old["config"] == row["config"])).any():
            return False
        with whole_or_absent(ledger) as temporary:
            pd.concat([old, pd.DataFrame([row]).astype(str)]).to_csv(temporary, index=False, lineterminator="\n")
        return True
