"""The page in a real browser, without a network: what a person sees and does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from fusionnet.report.page.material import Findings

WIDE, NARROW = (1440, 1000), (390, 844)
Open = Callable[..., Any]


@pytest.fixture
def faults() -> list[str]:
    """What a page complained of, or asked of a network."""
    return []


@pytest.fixture
def visit(chromium: Any, page: Path, faults: list[str]) -> Iterator[Open]:
    """A function that opens the page; when the test ends, the page must have had no fault."""
    contexts = []

    def open_page(fragment: str = "", size: tuple[int, int] = WIDE, scheme: str = "light", file: Path = page) -> Any:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: faults.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: faults.append(f"error: {error}"))
        tab.on(
            "request", lambda request: faults.append(request.url) if request.url[:5] not in ("file:", "data:") else None
        )
        tab.goto(f"{file.as_uri()}{fragment}")
        tab.wait_for_function("document.querySelector('#title').textContent !== ''")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def state(tab: Any) -> dict[str, str]:
    """Return the view that the address holds, once it has been noted there."""
    tab.wait_for_timeout(140)
    return {key: values[0] for key, values in parse_qs(tab.evaluate("location.hash.slice(1)")).items()}


def shown(tab: Any, share: float) -> list[int]:
    """Return the colour (red, green, blue) of the canvas at a share of its width, a quarter down."""
    tab.wait_for_timeout(60)
    return tab.evaluate(
        """(share) => { const seen = document.getElementById('canvas'), own = document.createElement('canvas');
        own.width = own.height = 1;
        const pen = own.getContext('2d');
        pen.drawImage(seen, -Math.floor(seen.width * share), -Math.floor(seen.height / 4));
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); }""",
        share,
    )


def middle(tab: Any) -> tuple[float, float, float]:
    """Bring the picture into sight and return its left edge, its width, and the height of its middle."""
    tab.locator("#canvas").scroll_into_view_if_needed()
    box = tab.locator("#canvas").bounding_box()
    return box["x"], box["width"], box["y"] + box["height"] / 2


def test_it_opens_with_the_verdict_and_no_fault(visit: Open, findings: Findings):
    tab = visit()
    assert "interval" in tab.inner_text(".verdict")
    assert tab.inner_text("#title") == "slice 0"
    assert tab.locator("#left option").count() == 2 + 4 * len(findings.job.arms)
    assert tab.locator(".chart svg").count() > 10


def test_slider_keys_and_wheel_change_the_slice_and_the_address(visit: Open):
    tab = visit()
    tab.locator("#slice").fill("1")
    assert state(tab)["slice"] == "0-1.1"
    tab.locator("#canvas").focus()
    tab.keyboard.press("ArrowRight")
    assert (tab.inner_text("#title"), state(tab)["slice"]) == ("slice 2", "2-3.2")
    tab.keyboard.press("End")
    tab.keyboard.press("ArrowRight")  # there is no further one
    assert state(tab)["slice"] == "2-3.3"
    tab.locator("#canvas").hover()
    tab.mouse.wheel(0, -120)
    assert state(tab)["slice"] == "2-3.2"
    assert "V_rand of FusionNet" in tab.inner_text("#scores")


def test_the_wheel_scrolls_the_page_until_the_picture_was_chosen(visit: Open):
    tab = visit()
    tab.locator("#canvas").hover()
    before = tab.evaluate("scrollY")
    tab.mouse.wheel(0, 120)
    tab.wait_for_timeout(300)
    assert tab.evaluate("scrollY") > before and tab.inner_text("#title") == "slice 0"


def test_the_wipe_parts_two_layers_and_can_be_dragged(visit: Open):
    tab = visit("#slice=0-1.0&left=probability.fusionnet&right=uncertainty.fusionnet&wipe=0.5")
    left, right = shown(tab, 0.1), shown(tab, 0.9)
    assert left[0] == left[1] == left[2], "a probability is grey"
    assert len(set(right)) > 1, "uncertainty has colours"
    left_edge, width, y = middle(tab)
    tab.mouse.move(left_edge + width / 2, y)
    tab.mouse.down()
    tab.mouse.move(left_edge + width * 0.05, y, steps=4)
    tab.mouse.up()
    assert float(state(tab)["wipe"]) == pytest.approx(0.05, abs=0.02)
    assert len(set(shown(tab, 0.1))) > 1, "the right layer reaches here now"
    tab.keyboard.press("]")
    assert float(state(tab)["wipe"]) == pytest.approx(0.1, abs=0.02)


def test_side_by_side_both_show_the_same_place_and_move_in_step(visit: Open):
    tab = visit("#slice=0-1.0&left=raw&right=raw&layout=side&zoom=3")
    tab.locator("#canvas").focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "+"):
        tab.keyboard.press(key)
    view = state(tab)
    assert float(view["zoom"]) == pytest.approx(3.75) and float(view["x"]) > 48 < float(view["y"])
    assert shown(tab, 0.2) == shown(tab, 0.7)
    tab.locator("#whole").click()
    assert (state(tab)["zoom"], state(tab)["x"]) == ("1.00", "48.0")


def test_dragging_moves_a_magnified_slice(visit: Open):
    tab = visit("#slice=0-1.0&zoom=4&wipe=1")
    left_edge, width, y = middle(tab)
    tab.mouse.move(left_edge + 200, y)
    tab.mouse.down()
    tab.mouse.move(left_edge + 100, y, steps=3)
    tab.mouse.up()
    assert float(state(tab)["x"]) == pytest.approx(48 + 100 / width * 96 / 4, abs=1)


def test_a_point_of_a_slices_score_and_a_number_of_its_table_show_the_slice(visit: Open):
    tab = visit()
    tab.locator("#by-slice .chart a").last.dispatch_event("click")
    assert state(tab)["slice"] == "2-3.3"
    tab.locator("#by-slice summary").click()
    tab.locator("#by-slice tbody tr").nth(1).locator("a").nth(2).click()
    view = state(tab)
    assert view["slice"] == "0-1.1" and view["right"].startswith("errors.<b>")
    assert tab.locator("#canvas").bounding_box()["y"] < WIDE[1] / 2, "the viewer was brought into sight"


def test_a_worst_error_is_shown_magnified_with_a_ring(visit: Open):
    tab = visit()
    entry = tab.locator(".gallery a").first
    entry.scroll_into_view_if_needed()
    tab.wait_for_timeout(200)
    small = "(link) => new Set(link.querySelector('canvas').getContext('2d').getImageData(0, 0, 99, 99).data).size"
    assert entry.evaluate(small) > 20, "its small picture was drawn"
    entry.click()
    view = state(tab)
    assert view["right"] == "errors.fusionnet" and float(view["zoom"]) > 1
    place = parse_qs(entry.get_attribute("href")[1:])
    assert view["mark"] == place["mark"][0]
    tab.locator("#slice").fill("3")
    assert "mark" not in state(tab), "the ring belongs to its slice"


def test_an_address_is_a_view(visit: Open):
    first = visit(
        "#slice=2-3.2&left=truth&right=errors.fusionnet&wipe=0.30&zoom=2.50&x=40&y=60&overlay=0.80&layout=wipe"
    )
    noted = unquote(first.evaluate("location.hash"))
    first.locator("#canvas").focus()
    first.keyboard.press("+")
    first.keyboard.press("-")
    second = visit(first.evaluate("location.hash") if state(first) else "")
    assert state(second) == state(first)
    assert "slice=2-3.2" in noted
    assert [shown(first, share) for share in (0.1, 0.6)] == [shown(second, share) for share in (0.1, 0.6)]


def test_an_address_of_a_view_opens_at_the_viewer_and_one_of_none_at_the_top(visit: Open):
    tab = visit("#slice=2-3.2&zoom=2")
    tab.wait_for_timeout(200)
    assert 0 <= tab.locator("#canvas").bounding_box()["y"] < WIDE[1] / 2 and tab.evaluate("scrollY") > 0
    assert visit().evaluate("scrollY") == 0


@pytest.mark.parametrize("button", ["right", "middle"])
def test_only_the_first_button_drags(visit: Open, button: str):
    tab = visit("#slice=0-1.0&left=raw&right=truth&wipe=0.5")
    left_edge, width, y = middle(tab)
    tab.mouse.move(left_edge + width / 2, y)
    tab.mouse.down(button=button)
    tab.mouse.move(left_edge + width * 0.2, y, steps=3)
    tab.mouse.up(button=button)
    tab.mouse.move(left_edge + width * 0.3, y, steps=3)
    assert float(state(tab)["wipe"]) == 0.5


def test_a_drag_ends_even_where_its_end_was_not_heard_of(visit: Open):
    tab = visit("#slice=0-1.0&left=raw&right=truth&wipe=0.5")
    tab.evaluate("window.addEventListener('pointerup', (event) => event.stopPropagation(), { capture: true })")
    left_edge, width, y = middle(tab)
    tab.mouse.move(left_edge + width / 2, y)
    tab.mouse.down()
    tab.mouse.move(left_edge + width * 0.2, y, steps=3)
    tab.mouse.up()
    tab.mouse.move(left_edge + width * 0.8, y, steps=3)
    assert float(state(tab)["wipe"]) == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("fragment", ["#slice=no&left=<b>&zoom=NaN&x=1e999&mark=a,b", "#slices", "#%E0%A4%A"])
def test_an_address_that_names_nothing_changes_nothing(visit: Open, fragment: str):
    tab = visit(fragment)
    assert tab.inner_text("#title") == "slice 0"
    assert tab.evaluate("document.getElementById('left').value") == "raw"


def test_an_address_of_a_section_stays(visit: Open):
    tab = visit("#thresholds")
    tab.wait_for_timeout(200)
    assert tab.evaluate("location.hash") == "#thresholds" and tab.evaluate("scrollY") > 1000


def test_hostile_names_are_text(visit: Open, findings: Findings):
    tab = visit()
    name = findings.job.arms[1]
    assert tab.locator("b").count() == 0
    assert name in tab.inner_text("h1") and name in tab.inner_text("#comparison table")
    assert name in tab.locator("#left option").all_inner_texts()[-1]
    assert name in tab.locator("#differences svg").first.text_content()


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_nothing_is_cut_off(visit: Open, size: tuple[int, int]):
    tab = visit(size=size)
    assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
    tab.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    cut = tab.evaluate(
        """() => [...document.querySelectorAll('h1, h2, p, li, label, button, select, summary, nav a')]
        .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline')
        .map((each) => each.outerHTML.slice(0, 90))"""
    )
    assert cut == []
    outside = tab.evaluate(
        """() => [...document.querySelectorAll('.chart svg')].flatMap((svg) => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter((text) => {
          const own = text.getBoundingClientRect();
          return own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1;
        }).map((text) => text.textContent); })"""
    )
    assert outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_have_contrast(visit: Open, scheme: str):
    tab = visit(scheme=scheme)
    luminance = """(name) => { const [r, g, b] = getComputedStyle(document.body)[name].match(/\\d+/g)
        .map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; }"""
    paper, ink = (tab.evaluate(luminance, name) for name in ("backgroundColor", "color"))
    assert (paper > ink) == (scheme == "light")
    assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) > 7
    label = tab.locator("#training svg text").first
    assert label.evaluate("(text) => getComputedStyle(text).fill") == tab.evaluate(
        "getComputedStyle(document.body).color"
    )


def test_everything_has_a_name_and_the_keyboard_alone_reaches_the_viewer(visit: Open):
    tab = visit()
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll('input, select, button, canvas[tabindex], img, figure.chart')]
        .filter((each) => !(each.getAttribute('aria-label') || each.alt || each.labels?.length || each.textContent))
        .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    assert (
        tab.locator("table").count()
        == tab.locator("table > caption").count()
        == tab.locator("table:has(th[scope=col])").count()
    )
    tab.locator("nav a").last.focus()
    reached = set()
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id"))
    assert {
        "canvas",
        "slice",
        "left",
        "right",
        "wipe",
        "overlay",
        "layout",
        "swap",
        "closer",
        "farther",
        "whole",
    } <= reached


def test_a_mark_says_what_it_stands_for(visit: Open):
    tab = visit()
    tab.locator("#replicates svg path[aria-label*='seed 1']").first.hover()
    assert "seed 1: V_rand 0." in tab.inner_text("#tip")
