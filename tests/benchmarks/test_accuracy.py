"""benchmarks/accuracy.py: where two curves meet, and which configurations its table could not tell apart."""

import sys

import pandas as pd
import pytest

from benchmarks import accuracy, inner_folds
from benchmarks.accuracy_figure import draw, mean_curves, meetings


def test_curves_meet_where_they_are_drawn_to_meet():
    """Over the logarithm of x and in the logit of the score, mirrored curves cross in the middle of both."""
    rising, falling = pd.Series([0.1, 0.9], [1.0, 4.0]), pd.Series([0.9, 0.1], [1.0, 4.0])
    ((x, score),) = meetings(rising, falling)
    assert (x, score) == (pytest.approx(2.0), pytest.approx(0.5))


def test_curves_are_compared_where_both_are_known():
    early = pd.Series([0.5, 0.9, 0.9], [1.0, 2.0, 4.0])
    ((x, score),) = meetings(early, pd.Series([0.8, 0.96], [2.0, 8.0]))
    assert 3.5 < x < 4 and score == pytest.approx(0.9)
    assert meetings(early, pd.Series([0.95, 0.5], [3.0, 12.0])) == []  # they would meet after early's end
    assert meetings(early, pd.Series([0.1], [100.0])) == []


def test_curves_that_touch_meet_once():
    assert meetings(pd.Series([0.8, 0.9, 0.8], [1, 2, 4]), pd.Series([0.9, 0.9, 0.9], [1, 2, 4])) == [
        (pytest.approx(2.0), pytest.approx(0.9))
    ]


def table_of(*rows: tuple[str, str, str, int, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["name", "arm", "fold", "steps", "minutes", "v_rand"])
    return table.assign(seed=0, width=8)


def test_means_are_those_of_the_folds_length_by_length():
    table = table_of(
        ("a", "unet", "0-4", 400, 2.0, 0.9), ("a", "unet", "5-9", 400, 4.0, 0.8), ("a", "unet", "0-4", 200, 1.0, 0.5)
    )
    (curve,) = mean_curves(table, "minutes", "v_rand").values()
    assert curve.to_dict() == {1.0: 0.5, 3.0: pytest.approx(0.85)}


def test_the_figure_is_the_same_for_the_same_table(tmp_path):
    rows = [
        (name, arm, "0-4", steps, steps / rate, score + 0.0001 * steps)
        for name in ("native", "native, learned edges")
        for arm, rate, score in (("fusionnet", 200, 0.9), ("unet", 400, 0.905))
        for steps in (200, 400)
    ]
    for path in (tmp_path / "one.png", tmp_path / "other.png"):
        draw(table_of(*rows), path)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize(
    ("module", "options", "expected"),
    [
        (accuracy, ["--set", "train.loss=bce"], "--set: expected --name too"),
        (inner_folds, ["--inner", "1"], "--inner 1: expected 2 or more"),
    ],
)
def test_what_could_not_be_told_apart_or_trained_is_refused(module, options, expected, tmp_path, monkeypatch):
    files = [f"--{name}={tmp_path / name}" for name in ("volume", "labels", "table")]
    monkeypatch.setattr(sys, "argv", ["benchmark", *files, *options])
    with pytest.raises(module.UserError, match=expected):
        module.main()
