"""Files are whole or absent, whatever happens while they are written."""

import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from other_process import killed_when_we_wait, locked_elsewhere

from fusionnet.errors import UserError
from fusionnet.files import file_of, lock, sha256, split_key, try_lock, whole_or_absent, write_json, write_text


def test_the_file_appears_when_the_block_ends(tmp_path: Path):
    target = tmp_path / "new folder" / "result.csv"
    with whole_or_absent(target) as temporary:
        temporary.write_text("all of it")
        assert not target.exists()
        assert temporary.parent == target.parent and temporary.suffix == ".csv"
    assert target.read_text() == "all of it"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException):
    target = tmp_path / "result.json"
    write_json(target, {"old": True})
    with pytest.raises(type(error)), whole_or_absent(target) as temporary:
        temporary.write_text("half")
        raise error
    assert json.loads(target.read_text()) == {"old": True}
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path):
    target = tmp_path / "result.txt"
    write_text(target, "old")
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom fusionnet.files import whole_or_absent\n"
        "with whole_or_absent(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n    print('written', flush=True)\n    time.sleep(60)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None and writer.stdout.readline() == "written\n"
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    writer.stdout.close()
    assert target.read_text() == "old"


def test_two_writers_do_not_meet(tmp_path: Path):
    """A process that writes the same file at the same time has a temporary name of its own."""
    with whole_or_absent(tmp_path / "result.txt") as temporary:
        assert str(os.getpid()) in temporary.name
        temporary.write_text("mine")


def test_json_ends_with_a_line_and_keeps_order(tmp_path: Path):
    write_json(tmp_path / "r.json", {"b": 1, "a": [1.5, None]})
    assert (tmp_path / "r.json").read_text() == '{\n  "b": 1,\n  "a": [\n    1.5,\n    null\n  ]\n}\n'


def test_sha256_is_that_of_the_bytes(tmp_path: Path):
    content = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(content)
    assert sha256(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def test_sha256_of_a_folder_is_that_of_its_files_names_and_content(tmp_path: Path):
    for name in ("b", "a/c"):
        write_text(tmp_path / "folder" / name, name)
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("a/c", "b")]
    before = sha256(tmp_path / "folder")
    assert before == hashlib.sha256("".join(lines).encode()).hexdigest()
    write_text(tmp_path / "folder/b", "B")
    assert sha256(tmp_path / "folder") != before


def test_a_byte_that_another_process_has_is_refused_with_the_message(tmp_path: Path):
    with locked_elsewhere(tmp_path / "f", byte=7):
        file = (tmp_path / "f").open("a")
        assert not try_lock(file, 7) and try_lock(file, 8)
        with pytest.raises(UserError, match="f: taken"):
            lock(file, "f: taken", byte=7)
        assert file.closed


def test_a_killed_process_holds_nothing_and_who_waits_is_told_once(tmp_path: Path, messages):
    with locked_elsewhere(tmp_path / "f") as other, (tmp_path / "f").open("a") as file:
        with killed_when_we_wait(other):
            lock(file, "f: waiting", wait=True)
        assert other.wait() == -signal.SIGKILL
        lock(file, "f: waiting", wait=True)
    assert messages() == ["f: waiting"]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = socket.gethostname()
    left = tmp_path / f".result.{host}-{ended.pid}.txt"
    others = [
        tmp_path / f".result.{host}-{os.getppid()}.txt",  # of a process that lives
        tmp_path / f".result.elsewhere-{ended.pid}.txt",  # of another machine, on a disk of both
        tmp_path / f".other.{host}-{ended.pid}.txt",
        tmp_path / ".result.old.txt",
    ]
    for path in (left, *others):
        path.touch()
    write_text(tmp_path / "result.txt", "whole")
    assert not left.exists() and all(path.exists() for path in others)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named_with_its_folder(tmp_path: Path, monkeypatch, code: int):
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.lockf", refuse)
    with (tmp_path / "lock").open("a") as file, pytest.raises(UserError, match=f"{tmp_path}: no locks here"):
        lock(file, "taken", wait=True)


def test_file_and_key(tmp_path: Path):
    assert split_key("a/v.h5:b/c") == (Path("a/v.h5"), "b/c")
    assert split_key("v.HDF5") == (Path("v.HDF5"), "")
    assert split_key("v.hdf:a:b") == (Path("v.hdf"), "a:b")
    assert split_key("at 12:30/v.h5:raw") == (Path("at 12:30/v.h5"), "raw")
    assert split_key("at 12:30/v.tif") is None and file_of("at 12:30/v.tif") == Path("at 12:30/v.tif")
    (tmp_path / "v.h5:1").mkdir()
    (tmp_path / "v.h5").mkdir()
    assert split_key(tmp_path / "v.h5:1/x.tif") is None
    assert file_of("precomputed://a/b") == Path("a/b") and file_of("a/v.h5:b") == Path("a/v.h5")
