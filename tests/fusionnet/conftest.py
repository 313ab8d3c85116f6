"""The challenge's test stacks and what its program said of them, for all tests of scores."""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session")
def challenge_cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> (labels, probabilities), made by the reference's own script, which reads PNG as imageio does."""
    if not (SHARED / "isbi-scores").is_dir():
        pytest.skip(f"needs the reference material in {SHARED}")
    reader = types.ModuleType("imageio.v3")
    reader.imread = lambda file: np.asarray(Image.open(file))
    package = types.ModuleType("imageio")
    package.v3 = reader
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "imageio", package)
        patch.setitem(sys.modules, "imageio.v3", reader)
        spec = importlib.util.spec_from_file_location("make_cases", SHARED / "isbi-scores" / "make_cases.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return {name: stacks for name, *stacks, _ in module.cases(str(SHARED / "mirror" / "isbi2012"))}


@pytest.fixture(scope="session")
def challenge_reference(challenge_cases: dict) -> dict[str, dict]:
    """Name -> what the challenge's program said of the stack."""
    return json.loads((SHARED / "isbi-scores" / "reference.json").read_text())["cases"]
