"""What each dependency is for, its licence and weight and what only it brings: the table of docs/dependencies.md.

Read from what is installed here, by the packages' own metadata; sizes are of the files that pip has installed.
"""

import re
import tomllib
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/dependencies.md"
BEGIN, END = "<!-- begin table (written by benchmarks/dependencies.py) -->", "<!-- end -->"
REASONS = {  # of those whose line in pyproject.toml needs none
    "matplotlib": "figures; what the field's own papers are drawn with",
    "numpy": "arrays",
    "pandas": "tables of scores, read and written as CSV",
    "scikit-image": "morphology, measures of regions",
    "scipy": "filters, interpolation, statistics",
    "snakemake": "runs the workflow; its report",
    "tifffile": "reads and writes TIFF, by the format's own cases: ImageJ, OME, BigTIFF",
    "torch": "networks and their training",
    "tqdm": "bars that logging can write above",
}
LICENCES = {"BSD License": "BSD", "Apache Software License": "Apache-2.0", "MIT License": "MIT"}


@cache
def installed(name: str) -> Distribution | None:
    """Return an installed package, None if it is not."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


@cache
def brought(name: str, extras: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the names of a package and of all that it needs here, at any depth."""
    found, waiting = set(), [(canonicalize_name(name), extras)]
    while waiting:
        each, wanted = waiting.pop()
        package = installed(each)
        if package is None or each in found:
            continue
        found.add(each)
        for line in package.requires or []:
            needed = Requirement(line)
            if any(needed.marker is None or needed.marker.evaluate({"extra": extra}) for extra in wanted | {""}):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    return frozenset(found)


def megabytes(name: str) -> float:
    """Return the size of a package's files."""
    package = installed(name)
    files = (Path(str(package.locate_file(file))) for file in (package.files or [])) if package else ()
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def licence(name: str) -> str:
    """Return a package's licence in a few words, by its metadata, or else by the title of its text."""
    package = installed(name)
    about = package.metadata if package else {}
    words = about.get("License-Expression") or ""  # type: ignore[union-attr]
    classes = [line.rpartition(" :: ")[2] for line in (about.get_all("Classifier") or []) if line.startswith("License")]  # type: ignore[union-attr]
    first = (about.get("License") or "").strip().partition("\n")[0]  # type: ignore[union-attr]
    text = (package.read_text(f"licenses/{about['License-File']}") if package and "License-File" in about else "") or ""
    titles = [*classes, first, text.strip().partition("\n")[0]]
    chosen = words or next((LICENCES.get(each, each) for each in titles if each), "")
    return chosen if len(chosen) <= 45 else chosen[:42] + "..."


def requirements() -> dict[str, tuple[Requirement, str]]:
    """Return the project's dependencies by name, each with the reason that stands beside it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    reasons = dict(re.findall(r'^ {4}"([\w.-]+)[^"]*",\s*(?:#\s*(.*))?$', text, re.M))
    lines = map(Requirement, tomllib.loads(text)["project"]["dependencies"])
    return {line.name: (line, reasons.get(line.name) or REASONS[line.name]) for line in lines}


def table() -> str:
    """Return the table as Markdown."""
    needed = requirements()
    closures = {name: brought(name, frozenset(line.extras)) for name, (line, _) in needed.items()}
    every = frozenset().union(*closures.values())
    rows = ["| package | what for | licence | here | MB | only it brings | MB of those |"]
    rows.append("| --- | --- | --- | --- | ---: | ---: | ---: |")
    for name, (_, reason) in needed.items():
        others = frozenset().union(*(closure for other, closure in closures.items() if other != name))
        alone = closures[name] - others - {canonicalize_name(name)}
        package = installed(name)
        version = package.version if package else "not installed"
        sizes = f"{megabytes(name):,.0f} | {len(alone)} | {sum(map(megabytes, alone)):,.0f}"
        rows.append(f"| {name} | {reason} | {licence(name)} | {version} | {sizes} |")
    total = sum(map(megabytes, every))
    rows += ["", f"Together {len(every)} packages of {total / 1000:.1f} GB, on Linux with torch's build for the CPU."]
    return "\n".join(rows)


def updated(page: str) -> str:
    """Return the page with the table of what is installed here."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
