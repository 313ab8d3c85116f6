"""What record, sync, pull and push do and refuse, on a DVC repository of one file; Snakemake is stood in for."""

import logging
import multiprocessing
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.cli import main as dvc_main

from fusionnet.errors import UserError
from fusionnet.workflow import dvc_lock, records

PIPELINE = """\
stages:
  make:
    wdir: {wdir}
    cmd: cp in.txt {output}
    deps: [in.txt]
    outs:
      - {output}: {{persist: true}}
"""
SUMMARY = "output_file\tdate\trule\tlog-file(s)\tstatus\tplan\n{rows}"
OUTPUT = Path("out.txt")


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t.example", *words], check=True)


def summary(*plans: str) -> str:
    return SUMMARY.format(rows="".join(f"out.txt\t-\tmake\t\tok\t{plan}\n" for plan in plans))


def dvc(*arguments: str) -> int:
    """Run a command of DVC in a fork of this process, since a new one takes a second to import it."""
    child = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(dvc_main(list(arguments))))
    child.start()
    child.join()
    return child.exitcode or 0


def must(code: int) -> None:
    assert code == 0


class Snakemake:
    """Answers for Snakemake; DVC's commands are run."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self.capture, self.run = capture, records._call
        self.answer = subprocess.CompletedProcess([], 0, summary("no update"), "")
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        if tool == "dvc" and ("--json" in arguments or "config" in arguments):  # what it writes is read
            return self.run(tool, *arguments)
        if tool == "dvc":
            self.capture.readouterr()
            return subprocess.CompletedProcess(arguments, dvc(*arguments), *self.capture.readouterr())
        self.commands.append(arguments)
        return self.answer


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two commits, `one` and `two`, whose recorded output holds that word."""
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        git("init", "-q", "-b", "main")
        must(dvc("init", "--quiet"))
        Path("dvc.yaml").write_text(PIPELINE.format(wdir=".", output=OUTPUT))
        Path(".gitignore").write_text(f"{OUTPUT}\nother.txt\n/store/\n")
        for word in ("one", "two"):
            Path("in.txt").write_text(word)
            OUTPUT.write_text(word)
            must(dvc("commit", "--quiet", "--force", "dvc.yaml"))
            git("add", "-A")
            git("commit", "-qm", word)
            git("tag", word)
    return folder


