"""The example runs on a small stack as a reader would run it, and gives what scripts/predict.py gives."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.predict_a_stack import main
from fusionnet.errors import run
from fusionnet.volumes.stacks import write_volume
from fusionnet.volumes.volume import read_volume
from scripts.predict import main as predict


@pytest.fixture
def stack(tmp_path: Path, augmented: tuple[np.ndarray, np.ndarray]) -> Path:
    """Two slices of striped tissue, as a TIFF."""
    write_volume(tmp_path / "raw.tif", augmented[0][:2], {})
    return tmp_path / "raw.tif"


def call(monkeypatch: pytest.MonkeyPatch, program, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["program.py", *map(str, arguments)])
    run(program)


def test_the_example_predicts_as_the_script_does(stack: Path, monkeypatch: pytest.MonkeyPatch):
    picture, ours, theirs = (stack.with_name(name) for name in ("picture.png", "ours.tif", "theirs.tif"))
    call(monkeypatch, main, stack, "--probabilities", ours, "--picture", picture)
    call(monkeypatch, predict, "--checkpoint", "fusionnet-isbi2012", "--volume", stack, "--probabilities", theirs)
    np.testing.assert_array_equal(read_volume(ours), read_volume(theirs))
    with Image.open(picture) as image:
        assert image.size == (960, 360)
        assert len(image.convert("RGB").getcolors(1 << 20)) > 100  # something is drawn


def test_a_missing_stack_ends_in_one_line(stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    files = ("--probabilities", stack.with_name("p.tif"), "--picture", stack.with_name("p.png"))
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, main, stack.with_name("none.tif"), *files)
    assert stopped.value.code == 1
    message = capsys.readouterr().err
    assert "no such file" in message and message.count("\n") == 1
