"""Each line goes to standard error and to the log file, and so does what ends a script."""

import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from fusionnet.errors import UserError, run
from fusionnet.files import whole_or_absent
from fusionnet.logs import start_log

ERRORS = {
    "a user's": (UserError("x.tif:\nno such file"), 1, "evaluate: error: x.tif: no such file"),
    "the system's": (
        OSError(28, "No space left on device", "x.tif"),
        1,
        "evaluate: error: No space left on device: x.tif",
    ),
    "ours": (ZeroDivisionError("division by zero"), 1, "evaluate: error: a fault of the program, not of yours"),
    "an interruption": (KeyboardInterrupt(), 130, "evaluate: interrupted"),
}


def test_lines_go_to_both_and_a_resumed_log_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture):
    path = tmp_path / "logs/train.log"
    for append, expected in ((False, "train: a\n"), (True, "train: a\ntrain: a\n"), (False, "train: a\n")):
        start_log("train", path, append)
        logging.getLogger("fusionnet.train.loop").info("a")
        logging.getLogger("another.library").info("is not heard")
        assert path.read_text() == expected
        assert capsys.readouterr().err == "train: a\n"


@pytest.mark.parametrize("kind", ERRORS)
def test_what_ends_a_script_is_in_its_log_too(kind: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture):
    error, code, first = ERRORS[kind]

    def main() -> None:
        start_log("evaluate", tmp_path / "log")
        raise error

    monkeypatch.setattr(sys, "argv", ["scripts/evaluate.py"])
    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == code
    shown = capsys.readouterr().err
    assert (tmp_path / "log").read_text() == shown
    assert shown.startswith(first + "\n")
    assert ("Traceback" in shown and "ZeroDivisionError" in shown) == (kind == "ours")


def test_sigterm_removes_what_is_half_written(tmp_path: Path, monkeypatch):
    """As Snakemake ends its jobs, and a cluster: Python by itself would end at once, without any `finally`."""

    def main() -> None:
        with whole_or_absent(tmp_path / "result.txt") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(sys, "argv", ["scripts/augment.py"])
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as end:
            run(main)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert end.value.code == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_what_goes_wrong_before_there_is_a_log_is_shown(monkeypatch, capsys: pytest.CaptureFixture):
    def main() -> None:
        raise UserError("no config")

    monkeypatch.setattr(sys, "argv", ["scripts/train.py"])
    with pytest.raises(SystemExit):
        run(main)
    assert capsys.readouterr().err == "train: error: no config\n"
