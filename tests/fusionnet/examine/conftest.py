"""The stack in which faults are planted."""

import numpy as np
import pytest

from fusionnet.download.phantom.draw import draw_phantom


@pytest.fixture(scope="session")
def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Grey values, and labels of 0 on membranes and 255 inside cells."""
    return draw_phantom(5, 12, 160)
