"""The page in a real browser, without a network: what a person sees and does."""

import pytest
from page_in_browser import NARROW, WIDE, Open, state, wait_until

from fusionnet.report.page.material import Findings


def test_it_opens_with_the_verdict_and_no_fault(visit: Open, findings: Findings):
    tab = visit()
    assert "interval" in tab.inner_text(".verdict")
    assert tab.inner_text("#title") == "slice 0"
    assert tab.locator("#left option").count() == 2 + 4 * len(findings.job.arms)
    assert tab.locator(".chart svg").count() > 10


def test_a_point_of_a_slices_score_and_a_number_of_its_table_show_the_slice(visit: Open):
    tab = visit()
    tab.locator("#by-slice .chart a").last.dispatch_event("click")
    assert state(tab)["slice"] == "2-3.3"
    tab.locator("#by-slice summary").click()
    tab.locator("#by-slice tbody tr").nth(1).locator("a").nth(2).click()
    view = state(tab)
    assert view["slice"] == "0-1.1" and view["right"].startswith("errors.<b>")
    assert tab.locator("#canvas").bounding_box()["y"] < WIDE[1] / 2, "the viewer was brought into sight"


def test_an_address_of_a_section_stays(visit: Open):
    tab = visit("#thresholds")
    wait_until(tab, "scrollY > 1000")
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
