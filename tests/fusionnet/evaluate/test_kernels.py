"""Scores come from the code that is on the disk, whatever numba has in its cache."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCORE = """
import numpy as np
from fusionnet.evaluate.isbi import score_stack
y, x = np.mgrid[:48, :48]
labels = ((x % 16 > 2) & (y % 16 > 2)).astype(np.uint8)[None]
noise = np.random.default_rng(3).random((1, 48, 48))
result = score_stack(labels, (0.6 * labels + 0.4 * noise).astype(np.float32), threads=1)
print(repr(float(sum(sums.sum() for sums in result.sums.values()))))
"""


def compiled_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(how) for how in node.decorator_list):
            yield node


def imported_from_the_project(tree: ast.Module) -> set[str]:
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import))
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in imports
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).startswith("fusionnet")
    }


def foreign_names(source: str) -> set[str]:
    """Return what compiled functions of a module use of the project's other modules."""
    tree = ast.parse(source)
    used = {
        name.id
        for function in compiled_functions(tree)
        for statement in function.body
        for name in ast.walk(statement)
        if isinstance(name, ast.Name)
    }
    return used & imported_from_the_project(tree)


def test_no_compiled_function_uses_another_module_of_the_project():
    """Numba's cache knows the file of the outermost function alone: calls and constants from elsewhere go stale."""
    modules = {path: path.read_text() for path in ROOT.glob("fusionnet/**/*.py")}
    compiled = [path for path, source in modules.items() if list(compiled_functions(ast.parse(source)))]
    assert ROOT / "fusionnet/evaluate/kernels.py" in compiled
    assert {path.name: foreign_names(modules[path]) for path in compiled if foreign_names(modules[path])} == {}


def test_the_rule_can_fail():
    source = "from numba import njit\nfrom fusionnet.x import flood\n@njit(cache=True)\ndef f(a):\n    flood(a)\n"
    assert foreign_names(source) == {"flood"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("segments[pixel] = DAM if several else met", "segments[pixel] = DAM"),
        ("sums[3] = common_pairs + dams", "sums[3] = common_pairs"),
    ],
)
def test_an_edit_of_any_kernel_is_scored_by(tmp_path: Path, before: str, after: str):
    shutil.copytree(ROOT / "fusionnet", tmp_path / "fusionnet", ignore=shutil.ignore_patterns("__pycache__"))
    kernels = tmp_path / "fusionnet/evaluate/kernels.py"

    def scored() -> float:
        command = [sys.executable, "-c", SCORE]
        return float(subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, **OUTPUT).stdout)

    first = scored()
    assert scored() == first  # from the cache
    assert list(kernels.parent.glob("__pycache__/*.nbi"))
    assert before in kernels.read_text()
    kernels.write_text(kernels.read_text().replace(before, after))
    assert scored() != first
    kernels.write_text(kernels.read_text().replace(after, before))
    assert scored() == first


OUTPUT = {"check": True, "text": True, "stdout": subprocess.PIPE}
