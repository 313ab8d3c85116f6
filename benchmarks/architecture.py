"""Count the package's components and the imports between them, and write picture and tables into docs/architecture.md.

Usage: python benchmarks/architecture.py

A component is a folder of `fusionnet/` with all that is below it, or a file beside these folders. It depends on another
one if any of its modules imports any module of the other, also inside a function. A component of layer 1 depends on
none; every other one lies one layer above the highest that it depends on.
"""

import ast
import os
import re
from pathlib import Path

from fusionnet.files import write_text
from fusionnet.workflow.code import PACKAGE, imported_names, project_files

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
STAGES = ("download", "augment", "train", "predict", "segment", "evaluate", "report")
COLOURS = {
    "stage": "fill:#dbe9f6,stroke:#004488",
    "core": "fill:#fde9c8,stroke:#d98500",
    "other": "fill:#f4f4f4,stroke:#777",
}
COUNTED = ("a loss", "a dataset", "a network", "a metric", "a format")
BLOCK = re.compile(r"(<!-- begin (\w+) .*?-->\n).*?(<!-- end -->)", flags=re.S)


def components() -> dict[str, list[Path]]:
    """Return the modules of each component, named as `ls` shows it; the package's own `__init__.py` is none."""
    package = ROOT / PACKAGE
    found: dict[str, list[Path]] = {}
    for module in sorted(package.rglob("*.py")):
        first = module.relative_to(package).parts[0]
        if first != "__init__.py":
            found.setdefault(first, []).append(module)
    return found


def dependencies(parts: dict[str, list[Path]]) -> dict[str, set[str]]:
    """Return which other components each component imports."""
    needs: dict[str, set[str]] = {}
    for part, modules in parts.items():
        trees = (ast.parse(module.read_text(encoding="utf-8")) for module in modules)
        names = [name.split(".") for tree in trees for name in imported_names(tree)]
        firsts = {name[1] for name in names if name[0] == PACKAGE and len(name) > 1}
        needs[part] = {other for other in parts if other != part and other.removesuffix(".py") in firsts}
    return needs


def reached(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what each component depends on, directly or through others."""
    found = {part: set(others) for part, others in needs.items()}
    for between in found:
        for others in found.values():
            if between in others:
                others |= found[between]
    return found


def circles(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return for each component those that depend on it and it on them, itself included."""
    found = reached(needs)
    return {part: {part} | {other for other in found[part] if part in found[other]} for part in needs}


def layers(needs: dict[str, set[str]]) -> dict[str, int]:
    """Return the layer of each component, from 1; components that depend on each other share one."""
    circle = circles(needs)

    def layer(part: str) -> int:
        below = set().union(*(needs[other] for other in circle[part])) - circle[part]
        return 1 + max((layer(other) for other in below), default=0)

    return {part: layer(part) for part in needs}


def essential(needs: dict[str, set[str]]) -> dict[str, list[str]]:
    """Return the dependencies that do not follow from others (the transitive reduction, but for circles)."""
    found, circle = reached(needs), circles(needs)

    def follows(part: str, other: str) -> bool:
        between = needs[part] - circle[part] - circle[other]
        return other not in circle[part] and any(other in found[component] for component in between)

    return {part: sorted(other for other in others if not follows(part, other)) for part, others in needs.items()}


def picture(needs: dict[str, set[str]]) -> str:
    """Return the graph of the components in Mermaid's language."""
    lines = [f"  classDef {kind} {colours},color:#000" for kind, colours in COLOURS.items()]
    for part in needs:
        kind = "stage" if part in STAGES else "core" if part == "models" else "other"
        lines.append(f'  {_node(part)}["{part}"]:::{kind}')
    lines += [f"  {_node(part)} --> {_node(other)}" for part, others in essential(needs).items() for other in others]
    return "\n".join(["```mermaid", "flowchart TB", *lines, "```"])


def _node(part: str) -> str:
    return f"{part.removesuffix('.py')}_"  # `export` alone is a word of Mermaid's own


def component_table(parts: dict[str, list[Path]], layer: dict[str, int]) -> str:
    """Return each component with its layer and the first line of its docstring, the top layer first."""
    rows = []
    for part in sorted(parts, key=lambda part: (-layer[part], part)):
        path = ROOT / PACKAGE / part
        face = path / "__init__.py" if path.is_dir() else path
        docstring = ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))) or ""
        rows.append(f"| {layer[part]} | [`{part}`](../{PACKAGE}/{part}) | {docstring.splitlines()[0]} |")
    return "\n".join(["| layer | component | what it is |", "| ---: | --- | --- |", *rows])


def number_table(needs: dict[str, set[str]], layer: dict[str, int], page: str) -> str:
    """Return the counts as a table."""
    circle = circles(needs)
    code = [file for file in project_files("scripts/train.py") if file.endswith(".py")]
    lines = sum(len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in code)
    rows = [
        ("components", len(needs)),
        ("of them files", sum(part.endswith(".py") for part in needs)),
        ("layers", max(layer.values())),
        ("dependencies between components", sum(len(others) for others in needs.values())),
        ("components that depend on each other", ", ".join(part for part in needs if len(circle[part]) > 1) or "none"),
        ("lines of code that a training depends on, to the next hundred", f"{-(-lines // 100) * 100:,}"),
        *((f"files to touch for {change}", len(files_touched(page, change))) for change in COUNTED),
    ]
    return "\n".join(["| | |", "| --- | ---: |", *(f"| {name} | {count} |" for name, count in rows)])


def files_touched(page: str, change: str) -> list[str]:
    """Return the files that the page's table "To change X, touch Y" names for a change, its tests apart."""
    row = re.search(rf"^\| {change} \|([^|]*)\|", page, flags=re.M)
    if row is None:
        raise ValueError(f"{PAGE.name} has no row for {change!r}")
    return re.findall(r"`([^`]+)`", row[1])


def updated(page: str) -> str:
    """Return the page with the picture and the tables of the code as it is now between its markers."""
    parts = components()
    needs = dependencies(parts)
    layer = layers(needs)
    blocks = {
        "picture": picture(needs),
        "components": component_table(parts, layer),
        "numbers": number_table(needs, layer, page),
    }
    return BLOCK.sub(lambda block: f"{block[1]}{blocks[block[2]]}\n{block[3]}", page)


def main() -> None:
    """Write the page."""
    os.chdir(ROOT)
    write_text(PAGE, updated(PAGE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
