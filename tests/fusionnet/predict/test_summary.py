"""A prediction that says nothing raises the alarm; any other does not."""

import numpy as np
import pytest

from fusionnet.predict.summary import alarm, joined, summarise


def test_the_summary_of_regions_is_that_of_the_whole():
    probability = np.random.default_rng(0).random((40, 50))
    whole = summarise(probability)
    assert joined([summarise(probability[:7]), summarise(probability[7:])]).values() == pytest.approx(whole.values())
    assert (whole.pixels, whole.inside) == (2000, int((probability >= 0.5).sum()))


def test_8_bits_are_probabilities_too():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert summarise(levels).values() == pytest.approx(summarise(levels / 255).values())


@pytest.mark.parametrize("share", [0.05, 0.5, 0.8, 0.99])
def test_a_prediction_that_finds_membranes_is_silent(share: float):
    rng = np.random.default_rng(0)
    inside = rng.random((100, 100)) < share
    assert alarm(summarise(np.where(inside, 0.97, 0.02))) is None


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
    message = alarm(summarise(probability))
    assert message is not None
    for word in ("invert", "--grey-window", "rescale", "hardly trained", "blank", "Brightness/Contrast"):
        assert word in message
