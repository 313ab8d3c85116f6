import subprocess
from dataclasses import replace
from pathlib import Path

from fusionnet.files import sha256
from fusionnet.report.page.document import Code
from fusionnet.report.page.material import Findings
from fusionnet.report.page.origins import hash_table, origin_table, settings_table


def test_hashes_are_those_of_the_files_and_the_commands_show_them(findings: Findings):
    table = hash_table(findings.replicates)
    assert len(table.rows) == len(findings.replicates)
    for replicate, row in zip(findings.replicates, table.rows, strict=True):
        hashes = [sha256(replicate.folder / name) for name in ("checkpoint.pt", "probabilities.tif")]
        assert row[1:3] == [Code(each) for each in hashes]
    shown = subprocess.run(["bash", "-c", row[3].text], capture_output=True, text=True, check=True).stdout
    assert all(each in shown for each in hashes), "also of an arm with a hostile name"


def test_what_was_kept_is_said_and_what_was_not_too(findings: Findings):
    made_by = {"code": "abc", "fusionnet": "0.1.0", "environment": {"torch": "2.13.0", "numpy": "2.4"}}
    kept = {"probabilities": {"made_by": made_by}, "labels": {"made_by": {"dataset": "phantom", "licence": "MIT"}}}
    first = replace(findings.replicates[0], metrics=findings.replicates[0].metrics | {"provenance": kept})
    rows = {row[0]: row[1:] for row in origin_table("fake", [first], findings.stacks).rows}
    assert rows["code of the predictions"] == [Code("abc"), Code("make verify EXPERIMENT=fake")]
    assert rows["environment"][0] == "numpy 2.4, torch 2.13.0"
    assert rows["data"][0] == "dataset: phantom; licence: MIT"
    assert rows["processors"][0] == "a processor, 2 threads; cpu"
    assert rows["train-volume.tif"][0] == Code(sha256(findings.stacks[0]))
    bare = {row[0]: row[1] for row in origin_table("fake", findings.replicates[1:], findings.stacks).rows}
    assert bare["environment"] == bare["data"] == "not kept"


def test_the_commit_is_found_by_the_pages_hash_in_the_lock(tmp_path: Path, findings: Findings):
    rows = {row[0]: row[2] for row in origin_table("fake", findings.replicates, findings.stacks).rows}
    report = tmp_path / "results/fake/report"
    report.mkdir(parents=True)
    (report / "index.html").write_text("a page")
    script = "git init -q . && git config user.email a@b.example && git config user.name t && echo x > dvc.lock"
    script += " && git add dvc.lock && git commit -qm one && md5sum results/fake/report/index.html >> dvc.lock"
    script += f" && git commit -qam two && {rows['commit'].text} && git rev-parse HEAD"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    found, head = done.stdout.split()
    assert found == head


def test_settings_are_those_of_each_arm_and_those_that_all_share():
    job = {"arm": "a", "seed": 0, "network": {"width": 1}, "train": {"epochs": 3, "threads": None}}
    table = settings_table(job, {"a": {"width": 8}}, {"a": "An arm"})
    assert table.rows == [["An arm", "width 8"], ["train", "epochs 3"]]
