"""An experiment with hostile names, and a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_findings import fake_findings

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
