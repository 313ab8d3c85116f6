"""A stack that is not what it seems gets a message, not a number."""

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.evaluate.checks import ScoreWarning, as_labels, as_probabilities
from fusionnet.evaluate.isbi import score_stack

TRUTH = np.ones((2, 8, 8), np.uint8)
TRUTH[:, 4] = 0
PERFECT = TRUTH.astype(np.float32)


def with_nan() -> np.ndarray:
    stack = PERFECT.copy()
    stack[1, 2, 3] = np.nan
    return stack


def test_rounding_beyond_0_and_1_is_0_and_1() -> None:
    rounded = np.where(PERFECT > 0, np.float32(1.0000002), np.float32(-1e-9))
    assert np.array_equal(as_probabilities(rounded), PERFECT)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ((PERFECT * 65535).astype(np.uint16), "uint16 with values 0..65535, expected 32-bit floats in 0..1 or 8 bits"),
        (TRUTH.astype(np.int64), "int64 .* expected 32-bit floats"),
        (PERFECT * 255, r"values 0..255, expected probabilities in 0..1; 0..255 stored as floats\? divide by 255"),
        (PERFECT * 8 - 4, r"values -4..4, .*logits.*sigmoid"),
        (PERFECT * 1000, r"values 0..1000, expected probabilities"),
        (
            PERFECT * np.float32(1.001),
            r"values 0..1.001, expected probabilities in 0..1; a stretched stack\? divide it",
        ),
        (PERFECT * np.float32(1.00002), r"values 0..1.00002, expected probabilities"),
        (with_nan(), "1 pixels are NaN or infinite, the first at z=1 y=2 x=3"),
        (np.where(PERFECT > 0, np.float32(np.inf), PERFECT), "NaN or infinite"),
        (PERFECT[:1], r"\(2, 8, 8\) but probabilities has \(1, 8, 8\).*range of slices"),
        (PERFECT[:, :7], r"\(2, 8, 8\) but probabilities has \(2, 7, 8\).*crop or pad"),
        (PERFECT[np.newaxis], r"got an array of shape \(1, 2, 8, 8\), expected \(Z, Y, X\)"),
        (PERFECT[:0], "at least one pixel"),
        (PERFECT.astype(complex), "complex128, expected numbers"),
    ],
)
def test_bad_probabilities(probabilities: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        score_stack(TRUTH, probabilities)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros_like(TRUTH), "no pixel is above 0, so there is no cell"),
        (PERFECT * 0.5, "fractions, expected whole numbers; is this the probability stack"),
        (PERFECT * np.nan, "NaN or infinity"),
        (TRUTH.astype(np.int32) - 1, "holds -1, expected numbers from 0"),
    ],
)
def test_bad_labels(labels: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        score_stack(labels, PERFECT)


def test_membrane_probabilities_are_named_as_the_cause() -> None:
    with pytest.warns(ScoreWarning, match=r"polarity looks swapped: .* 0\.000 inside .* 1\.000 on .*score 1 - p"):
        scores = score_stack(TRUTH, 1 - PERFECT)
    assert scores.v_info < 0.5


def test_inverted_labels_are_named_as_the_cause() -> None:
    with pytest.warns(ScoreWarning, match=r"the labels are inverted \(only 12% of their pixels are > 0"):
        score_stack(1 - TRUTH, PERFECT)


def test_eight_bit_mask_of_ones_is_questioned() -> None:
    with pytest.warns(ScoreWarning, match="1 means 1/255"):
        as_probabilities(TRUTH)


@pytest.mark.parametrize("labels", [TRUTH, TRUTH * 255, TRUTH > 0, PERFECT, TRUTH[0]])
@pytest.mark.filterwarnings("error")
def test_every_form_of_the_same_truth_is_taken(labels: np.ndarray) -> None:
    proposal = PERFECT if np.ndim(labels) == 3 else PERFECT[0]
    assert score_stack(labels, proposal).v_rand == 1
    assert as_labels(labels).ndim == 3


@pytest.mark.parametrize("dtype", [bool, np.float16, np.float64])
@pytest.mark.filterwarnings("error")
def test_every_form_of_the_same_probabilities_is_taken(dtype: type) -> None:
    assert score_stack(TRUTH, PERFECT.astype(dtype)).v_rand == 1
