"""What tests of a page in a browser ask of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

WIDE, NARROW = (1440, 1000), (390, 844)
Open = Callable[..., Any]


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
