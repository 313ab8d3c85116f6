"""Open a report's page in Chromium: how large it is and how soon it can be used, and pictures of it to look at.

Usage: python benchmarks/page.py results/phantom/report/index.html --pictures /tmp/pictures
Takes pictures at 1440 and 390 pixels, light and dark. With --figure FILE, one of the viewer and the worst errors.
"""

import argparse
import statistics
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from fusionnet.errors import run

SIZES = {"wide": (1440, 1000), "narrow": (390, 844)}
SCHEMES = ("light", "dark")
TIMES = 5
READY = "document.querySelector('#title').textContent !== ''"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", type=Path, help="index.html of a report, or what scripts/view.py wrote")
    parser.add_argument("--browser", default="/usr/bin/chromium", help="(default: %(default)s)")
    parser.add_argument("--pictures", type=Path, help="folder that receives a picture for each size and scheme")
    parser.add_argument("--figure", type=Path, help="PNG: viewer and worst errors, for the documentation")
    return parser.parse_args()


def opened(browser: Browser, page: Path, size: tuple[int, int], scheme: str) -> Page:
    tab = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme).new_page()
    tab.goto(page.resolve().as_uri())
    tab.wait_for_function(READY)
    return tab


def seconds_to_open(browser: Browser, page: Path) -> list[float]:
    seconds = []
    for _ in range(TIMES):
        tab = opened(browser, page, SIZES["wide"], "light")
        seconds.append(tab.evaluate("performance.now()") / 1000)
        tab.context.close()
    return seconds


def scroll_through(tab: Page) -> None:
    """Bring every small picture into sight once: they are drawn when they are seen."""
    for place in range(0, tab.evaluate("document.body.scrollHeight"), 600):
        tab.evaluate("(place) => scrollTo({top: place, behavior: 'instant'})", place)
        tab.wait_for_timeout(60)
    tab.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    tab.wait_for_timeout(300)


def take_pictures(browser: Browser, page: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in SIZES.items():
        for scheme in SCHEMES:
            tab = opened(browser, page, size, scheme)
            scroll_through(tab)
            tab.screenshot(path=folder / f"{name}-{scheme}.png", full_page=True)
            tab.context.close()


def take_figure(browser: Browser, page: Path, figure: Path) -> None:
    tab = opened(browser, page, (1000, 1160), "light")
    tab.locator(".gallery a").first.click()
    scroll_through(tab)
    tab.locator("#viewer").evaluate("(viewer) => viewer.scrollIntoView({block: 'start', behavior: 'instant'})")
    tab.wait_for_timeout(200)
    tab.screenshot(path=figure)


def main() -> None:
    arguments = parse_arguments()
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=arguments.browser)
        seconds = seconds_to_open(browser, arguments.page)
        print(f"{arguments.page}: {arguments.page.stat().st_size / 1e6:.1f} MB")
        print(f"can be used after {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
        if arguments.pictures:
            take_pictures(browser, arguments.page, arguments.pictures)
        if arguments.figure:
            take_figure(browser, arguments.page, arguments.figure)


if __name__ == "__main__":
    run(main)