@pytest.fixture
def snakemake(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Snakemake:
    """A copy of the repository as the current folder, with a Snakemake that has nothing to do."""
    shutil.copytree(template, tmp_path / "repository")
    monkeypatch.chdir(tmp_path / "repository")
    stand_in = Snakemake(capfd)
    monkeypatch.setattr(records, "_call", stand_in)
    return stand_in


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def add_remote(folder: Path) -> Path:
    must(dvc("remote", "add", "--quiet", "--default", "store", str(folder)))
    git("commit", "-qam", "remote")
    return folder


def object_in(store: Path) -> Path:
    digest = Path("dvc.lock").read_text().split("md5: ")[-1][:32]
    return store / "files/md5" / digest[:2] / digest[2:]


def test_work_is_read_from_the_plan_of_each_file(snakemake: Snakemake):
    assert not records.has_work("phantom")
    assert snakemake.commands == [("--summary", "--", "phantom")]
    snakemake.answer.stdout = summary("no update", "update pending")
    assert records.has_work("phantom")


@pytest.mark.parametrize("table", ["", "output_file\tdate\nout.txt\t-\n"])
def test_a_table_that_is_not_known_is_refused(snakemake: Snakemake, table: str):
    snakemake.answer.stdout = table
    with pytest.raises(UserError, match="no column 'plan'"):
        records.has_work("phantom")


def test_record_passes_on_why_snakemake_cannot_run(snakemake: Snakemake, lines):
    snakemake.answer = subprocess.CompletedProcess([], 1, "", "Building DAG of jobs...\nWorkflowError:\nunknown key\n")
    assert not records.run_action("record", [])
    assert lines()[-1].endswith(
        "cannot tell whether the results are current: Building DAG of jobs... WorkflowError: unknown key"
    )


def test_record_takes_what_is_there_and_asks_for_a_commit(snakemake: Snakemake, lines):
    OUTPUT.write_text("three")
    assert records.run_action("record", [])
    assert lines() == [
        "phantom: DVC has recorded the results",
        "commit dvc.lock together with the configuration and code that made the results",
    ]
    assert records._changed_stages(Path("dvc.yaml")) == set()


def test_record_forgets_stages_that_are_gone(snakemake: Snakemake):
    """DVC alone would keep them in its lock."""
    pipeline, before = Path("dvc.yaml"), Path("dvc.lock").read_bytes()
    one = pipeline.read_text()
    pipeline.write_text(one + one[one.index("  make:") :].replace("make", "more").replace("out.txt", "other.txt"))
    Path("other.txt").write_text("two")
    assert records.run_action("record", [])
    assert dvc_lock.outputs_by_stage(Path("dvc.lock")) == {"make": ["out.txt"], "more": ["other.txt"]}
    pipeline.write_text(one)
    Path("other.txt").unlink()
    assert records.run_action("record", [])
    assert Path("dvc.lock").read_bytes() == before


def test_record_says_what_dvc_cannot_read(snakemake: Snakemake, lines):
    """Its command says nothing with --quiet."""
    with Path("dvc.yaml").open("a") as pipeline:
        pipeline.write("vars: [{a: b: c}]\n")
    assert not records.run_action("record", [])
    assert lines() == [
        "phantom: DVC cannot read dvc.yaml: unable to read: 'dvc.yaml', YAML file structure is corrupted"
    ]


def test_record_refuses_while_there_is_work(snakemake: Snakemake, lines):
    before = Path("dvc.lock").read_bytes()
    OUTPUT.write_text("three")
    snakemake.answer.stdout = summary("update pending")
    assert not records.run_action("record", [])
    assert lines() == ["phantom: Snakemake has work to do for phantom; run it first: snakemake phantom"]
    assert Path("dvc.lock").read_bytes() == before


def test_record_of_an_experiment_without_a_pipeline(snakemake: Snakemake, lines):
    assert not records.run_action("record", ["mine"])
    assert lines() == ["mine: results/mine/dvc.yaml does not exist, so DVC does not follow this experiment"]


def test_sync_puts_the_commits_results_in_place_and_marks_them(snakemake: Snakemake, lines):
    git("checkout", "-q", "one")
    assert records.run_action("sync", [])
    assert OUTPUT.read_text() == "one"
    assert lines() == ["phantom: the results are this commit's"]
    assert [command[:2] for command in snakemake.commands] == [("--touch", "--forceall")]


def test_sync_marks_nothing_while_a_change_is_not_recorded(snakemake: Snakemake, lines):
    Path("in.txt").write_text("three")
    assert not records.run_action("sync", [])
    assert lines()[0].startswith("phantom: configuration or code differ from this commit's record")
    assert lines()[0].endswith("dvc repro dvc.yaml")
    assert snakemake.commands == []


def test_sync_keeps_what_is_not_recorded(snakemake: Snakemake, lines):
    OUTPUT.write_text("three")
    assert not records.run_action("sync", [])
    assert lines()[0].startswith("phantom: results that are not recorded would be lost; go back to the commit")
    assert lines()[0].endswith("or drop them: dvc checkout --force dvc.yaml")
    assert OUTPUT.read_text() == "three"
    assert snakemake.commands == []


def test_sync_says_what_is_not_here(snakemake: Snakemake, lines):
    OUTPUT.unlink()
    shutil.rmtree(".dvc/cache")
    assert not records.run_action("sync", [])
    assert lines() == [
        "phantom: this commit's results are not here: out.txt; get them: make pull, or make them: snakemake phantom"
    ]


def test_results_that_are_not_here_are_passed_over_unless_named(snakemake: Snakemake, lines):
    other = Path("results/other/dvc.yaml")
    other.parent.mkdir(parents=True)
    other.write_text(PIPELINE.format(wdir="../..", output="other.txt"))
    Path("other.txt").write_text("other")
    must(dvc("commit", "--quiet", "--force", str(other)))
    Path("other.txt").unlink()
    shutil.rmtree(".dvc/cache")
    must(dvc("commit", "--quiet", "--force", "dvc.yaml"))
    assert records.recorded_experiments() == ["phantom", "other"]
    assert records.run_action("sync", [])
    assert [line.partition(";")[0] for line in lines()] == [
        "phantom: the results are this commit's",
        "other: this commit's results are not here: other.txt",
    ]
    assert not records.run_action("sync", ["phantom", "other"])


READS_A_FOLDER = """\
stages:
  train:
    cmd: mkdir -p made/seed-0 && cp in.txt made/seed-0/weights.txt
    deps: [in.txt]
    outs: [made/seed-0/weights.txt: {persist: true}]
  report:
    cmd: ls made > out.txt
    deps: [made]
    outs: [out.txt: {persist: true}]
"""


@pytest.fixture
def of_a_seed_that_was_taken_back(snakemake: Snakemake) -> Path:
    """Results of an earlier configuration, of which git and the pipeline know nothing, among those of this one."""
    Path("dvc.yaml").write_text(READS_A_FOLDER)
    with Path(".gitignore").open("a") as ignored:
        ignored.write("/made/\n")
    for seed in (0, 1):
        Path(f"made/seed-{seed}").mkdir(parents=True)
        Path(f"made/seed-{seed}/weights.txt").write_text("two")
    return Path("made/seed-1")


def test_record_refuses_what_no_clone_could_have(of_a_seed_that_was_taken_back: Path, lines, tmp_path: Path):
    before = Path("dvc.lock").read_bytes()
    assert not records.run_action("record", [])
    assert len(lines()) == 1 and lines()[0].startswith("phantom: no stage of dvc.yaml makes made/seed-1, yet DVC")
    assert Path("dvc.lock").read_bytes() == before
    of_a_seed_that_was_taken_back.rename(tmp_path / "elsewhere")
    assert records.run_action("record", [])


def test_sync_says_what_makes_the_results_look_changed(
    of_a_seed_that_was_taken_back: Path, snakemake: Snakemake, lines
):
    must(dvc("commit", "--quiet", "--force", "dvc.yaml"))
    before = snakemake.commands
    (of_a_seed_that_was_taken_back / "weights.txt").write_text("of another commit")
    assert not records.run_action("sync", [])
    assert (
        lines()[0].startswith("phantom: no stage of dvc.yaml makes made/seed-1, yet DVC")
        and snakemake.commands == before
    )


def test_sync_without_a_record_of_the_experiment(snakemake: Snakemake, lines):
    assert not records.run_action("sync", ["mine"])
    assert lines() == ["mine: this commit has no record of it; make its results: snakemake mine"]


def test_sync_without_any_record(snakemake: Snakemake):
    Path("dvc.lock").unlink()
    with pytest.raises(UserError, match="no record of any experiment"):
        records.run_action("sync", [])


@pytest.mark.parametrize("action", ["push", "pull"])
def test_without_a_remote(snakemake: Snakemake, action: str):
    with pytest.raises(UserError, match=r"^no DVC remote is set; name one: dvc remote add --default"):
        records.run_action(action, [])


def test_what_was_pushed_comes_back_verified(snakemake: Snakemake, lines, tmp_path: Path):
    add_remote(tmp_path / "store")
    assert records.run_action("push", [])
    assert lines() == ["phantom: what is recorded is in the remote 'store'"]
    shutil.rmtree(".dvc/cache")
    OUTPUT.unlink()
    assert records.run_action("pull", [])
    assert OUTPUT.read_text() == "two"
    assert records._setting("remote.store.verify") == "true"


def test_push_says_what_a_clone_would_lack(snakemake: Snakemake, lines, tmp_path: Path):
    add_remote(tmp_path / "store")
    OUTPUT.write_text("three")
    must(dvc("commit", "--quiet", "--force", "dvc.yaml"))
    OUTPUT.write_text("four")
    assert records.run_action("push", [])
    assert [line.partition(";")[0] for line in lines()[1:]] == [
        "phantom: what is here now is not what is recorded",
        "phantom: commit dvc.lock, which tells a clone what to ask the remote for",
    ]


def test_push_of_what_is_not_here(snakemake: Snakemake, lines, tmp_path: Path):
    add_remote(tmp_path / "store")
    OUTPUT.unlink()
    shutil.rmtree(".dvc/cache")
    assert not records.run_action("push", [])
    assert lines() == [
        "phantom: recorded results are not here, so they were not sent; make them: snakemake phantom",
    ]


def test_push_without_a_record_of_the_experiment(snakemake: Snakemake, lines, tmp_path: Path):
    add_remote(tmp_path / "store")
    assert not records.run_action("push", ["mine"])
    assert lines() == ["mine: DVC has no record of it; make one: make record EXPERIMENT=mine"]


def test_pull_from_a_folder_that_is_not_there(snakemake: Snakemake, tmp_path: Path):
    store = add_remote(tmp_path / "store")
    with pytest.raises(UserError, match=f"^no folder {store} \\(the remote 'store'\\); is its disk mounted\\?$"):
        records.run_action("pull", [])


@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_pull_of_a_file_that_the_remote_does_not_have(snakemake: Snakemake, lines, tmp_path: Path, fault: str):
    store = add_remote(tmp_path / "store")
    assert records.run_action("push", [])
    stored = object_in(store)
    stored.chmod(0o644)
    if fault == "missing":
        stored.unlink()
    else:
        stored.write_text("other")
        stored.chmod(0o444)  # as DVC leaves its files, which it then trusts unless it is to verify them
    shutil.rmtree(".dvc/cache")
    OUTPUT.unlink()
    assert not records.run_action("pull", [])
    assert lines()[-1].startswith("phantom: missing or damaged in the remote 'store': out.txt; push them again")
    assert snakemake.commands == []
    assert not OUTPUT.exists()


LOST = (b"    - path: out.txt", b"  make:", b"\n      size: 3\n")


@pytest.mark.parametrize(("action", "lost"), [*(("sync", each) for each in LOST), ("pull", LOST[1]), ("push", LOST[1])])
def test_with_a_truncated_lock_that_is_still_yaml_nothing_is_touched(
    snakemake: Snakemake, lines, tmp_path: Path, lost: bytes, action: str
):
    add_remote(tmp_path / "store")
    whole = Path("dvc.lock").read_bytes()
    cut = whole[: whole.rindex(lost)]
    Path("dvc.lock").write_bytes(cut[:-5] if lost.endswith(b"\n") else cut)  # the last hash loses its end
    (tmp_path / "store").mkdir()
    before = {name: Path(name).read_bytes() for name in ("dvc.lock", "dvc.yaml", "out.txt")}
    assert not records.run_action(action, [])
    assert len(lines()) == 1 and "git checkout dvc.lock" in lines()[0], lines()
    assert {name: Path(name).read_bytes() for name in before} == before and snakemake.commands == []


@pytest.mark.parametrize("action", ["sync", "push", "record"])
def test_with_a_truncated_pipeline_nothing_is_touched(snakemake: Snakemake, lines, tmp_path: Path, action: str):
    add_remote(tmp_path / "store")
    Path("dvc.yaml").write_bytes(Path("dvc.yaml").read_bytes()[:-30])
    before = {name: Path(name).read_bytes() for name in ("dvc.lock", "dvc.yaml", "out.txt")}
    assert not records.run_action(action, [])
    assert len(lines()) == 1 and "\n" not in lines()[0] and "Traceback" not in lines()[0], lines()
    assert {name: Path(name).read_bytes() for name in before} == before and snakemake.commands[1:] == []
