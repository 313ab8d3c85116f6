"""A module is run as it stands on the disk, also after two edits of one length within a second."""

import os
import py_compile
import re
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from fusionnet.workflow.bytecode import check_by_text

ROOT = Path(__file__).parents[3]


@pytest.fixture
def value_of(tmp_path: Path) -> Callable[[str], int]:
    """A function that writes a module, always at the same time, and returns the value of X that Python finds in it."""
    path = tmp_path / "inner/module.py"
    path.parent.mkdir()

    def write_and_run(text: str) -> int:
        path.write_text(text)
        os.utime(path, (10**9, 10**9))
        module = ModuleType("module")
        exec(SourceFileLoader("module", str(path)).get_code("module"), module.__dict__)
        return module.X

    return write_and_run


def test_byte_code_is_checked_by_the_text_of_its_source(tmp_path: Path, value_of: Callable[[str], int]):
    assert value_of("X = 1") == 1
    py_compile.compile(str(tmp_path / "inner/module.py"))
    assert value_of("X = 2") == 1  # Python's own rule
    check_by_text(tmp_path)
    assert (value_of("X = 2"), value_of("X = 3"), value_of("X = 4")) == (2, 3, 4)


def test_what_is_checked_by_text_already_is_left_alone(tmp_path: Path, value_of: Callable[[str], int]):
    """So the jobs of a cluster do not all write the same files."""
    value_of("X = 1")
    check_by_text(tmp_path)
    (cached,) = tmp_path.rglob("*.pyc")
    os.utime(cached, (1, 1))
    check_by_text(tmp_path)
    assert cached.stat().st_mtime == 1


def test_a_module_that_cannot_be_compiled_is_left_to_its_import(tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "broken.py").write_text("X = (")
    check_by_text(tmp_path)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("snakefile", ["workflow/rules/common.smk", "workflow/volume.smk"])
def test_every_run_begins_with_it(snakefile: str):
    text = (ROOT / snakefile).read_text(encoding="utf-8")
    included = (ROOT / "workflow/checkout.smk").read_text(encoding="utf-8")
    text = re.sub(r'^include: "(\.\./)?checkout\.smk"$', lambda _: included, text, flags=re.M)
    imports = [line for line in text.splitlines() if line.startswith("from fusionnet.")]
    assert imports[0] == "from fusionnet.workflow.bytecode import check_by_text"
    assert text.index("\ncheck_by_text()\n") < text.index(imports[1])
