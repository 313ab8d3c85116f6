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
