"""The phantom compared with a real stack: a picture, a table, and one line for a mistake."""

from collections.abc import Callable

import numpy as np
import pytest
import tifffile
from PIL import Image

from benchmarks.phantom import main
from fusionnet.errors import run


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that runs the benchmark in this process with arguments of a command line."""

    def call(*arguments: object) -> None:
        monkeypatch.setattr("sys.argv", ["phantom.py", *map(str, arguments)])
        run(main)

    return call


def test_picture_and_table(tmp_path, compare, capsys):
    grey = np.random.default_rng(0).integers(0, 255, (2, 256, 300), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "grey.tif", grey)
    tifffile.imwrite(tmp_path / "labels.tif", (grey > 60).astype(np.uint8) * 255)
    stacks = ("--isbi", tmp_path / "grey.tif", "--isbi-labels", tmp_path / "labels.tif")
    compare(*stacks, "--picture", tmp_path / "out.png", "--slices", 2)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert rows[2][0] == "| mean grey level"
    assert rows[2][2] == f"{grey.mean():.0f} |"
    assert all(len(row) == 3 for row in rows[2:])
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (4 * 256 + 3 * 6, 2 * 256 + 6)


def test_small_sections_are_refused(tmp_path, compare, capsys):
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((2, 64, 64), np.uint8))
    stacks = ("--isbi", tmp_path / "grey.tif", "--isbi-labels", tmp_path / "grey.tif")
    with pytest.raises(SystemExit) as stopped:
        compare(*stacks, "--picture", tmp_path / "out.png")
    assert stopped.value.code == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "expected at least 256" in message
    assert not (tmp_path / "out.png").exists()
