"""The slice viewer in a real browser: keys, pointers, and addresses that are views."""

from urllib.parse import parse_qs, unquote

import pytest
from page_in_browser import WIDE, Open, middle, shown, state, wait_until


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
    wait_until(tab, f"scrollY > {before}")
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


def test_a_worst_error_is_shown_magnified_with_a_ring(visit: Open):
    tab = visit()
    entry = tab.locator(".gallery a").first
    entry.scroll_into_view_if_needed()
    blank = entry.evaluate(
        "() => { const own = document.createElement('canvas'); own.width = own.height = 192; return own.toDataURL(); }"
    )
    wait_until(tab, f"document.querySelector('.gallery a canvas').toDataURL() !== '{blank}'")
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
    wait_until(tab, "document.getElementById('canvas').getBoundingClientRect().y < innerHeight / 2")
    assert 0 <= tab.locator("#canvas").bounding_box()["y"] < WIDE[1] / 2 and tab.evaluate("scrollY") > 0
    assert visit().evaluate("scrollY") == 0


@pytest.mark.parametrize("fragment", ["#slice=no&left=<b>&zoom=NaN&x=1e999&mark=a,b", "#slices", "#%E0%A4%A"])
def test_an_address_that_names_nothing_changes_nothing(visit: Open, fragment: str):
    tab = visit(fragment)
    assert tab.inner_text("#title") == "slice 0"
    assert tab.evaluate("document.getElementById('left').value") == "raw"
