"""The journal of a long job: what was noted is known to the next job, and nothing else is."""

from pathlib import Path

import pytest
from other_process import locked_elsewhere

from fusionnet.errors import UserError
from fusionnet.predict.journal import Journal
from fusionnet.predict.summary import Summary

SUMMARY = Summary(64, 0.125, 1.0, 30.5, 40, 2)


def begin(folder: Path, identity: dict | None = None, finished: int = 0) -> Journal:
    (folder / "part").touch()
    journal = Journal(folder / ".p.tif.journal", identity or {"seed": 1}, [folder / "part"])
    for number in range(finished):
        journal.add(number, SUMMARY)
    return journal


def test_the_next_job_knows_what_was_noted(tmp_path: Path):
    begin(tmp_path, finished=3).close(done=False)
    journal = begin(tmp_path)
    assert journal.finished == {0: SUMMARY, 1: SUMMARY, 2: SUMMARY}
    journal.add(3, SUMMARY)
    journal.close(done=False)
    assert sorted(begin(tmp_path).finished) == [0, 1, 2, 3]


def test_a_line_that_was_being_written_does_not_count(tmp_path: Path):
    begin(tmp_path, finished=3).close(done=False)
    path = tmp_path / ".p.tif.journal"
    path.write_text(path.read_text()[:-5])
    journal = begin(tmp_path)
    assert sorted(journal.finished) == [0, 1]
    journal.add(2, SUMMARY)
    journal.close(done=False)
    assert begin(tmp_path).finished == {0: SUMMARY, 1: SUMMARY, 2: SUMMARY}


def test_another_identity_begins_anew(tmp_path: Path):
    begin(tmp_path, finished=3).close(done=False)
    journal = begin(tmp_path, {"seed": 2})
    assert not journal.finished
    journal.close(done=False)
    assert not begin(tmp_path, {"seed": 1}).finished


def test_without_the_written_part_nothing_is_finished(tmp_path: Path):
    begin(tmp_path, finished=3).close(done=False)
    (tmp_path / "part").unlink()
    assert not Journal(tmp_path / ".p.tif.journal", {"seed": 1}, [tmp_path / "part"]).finished


def test_two_jobs_cannot_write_the_same(tmp_path: Path):
    (tmp_path / ".p.tif.journal").touch()
    with locked_elsewhere(tmp_path / ".p.tif.journal"), pytest.raises(UserError, match="another process is writing it"):
        begin(tmp_path)
    begin(tmp_path).close(done=True)
    assert not (tmp_path / ".p.tif.journal").exists()
