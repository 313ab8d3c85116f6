"""Volumes as other programs write them, by the shared generator: read as they must be, or refused."""

import hashlib
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

GENERATOR = Path(__file__).parents[4] / "shared/cases/make_volumes.py"
pytestmark = pytest.mark.skipif(not GENERATOR.is_file(), reason=f"{GENERATOR} is not there")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the generator filled."""
    folder = tmp_path_factory.mktemp("cases")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", [str(GENERATOR), "."])
        runpy.run_path(str(GENERATOR), run_name="__main__")
    return folder


def wrong(folder: Path, case: dict[str, Any]) -> str:
    """Return what is wrong with how a case is read; empty if nothing is."""
    try:
        source = open_volume(f"{folder}/{case['path']}")
        voxels = source.read_all()
    except UserError as error:
        return "" if case["refused"] and "\n" not in str(error) else f"refused: {error}"
    if case["refused"]:
        return f"read as {source.shape}, must be refused"
    got = list(source.shape), str(voxels.dtype), hashlib.sha256(np.ascontiguousarray(voxels).tobytes()).hexdigest()
    if got != (case["shape"], case["dtype"], case["sha256"]):
        return f"shape, type and voxels are {got}"
    size, expected = source.voxel_size_nm, case["voxel_nm"]
    same = size is None if expected is None else size is not None and np.allclose(size, expected)
    return "" if same else f"voxel size is {size}, expected {expected}"


def test_every_case_is_read_right_or_refused(cases: Path):
    expected = json.loads((cases / "expected.json").read_text())
    assert len(expected) >= 26
    found = {case["path"]: wrong(cases, case) for case in expected}
    assert {path: text for path, text in found.items() if text} == {}
