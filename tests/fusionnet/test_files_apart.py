"""No work begins that would overwrite what it reads, by whatever name; every script that writes asks."""

import os
import re
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.files import named, require_apart, same_file

ROOT = Path(__file__).parents[2]
WRITES_NOTHING_OF_A_NAME = {"records.py", "status.py", "verify.py"}


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    (tmp_path / "v.h5").write_bytes(b"grey values")
    (tmp_path / "link.h5").symlink_to(tmp_path / "v.h5")
    os.link(tmp_path / "v.h5", tmp_path / "hard.h5")
    (tmp_path / "linked folder").symlink_to(tmp_path)
    return tmp_path / "v.h5"


@pytest.mark.parametrize("name", ["{}/v.h5", "../v.h5", "{}/link.h5:p", "{}/hard.h5", "{}/linked folder/v.h5:raw"])
def test_a_result_is_not_written_over_its_source(volume: Path, name: str):
    result = name.format(volume.parent)
    arguments = Namespace(volume=f"{volume}:raw", probabilities=Path(result), deviation=None)
    with pytest.raises(UserError, match=r"--probabilities: got .*: the same file as --volume; choose another name"):
        require_apart(named(arguments, "volume"), named(arguments, "probabilities", "deviation"))


@pytest.mark.parametrize(
    ("name", "same"),
    [
        *((name, "v.h5") for name in ("v.h5", "link.h5:p", "hard.h5", "linked folder/v.h5:raw")),
        ("not yet.tif", "linked folder/not yet.tif"),
    ],
)
def test_one_file_by_whatever_name_is_one(volume: Path, name: str, same: str):
    assert same_file(volume.parent / name, volume.parent / same)
    assert not same_file(volume.parent / name, volume.parent / "other")


def test_two_results_are_two_files(volume: Path):
    arguments = Namespace(parts=[volume], probabilities=Path("p.tif"), deviation=Path("../other/p.tif"))
    with pytest.raises(UserError, match=r"--deviation: got \.\./other/p\.tif: the same file as --probabilities"):
        require_apart(named(arguments, "parts"), named(arguments, "probabilities", "deviation"))
    arguments.deviation = Path("d.tif")
    require_apart(named(arguments, "parts"), named(arguments, "probabilities", "deviation"))


def test_a_folder_that_is_read_is_not_written_into_nor_replaced(volume: Path):
    folder = volume.parent / "v.zarr"
    (folder / "0").mkdir(parents=True)
    for read, written in ((folder / "0", folder), (folder, folder / "p.tif")):
        with pytest.raises(UserError, match="lie in one another"):
            require_apart([("--volume", read)], [("--probabilities", written)])
    require_apart([("--volume", volume)], [("--work", volume.parent / "work"), ("--log", volume.parent / "work/log")])


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").glob("*.py")))
def test_every_script_that_writes_asks_before_its_log_is_begun(script: str):
    text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
    if "begin_report(" in text:
        text = (ROOT / "fusionnet/report/command.py").read_text(encoding="utf-8")
    asks, begins = text.find("    require_apart("), text.find("    log = start_log(")
    assert script in WRITES_NOTHING_OF_A_NAME or (asks > 0 and (begins < 0 or asks < begins))


COMMANDS = [
    "predict.py --checkpoint c --volume in --probabilities in",
    "predict.py --checkpoint c --volume in --probabilities p.tif --deviation p.tif",
    "predict.py --checkpoint in --volume v --probabilities p.tif --log in",
    "convert.py in in",
    "examine.py --volume v --labels in --mended-labels in",
    "augment.py --config {} --volume v --labels in --output-volume o --output-labels in",
    "train.py --config {} --volume in --labels l --checkpoint in --history h --work-folder w",
    "evaluate.py --labels in --probabilities p --metrics m --overlay in",
    "evaluate_bodies.py --labels l --probabilities in --metrics m --bodies in",
    "segment.py --probabilities p --volume in --map in",
    "segment.py --probabilities p --volume v --edges in --save-edges in",
    "evaluate_segmentation.py --labels l --probabilities p --linkage in --edges e --segmentation s --ladder in",
    "export.py --checkpoint in --onnx in",
    "submit.py --arm a --probabilities p in --submission in",
    "report_annotation.py --config {} --results r --figure f --log f",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_scripts_leave_their_input_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    Path("in").write_bytes(b"raw data")
    script, *words = command.split()
    monkeypatch.setattr(sys, "argv", [script, *words])
    with pytest.raises(SystemExit) as end:
        load_script(script)
    assert end.value.code == 1
    assert re.search(r": the same file as (--|IN)", capsys.readouterr().err)
    assert Path("in").read_bytes() == b"raw data" and [path.name for path in tmp_path.iterdir()] == ["in"]


def load_script(name: str) -> None:
    """Run a script in this process."""
    import runpy

    runpy.run_path(str(ROOT / "scripts" / name), run_name="__main__")
