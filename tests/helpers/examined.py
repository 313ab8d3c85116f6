"""A stack as the examination sees it, and what it found."""

from pathlib import Path

import numpy as np
import tifffile

from fusionnet.examine.findings import Finding
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume


def source_of(folder: Path, stack: np.ndarray, name: str = "v.tif") -> VolumeSource:
    tifffile.imwrite(folder / name, stack, photometric="minisblack")
    return open_volume(folder / name)


def problems(findings: list[Finding]) -> str:
    return "\n".join(str(finding) for finding in findings if finding.level != "ok")
