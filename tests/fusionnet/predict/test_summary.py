"""A prediction that says nothing raises the alarm; any other does not."""

import numpy as np
import pytest

from fusionnet.predict.summary import alarm, joined, summarise


def test_the_summary_of_parts_is_that_of_the_whole():
    probability = np.random.default_rng(0).random((40, 50))
    parts = [summarise(rows, missing) for rows, missing in ((probability[:7], 2), (probability[7:], 3))]
    whole = summarise(probability, 5)
    assert joined(parts).values() == pytest.approx(whole.values())
    assert (whole.pixels, whole.missing, whole.inside) == (2000, 5, int((probability >= 0.5).sum()))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.8, 0.99])
def test_a_prediction_that_finds_membranes_is_silent(share: float):
    rng = np.random.default_rng(0)
    inside = rng.random((100, 100)) < share
    assert alarm(summarise(np.where(inside, 0.97, 0.02), 0)) is None


@pytest.mark.parametrize(
    "probability",
    [
        np.zeros((50, 50)),
        np.ones((50, 50)),
        np.random.default_rng(0).normal(0.5, 0.005, (50, 50)),
        np.random.default_rng(0).uniform(0.0, 0.3, (50, 50)),
    ],
    ids=["black", "white", "undecided", "never inside"],
)
def test_a_degenerate_prediction_names_the_usual_causes(probability: np.ndarray):
    message = alarm(summarise(probability, 0))
    assert message is not None
    for word in ("invert", "--grey-window", "rescale", "hardly trained", "blank", "Brightness/Contrast"):
        assert word in message
