"""The pages as a test reads them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    """Return a page's text, its lines joined: sentences are found across their line breaks."""
    return re.sub(r"\s+", " ", (ROOT / name).read_text(encoding="utf-8"))
