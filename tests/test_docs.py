"""What the pages link and name is there, every picture is shown, and every stage has its page."""

import re
from pathlib import Path

import pytest

from benchmarks.architecture import STAGES, circles, components, dependencies, essential, layers, updated

ROOT = Path(__file__).parents[1]
FOLDERS = ("", "docs", "config", "data", "findings")
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
FIRST = r"(?:fusionnet|scripts|tests|docs|config|workflow|benchmarks|examples|findings|\.github|\.ci)"
# A path in running text or in a command; words in capitals stand for a name of the reader's.
PATH = re.compile(rf"(?<![\w./-]){FIRST}/[\w./-]*\w/?")
BY_READER = {"config/experiments/mine.yaml"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    return [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_linked_files_and_headings_exist(page: Path):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link}: no such file"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name_of)
def test_named_files_exist(page: Path):
    text = re.sub(r"\]\([^)]*\)|https?://\S+", "", page.read_text(encoding="utf-8"))
    for path in PATH.findall(text):
        pattern = re.sub(r"[A-Z]{3,}", "*", path.rstrip("/"))
        assert path in BY_READER or any(ROOT.glob(pattern)), f"{path}: no such file"


def test_the_pages_name_files_and_pictures():
    assert sum(len(PATH.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 100
    assert sum(len(links(page)) for page in PAGES) > 100


def test_pictures_and_tables_lie_in_one_folder_and_are_shown():
    others = [path for path in (ROOT / "docs").rglob("*") if path.is_file() and path.suffix != ".md"]
    linked = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert others
    for path in others:
        assert path.parent == ROOT / "docs/figures"
        assert path.suffix in (".png", ".svg", ".csv")
        assert path.resolve() in linked, f"{path.name}: no page shows it"


def test_every_stage_has_a_page_and_the_index_names_every_page():
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {f"{stage}.md" for stage in STAGES} <= pages
    assert pages <= set(links(ROOT / "docs/README.md"))


def test_the_architecture_page_is_current(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert page == updated(page), "run: python benchmarks/architecture.py"


NEEDS = {"top": {"middle", "bottom"}, "middle": {"bottom"}, "bottom": set(), "alone": set()}


def test_layers_are_those_of_the_longest_chain_and_arrows_that_follow_are_not_drawn():
    assert layers(NEEDS) == {"top": 3, "middle": 2, "bottom": 1, "alone": 1}
    assert essential(NEEDS) == {"top": ["middle"], "middle": ["bottom"], "bottom": [], "alone": []}


def test_components_that_depend_on_each_other_share_a_layer_and_are_drawn_so():
    needs = NEEDS | {"bottom": {"middle"}}
    assert circles(needs)["middle"] == circles(needs)["bottom"] == {"middle", "bottom"}
    assert layers(needs) == {"top": 2, "middle": 1, "bottom": 1, "alone": 1}
    assert essential(needs)["middle"] == ["bottom"] and essential(needs)["bottom"] == ["middle"]


def test_the_networks_lie_below_the_stages_and_none_imports_the_report():
    needs = dependencies(components())
    assert "models" in needs["train"] and "models" in needs["predict"]
    assert not needs["models"] & set(STAGES)
    assert not [part for part, others in needs.items() if "report" in others]
