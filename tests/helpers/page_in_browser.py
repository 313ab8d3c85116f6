"""What tests of a page in a browser ask of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

WIDE, NARROW = (1440, 1000), (390, 844)
Open = Callable[..., Any]


def state(tab: Any) -> dict[str, str]:
    """Return the view that the address holds, once it changes no more.

    It is noted there 100 ms after the last change, by the page's own clock, which on a busy machine is later than ours.
    """
    noted, before = "", None
    while noted != before:
        before = noted
        noted = tab.evaluate("new Promise((done) => setTimeout(() => done(location.hash.slice(1)), 130))")
    return {key: values[0] for key, values in parse_qs(noted).items()}


def wait_until(tab: Any, expression: str) -> None:
    """Wait, for half a minute at most, until a JavaScript expression holds.

    Playwright's own `wait_for_function` evaluates text within the page, which the page's security policy forbids.
    """
    for _ in range(300):
        if tab.evaluate(expression):
            break
        tab.wait_for_timeout(100)


def shown(tab: Any, share: float) -> list[int]:
    """Return the colour (red, green, blue) of the canvas at a share of its width, a quarter down.

    First wait until the page has read and drawn all pictures that it asked for: `pictures` are its viewer's.
    """
    return tab.evaluate(
        """async (share) => { await Promise.all([...pictures.values()].map((picture) => picture.ready));
        const seen = document.getElementById('canvas'), own = document.createElement('canvas');
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
