"""Two runs of the workflow in one folder never make the same file: each claims what it is going to make.

Snakemake's own lock outlives a run that was killed, and then asks for ``--unlock``. A claim is a lock on one byte of a
file for each output, which the system frees when the process ends in whatever way.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from fusionnet.files import lock


def claim(outputs: Iterable[str], path: Path) -> IO:
    """Claim outputs for this process.

    Args:
        outputs: Paths as the workflow writes them.
        path: The file whose bytes are locked; it stays empty.

    Returns:
        The open file: the claim lasts until it is closed or the process ends.

    Raises:
        UserError: Another process has claimed one of them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    for output in outputs:
        byte = int.from_bytes(hashlib.sha256(output.encode()).digest()[:6], "big")
        taken = (
            f"{output}: another run in this folder is making it; wait for its end, or end it "
            "(`pgrep -af snakemake` shows it), then repeat the command"
        )
        lock(file, taken, byte=byte)
    return file
