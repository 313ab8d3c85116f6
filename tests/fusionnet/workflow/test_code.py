from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.code import project_files


def test_a_script_s_files_are_what_it_imports_and_what_that_imports():
    files = project_files("scripts/download.py")
    assert "scripts/download.py" in files
    assert {"fusionnet/download/__init__.py", "fusionnet/download/isbi2012.sha256", "fusionnet/errors.py"} <= set(files)
    assert "fusionnet/train/loop.py" not in files


def test_imports_inside_functions_count():
    assert any(file.startswith("fusionnet/download/phantom/") for file in project_files("scripts/download.py"))


def test_training_does_not_hang_on_the_report_or_on_how_data_was_fetched():
    files = project_files("scripts/train.py")
    assert "fusionnet/models/fusionnet.py" in files
    assert not [file for file in files if "figures" in file or "datasets" in file or "report" in file]


def test_elsewhere_than_in_the_root_it_is_said_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"scripts/train.py: no such file in .*; run this in the root of the repository"
    ):
        project_files("scripts/train.py")


def test_files_that_a_system_or_an_editor_keeps_beside_others_are_no_code(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("scripts").mkdir()
    Path("fusionnet/data").mkdir(parents=True)
    Path("scripts/a.py").write_text("import fusionnet.data")
    for name in ("__init__.py", "a.sha256", "._a.sha256", ".DS_Store", "a.py~"):
        Path("fusionnet/data", name).touch()
    files = project_files("scripts/a.py")
    assert files == ["fusionnet/data/__init__.py", "fusionnet/data/a.sha256", "scripts/a.py"]
