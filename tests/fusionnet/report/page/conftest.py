"""An experiment with hostile names, and a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_findings import fake_findings
from page_in_browser import WIDE, Open

from fusionnet.report.page.contents import experiment_page
from fusionnet.report.page.material import Findings

HOSTILE = "<b>'한글' & \"x\""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Two folds of two slices, two seeds, and an arm whose name is a trap."""
    return fake_findings(tmp_path_factory.mktemp("findings"), {"fusionnet": 2, HOSTILE: 5})


@pytest.fixture(scope="session")
def page(findings: Findings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment's page as a file."""
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(experiment_page(findings), encoding="utf-8")
    return file


@pytest.fixture(scope="module")  # playwright's loop goes on until it ends, and Snakemake starts none beside it
def chromium() -> Iterator[object]:
    """A headless browser; without one its tests are skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e .[browser]")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("needs a browser: make test-browser installs Debian's Chromium")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=found, env={**os.environ, "LANG": "C.UTF-8"})
        yield browser
        browser.close()


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
