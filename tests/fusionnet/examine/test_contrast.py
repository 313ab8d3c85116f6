"""What is wrong with the grey values is found and told with what to do."""

from pathlib import Path

import numpy as np
import pytest
from examined import problems, source_of

from fusionnet.examine.contrast import examine_volume, ridge_polarity


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: 255 - v, "mend  thin lines are bright"),
        (lambda v: (v // 12 + 120).astype(np.uint8), "low contrast"),
        (lambda v: np.clip((v.astype(int) - 100) * 4, 0, 255).astype(np.uint8), "are black and"),
        (lambda v: v.astype(np.uint16) * 16, "uint16 grey values"),
        (lambda v: np.where(v > 200, np.nan, v.astype(np.float32)), "are not a number"),
        (lambda v: np.moveaxis(v, 0, 2), "the last axis is the shortest"),
        (lambda v: np.random.default_rng(0).normal(128, 40, v.shape).clip(0, 255).astype(np.uint8), "neither dark nor"),
    ],
    ids=["inverted", "flat", "cut off", "16 bits", "nan", "axes", "noise"],
)
def test_what_is_wrong_with_the_grey_values_is_told(tmp_path: Path, phantom, change, message: str):
    found = problems(examine_volume(source_of(tmp_path, change(phantom[0]))))
    assert message in found and "->" in found


def test_polarity_turns_with_the_image(phantom):
    grey = phantom[0][3].astype(np.float32)
    assert ridge_polarity(grey) > 0.05
    assert ridge_polarity(255 - grey) == pytest.approx(-ridge_polarity(grey), abs=1e-3)
