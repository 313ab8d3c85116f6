"""One bad file stops one thing: every other experiment is planned beside it, by Snakemake and by make."""

import re
from pathlib import Path

import pytest
from small_project import ROOT, command_in, copy_project

BAD = {
    "a'b --log logs.yaml": "an experiment's name is a letter",
    "a:b;c$(touch x).yaml": "an experiment's name is a letter",
    "train.yaml": "'train' is a rule of the workflow; rename the file",
    "old.yml": "an overlay's name ends in .yaml; rename it to 'old.yaml'",
    "latin.yaml": "line 1: got the byte 0xe9, which is no text in UTF-8",
    "twice.yaml": 'line 2: not valid YAML: found duplicate key "train"',
    "infinite.yaml": "train.gradient_clip: got inf, expected a finite number; for no clipping write 0",
    "elsewhere.yaml": "download.volume: got '/nowhere/v.tif': no such file or folder",
    "forgotten.yaml": "dataset 'phantom' does not read 'volume'",
}
TEXTS = {
    "latin.yaml": b"# \xe9",
    "twice.yaml": b"train: {}\ntrain: {}",
    "infinite.yaml": b"train: {gradient_clip: .inf}",
    "elsewhere.yaml": b"folds: [0-1]\ndownload: {dataset: files, volume: /nowhere/v.tif, labels: /nowhere/l.tif}",
    "forgotten.yaml": b"download: {volume: /nowhere/v.tif}",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with many bad overlays, and one of a volume whose path is no word."""
    folder = copy_project(tmp_path_factory.mktemp("bad overlays") / "it's (a) project+ $HOME")
    overlays = folder / "config/experiments"
    for name in BAD:
        (overlays / name).write_bytes(TEXTS.get(name, b"{}"))
    (overlays / "._phantom.yaml").write_bytes(b"\0\5\x16\7\xff")
    for name in ("v [1]+(2)|$HOME's.tif", "l.tif"):
        (folder / name).touch()
    volume = "v [1]+(2)|$HOME's.tif"
    (overlays / "mine.yaml").write_text(
        f'folds: [0-1]\ndownload: {{dataset: files, volume: "{volume}", labels: l.tif}}'
    )
    return folder


def test_all_others_are_planned_and_each_bad_one_is_named_once(project: Path):
    output = command_in(project)("snakemake --dry-run -- phantom mine").stdout
    assert re.search(r"^train +4$", output, flags=re.M), output
    for name, message in BAD.items():
        lines = [line for line in output.splitlines() if f"The experiment {Path(name).stem} cannot run" in line]
        assert len(lines) == 1 and message in lines[0], name
    assert output.count("cannot run, others can") == len(BAD)
    assert "v [1]+(2)|$HOME's.tif" in output


def test_the_one_that_is_asked_for_ends_in_its_own_words(project: Path):
    done = command_in(project)("snakemake --dry-run -- elsewhere", succeeds=False)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert BAD["elsewhere.yaml"] in done.stdout


def test_make_has_the_good_ones_as_targets(project: Path):
    listed = command_in(project)("make --no-print-directory help").stdout.rpartition("make NAME runs an experiment:")[2]
    names = {path.stem for path in (ROOT / "config/experiments").glob("*.yaml")}
    good_names = {"mine", "train", "latin", "twice", "infinite", "elsewhere", "forgotten"}
    assert set(listed.split()) == names | good_names


def shell_lines() -> list[tuple[str, str]]:
    """Every word that a rule's command line is filled with, and its file."""
    files = [path for path in (ROOT / "workflow").rglob("*") if path.name == "Snakefile" or path.suffix == ".smk"]
    blocks = [
        (path.name, block)
        for path in files
        for block in re.findall(r'^ +shell:\n((?: +".*"\n)+)', path.read_text(), re.M)
    ]
    return [(name, word) for name, block in blocks for word in re.findall(r"\{[^}]*\}", block)]


def test_every_word_of_a_command_line_is_quoted():
    words = shell_lines()
    assert len(words) > 40
    # These are several words or none, made of names that need no quotes, or quoted where they are made.
    made_of_words = {"{params.slices}", "{params.options}", "{params.labels}", "{params.command}"}
    assert [pair for pair in words if not pair[1].endswith(":q}") and pair[1] not in made_of_words] == []
