"""Which files of the project a script runs: a change to any of them makes what the script wrote stale."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "fusionnet"


def project_files(script: str) -> list[str]:
    """Return a script and all modules of the package that it imports, directly or through one another.

    Args:
        script: Path of a Python file, relative to the root of the repository.

    Returns:
        Sorted paths relative to the root. Imports inside functions count too, and so do the data files of an
        imported package.
    """
    found: set[str] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported_files(path))
    return sorted(found)


@cache
def _imported_files(path: str) -> tuple[str, ...]:
    if not path.endswith(".py"):
        return ()
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return tuple(file for name in imported_names(tree) for file in _files_of(name))


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports, also inside functions: modules, and `module.name` for each imported name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of(name: str) -> Iterator[str]:
    """A module, and the packages around it: importing ``a.b.c`` runs ``a/__init__.py`` and ``a/b/__init__.py``."""
    parts = name.split(".")
    if parts[0] == PACKAGE:
        for length in range(1, len(parts) + 1):
            stem = "/".join(parts[:length])
            yield from (file for file in (f"{stem}/__init__.py", f"{stem}.py") if Path(file).is_file())
            yield from (str(file) for file in Path(stem).glob("*.*") if file.suffix != ".py")
