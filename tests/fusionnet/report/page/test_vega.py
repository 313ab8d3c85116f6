import re

import pytest

from fusionnet.report.page.vega import SHAPES, TICKS, Arms, draw, number_axis, said, score_axis, to_decades
from fusionnet.style import OTHER_COLOURS

ROWS = [
    {"x": 1, "y": 0.5, "arm": "a<b", "go": "#slice=1&left=%3Cb%3E", "said": 'first "one"'},
    {"x": 2, "y": 0.7, "arm": "c", "go": "#slice=2", "said": "second"},
]
ARMS = Arms({"a<b": "A < B", "c": "C"})


@pytest.fixture(scope="module")
def svg() -> str:
    encoding = {"x": number_axis("x", "x<y"), "y": number_axis("y", None), "href": {"field": "go", "type": "nominal"}}
    return draw({"mark": "point", "encoding": encoding | ARMS.marks() | said()}, ROWS, "a chart").svg


def test_a_chart_has_a_mark_for_each_row_in_the_pages_colours(svg: str):
    assert svg.count('aria-roledescription="point"') == 2
    assert svg.count("var(--arm-0)") == svg.count("var(--arm-1)") == 1
    assert "var(--ink)" in svg and "var(--grid)" in svg


def test_links_are_fragments_and_not_addresses(svg: str):
    assert re.findall(r'href="([^"]*)"', svg) == ["#slice=1&amp;left=%3Cb%3E", "#slice=2"]
    assert not re.search(r"https?://(?!www\.w3\.org)", svg)


def test_text_is_escaped_and_said(svg: str):
    assert "x&lt;y" in svg and "x<y" not in svg
    assert 'aria-label="first &quot;one&quot;"' in svg


def test_the_same_chart_gives_the_same_bytes():
    specification = {"mark": "point", "encoding": {"x": number_axis("x", "x")}}
    assert draw(specification, ROWS, "") == draw(specification, ROWS, "")


def test_arms_differ_by_colour_and_by_shape():
    arms = Arms({str(number): "" for number in range(6)})
    assert len(set(arms.colours.values())) == len(set(arms.shapes.values())) == 6
    assert set(arms.marks(shapes=False)) == {"color"}


def test_where_colours_come_round_again_shapes_differ():
    """A colour and its paler one are nearly alike on dark paper, where dark ones are lightened."""
    arms = Arms({f"own{number}": "" for number in range(36)})
    shapes, colours = list(arms.shapes.values()), len(OTHER_COLOURS)
    assert shapes[:6] == list(SHAPES)
    assert len({(number % colours, shape) for number, shape in enumerate(shapes)}) == len(shapes)


def test_scores_are_drawn_by_their_distance_to_one_with_ticks_in_their_range():
    assert [to_decades(score) for score in (0, 0.9, 0.99)] == pytest.approx([0, 1, 2])
    assert to_decades(1) == to_decades(1.0) == 4
    wide = score_axis("y", [0.4, 0.995])["axis"]
    assert wide["values"] == pytest.approx([to_decades(tick) for tick in TICKS if 0.4 <= tick <= 0.995])
    narrow = score_axis("y", [0.9712, 0.9748])["axis"]
    assert len(narrow["values"]) >= 3 and "'0.972'" in narrow["labelExpr"]
    assert score_axis("y", [])["axis"]["values"]


@pytest.mark.parametrize(
    ("scores", "names"),
    [
        ([0.97, 0.9702], ["0.97", "0.97005", "0.9701", "0.97015", "0.9702"]),
        ([0.0, 0.4], ["0", "0.1", "0.2", "0.3", "0.4"]),
        ([0.5, 0.500004], ["0.5", "0.500001", "0.500002", "0.500003", "0.500004"]),
        ([0.9999, 1.0], ["0.9999"]),
        ([0.97, 0.97], ["0.97"]),
    ],
)
def test_the_ticks_of_close_scores_have_names_of_their_own(scores: list[float], names: list[str]):
    axis = score_axis("y", scores)["axis"]
    assert re.findall(r"\? '([^']*)'", axis["labelExpr"]) == names
    assert axis["values"] == pytest.approx([to_decades(float(name)) for name in names], abs=1e-9)
    svg = draw({"mark": "point", "encoding": {"y": score_axis("y", scores)}}, [{"y": axis["values"][0]}], "").svg
    assert f">{names[0]}<" in svg
