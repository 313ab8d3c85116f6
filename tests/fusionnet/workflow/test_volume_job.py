"""What the command line of workflow/volume.smk means."""

from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.volume_job import VolumeJob

NEEDED = ["checkpoint=c.pt", "probabilities=p.zarr"]


def job(*entries: str, files: tuple[Path, ...] = ()) -> VolumeJob:
    return VolumeJob.from_command_line(files, [*NEEDED, *entries])


def test_names_are_taken_as_they_stand():
    made = job("volume=2010", "slices=1", "parts=4", "deviation=")
    assert (made.volume, made.slices, made.parts, made.deviation) == ("2010", "1", 4, None)
    assert [job(f"volume={name}").volume for name in ("010", "1e3", "on", "null", "a=b")] == [
        "010",
        "1e3",
        "on",
        "null",
        "a=b",
    ]
    assert job("volume=v", "parts=010").parts == 10


def test_a_file_is_read_as_an_overlay_is(tmp_path: Path):
    (tmp_path / "job.yaml").write_text("volume: '2010'\nparts: 3\nslices: 1-2\n")
    made = job("parts=4", files=(tmp_path / "job.yaml",))
    assert (made.volume, made.slices, made.parts) == ("2010", "1-2", 4)
    (tmp_path / "job.yaml").write_text("volume: 2010\n")
    with pytest.raises(UserError, match="volume: got 2010; input should be a valid string"):
        job(files=(tmp_path / "job.yaml",))


def test_mistakes_are_named():
    with pytest.raises(UserError, match=r"unknown key 'part'.*parts"):
        job("volume=v", "part=2")
    with pytest.raises(UserError, match="parts: got 'two'"):
        job("volume=v", "parts=two")
    with pytest.raises(UserError, match=r"volume: got 'v\{1\}.tif', with '\{', which no path here may have; rename"):
        job("volume=v{1}.tif")


def test_the_home_folder_is_expanded_and_words_are_quoted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/you")
    made = job("volume=~/my stack's.h5:a", "deviation=~/d d.tif")
    assert made.inputs == ["c.pt", "/home/you/my stack's.h5"]
    assert made.options(gathers=False) == "--deviation '/home/you/d d.tif'"
