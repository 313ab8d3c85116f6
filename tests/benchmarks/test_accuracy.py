"""benchmarks/accuracy.py: where two curves meet, and which configurations its table could not tell apart."""

import sys

import pandas as pd
import pytest

from benchmarks import accuracy, accuracy_figure, inner_folds
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


def test_sums_in_another_order_meet_where_they_are_equal():
    tenths = pd.Series([0.8, 0.1 + 0.2], [1.0, 2.0]), pd.Series([0.9, 0.3], [1.0, 2.0])
    assert tenths[0].iloc[1] != tenths[1].iloc[1]
    assert meetings(*tenths) == [(pytest.approx(2.0), pytest.approx(0.3))]


def test_perfect_and_worst_scores_are_finite():
    ((x, score),) = meetings(pd.Series([0.0, 1.0], [1.0, 4.0]), pd.Series([1.0, 0.0], [1.0, 4.0]))
    assert (x, score) == (pytest.approx(2.0), pytest.approx(0.5))


def table_of(*rows: tuple[str, str, str, int, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["name", "arm", "fold", "steps", "minutes", "v_rand"])
    return table.assign(seed=0, width=8)


def test_means_are_those_of_the_folds_length_by_length():
    table = table_of(
        ("a", "unet", "0-4", 400, 2.0, 0.9), ("a", "unet", "5-9", 400, 4.0, 0.8), ("a", "unet", "0-4", 200, 1.0, 0.5)
    )
    (curve,) = mean_curves(table, "minutes", "v_rand").values()
    assert curve.to_dict() == {1.0: 0.5, 3.0: pytest.approx(0.85)}


def test_minutes_ascend_though_a_crowded_machine_took_more_for_fewer_steps():
    (curve,) = mean_curves(
        table_of(("a", "unet", "0-4", 200, 5.0, 0.5), ("a", "unet", "0-4", 400, 2.0, 0.9)), "minutes", "v_rand"
    ).values()
    assert curve.index.tolist() == [2.0, 5.0]


def test_the_figure_names_what_any_panel_has(tmp_path, monkeypatch):
    """A configuration without learned edges is in the upper panels alone; its key is there all the same."""
    rows = [
        (name, arm, "0-4", steps, steps / rate, score + 0.0002 * steps * slope)
        for name in ("default", "bce", "bce, learned edges")
        for arm, rate, score, slope in (("fusionnet", 200, 0.90, 1), ("unet", 400, 0.95, 0))
        for steps in (200, 400)
    ]
    figures, paths = [], (tmp_path / "one.png", tmp_path / "other.png")
    save = accuracy_figure.save_figure
    monkeypatch.setattr(
        accuracy_figure, "save_figure", lambda figure, path: (figures.append(figure), save(figure, path))
    )
    for path in paths:
        draw(table_of(*rows), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    (legend,) = figures[0].legends
    assert [text.get_text() for text in legend.get_texts()] == [
        *("FusionNet, width 8", "U-Net, width 8", "FusionNet, width 8, bce", "U-Net, width 8, bce"),
        "where the means meet",
    ]
    rings = [line for axes in figures[0].axes for line in axes.lines if line.get_label() == "where the means meet"]
    assert rings[0].get_xdata()[0] == pytest.approx(224.9, abs=0.1) and len(figures[0].axes) == 4


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
