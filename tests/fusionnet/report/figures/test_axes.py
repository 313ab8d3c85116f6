"""Names and places beside each other."""

import pytest

from fusionnet.report.figures.axes import side_by_side, spread


def test_names_keep_their_distance_and_move_little() -> None:
    assert spread([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])
    assert spread([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    crowded = spread([0.97, 0.98, 0.99, 1.0], 0.1)
    assert crowded == pytest.approx([0.7, 0.8, 0.9, 1.0])
    assert spread([0.0, 0.0], 0.1) == pytest.approx([0.0, 0.1])


def test_arms_of_nearly_equal_cost_stand_side_by_side_and_others_where_they_are() -> None:
    places = side_by_side({"a": 13.0, "b": 5.0, "c": 13.0, "d": 13.0}, 1.05)
    assert places["b"] == pytest.approx(5.0)
    assert places["c"] == pytest.approx(13.0)
    assert places["a"] * 1.05 == pytest.approx(places["c"]) == pytest.approx(places["d"] / 1.05)
