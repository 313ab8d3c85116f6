"""Which code makes what a script wrote stale when it changes: one list, for Snakemake's rules and for DVC's stages."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from fusionnet.errors import UserError

PACKAGE = "fusionnet"
# Hours of GPU time hang on what these scripts make, so what they do not run must not mark them. Others are listed by
# folders: a folder's name says more than its files, and what is marked without need is soon made again.
LISTED_BY_FILE = ("scripts/download.py", "scripts/train.py")
# Not code: byte code, networks that are published after they were trained, and what a system or an editor keeps beside
# files (see `_is_code`). DVC leaves the same out by .dvcignore.
IGNORED = ("__pycache__", "weights")


def code_of(script: str) -> list[str]:
    """Return the code that a script's outputs depend on.

    Args:
        script: Path of a Python file, relative to the root of the repository.

    Returns:
        Sorted paths relative to the root: the script, files of the package, and folders of it with all that is in
        them. A script in `LISTED_BY_FILE` depends on a folder only if it runs all of it.
    """
    used = project_files(script)
    folders: dict[str, list[str]] = {}
    for file in used:
        if file.startswith(f"{PACKAGE}/") and file.count("/") > 1:
            folders.setdefault("/".join(file.split("/")[:2]), []).append(file)
    code = set(used)
    for folder, files in folders.items():
        if script not in LISTED_BY_FILE or set(files) == set(files_under([folder])):
            code = code.difference(files) | {folder}
    return sorted(code)


def code_files(script: str) -> list[str]:
    """Return the same code as files alone, for Snakemake, which compares the content of files only."""
    return files_under(code_of(script))


def files_under(code: Iterable[str]) -> list[str]:
    """Replace the folders in a list by the files in them, at any depth, as DVC sees them."""
    files: set[str] = set()
    for path in code:
        if Path(path).is_dir():
            files.update(file.as_posix() for file in Path(path).rglob("*") if file.is_file() and _is_code(file))
        else:
            files.add(path)
    return sorted(files)


def project_files(script: str) -> list[str]:
    """Return a script and all modules of the package that it imports, directly or through one another.

    Args:
        script: Path of a Python file, relative to the root of the repository.

    Returns:
        Sorted paths relative to the root. Imports inside functions count too, and so do the data files of an
        imported package; hidden files and an editor's copies do not.

    Raises:
        UserError: The working directory is not the root of the repository.
    """
    if not Path(script).is_file():
        raise UserError(f"{script}: no such file in {Path.cwd()}; run this in the root of the repository")
    found: set[str] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported_files(path))
    return sorted(found)


def _is_code(file: Path) -> bool:
    if file.name.startswith(".") or file.name.endswith(("~", ".pyc")):
        return False
    return not set(IGNORED).intersection(file.parts)


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
            data = (file for file in Path(stem).glob("*.*") if file.suffix != ".py")
            yield from (str(file) for file in data if not file.name.startswith(".") and not file.name.endswith("~"))
