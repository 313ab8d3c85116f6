import re

import pytest

from fusionnet.report.page.document import Code, Gallery, Link, Picture, Section, Table, on_dark, render
from fusionnet.report.page.vega import Arms

TRAP = "<script>alert('x')</script> & \"네트\""
ARMS = Arms({"fusionnet": TRAP, "unet": "U-Net"})


def page(*sections: Section) -> str:
    return render(TRAP, [TRAP], sections, ARMS)


def test_whatever_is_said_is_escaped():
    table = Table(TRAP, [TRAP], [[Link(TRAP, f"#{TRAP}"), Code(TRAP)]])
    gallery = Gallery(TRAP, [Link(TRAP, "#slice=1")])
    viewer = {"layers": [{"title": TRAP}], "slices": []}
    everything = Section(
        "all",
        TRAP,
        [TRAP],
        pictures=[Picture(b"png", TRAP)],
        galleries=[gallery],
        tables=[table],
        arms=ARMS,
        viewer=viewer,
    )
    html = page(everything)
    assert "alert('x')</script>" not in html
    assert html.count("</script>") == 2, "the viewer's data and the program"
    assert html.count("&lt;script&gt;") >= 12, "title, heading, verdict, section, legend, picture, gallery, table"


def test_a_page_needs_no_other_file_and_forbids_requests():
    html = page(Section("one", "One", ["text"]))
    assert "default-src 'none'" in html
    assert not re.search(r'(?:src|href)="(?!#|data:)', html)
    assert "@import" not in html and "url(" not in html


def test_what_is_empty_is_left_out_of_page_and_contents():
    html = page(Section("one", "One", ["text"]), Section("two", "Two"))
    assert 'href="#one"' in html and 'id="one"' in html
    assert "two" not in re.findall(r'(?:id|href)="#?([a-z]+)"', html)


def test_long_tables_and_galleries_are_folded():
    table, gallery = Table("t", ["a"], [["b"]], folded=True), Gallery("g", [], folded=True)
    html = page(Section("one", "One", tables=[table], galleries=[gallery]))
    assert html.count("<details><summary>") == 2
    assert "<details open>" in page(Section("one", "One", galleries=[Gallery("g", [])]))


@pytest.mark.parametrize("colour", ["#004488", "#d98500", "#332288", "#000000"])
def test_colours_are_light_on_dark_paper(colour: str):
    red, green, blue = (int(on_dark(colour)[start : start + 2], 16) for start in (1, 3, 5))
    assert max(red, green, blue) + min(red, green, blue) >= 2 * 0.62 * 255 - 2
    assert on_dark("#ffdd99") == "#ffdd99"
