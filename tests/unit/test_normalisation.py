"""Equal grey values give equal network input, whatever dtype they are kept in."""

from pathlib import Path

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.normalisation import normalise, unit_range
from fusionnet.volumes import read_volume


def test_black_and_white_of_every_dtype() -> None:
    for grey in (np.array([0, 255], np.uint8), np.array([0, 65535], np.uint16), np.array([0.0, 1.0])):
        fraction = unit_range(grey)
        assert fraction.dtype == np.float32
        assert fraction.tolist() == [0, 1]
    values = normalise(fraction)
    assert values.dtype == np.float32
    assert values[0] == -values[1] < 0


def test_isbi_has_about_zero_mean_and_unit_spread(shared: Path) -> None:
    values = normalise(unit_range(read_volume(shared / "mirror" / "isbi2012" / "train" / "image")))
    assert abs(values.mean()) < 0.1
    assert 0.6 < values.std() < 1.2


def test_other_ranges_and_types_are_refused() -> None:
    with pytest.raises(UserError, match=r"from 0 to 255, expected 0\.\.1"):
        unit_range(np.array([0.0, 255.0]))
    with pytest.raises(UserError, match="int64, expected uint8"):
        unit_range(np.arange(3))
