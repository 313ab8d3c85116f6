"""What the command line of workflow/volume.smk means."""

from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.volume_job import VolumeJob

NEEDED = ["checkpoint=c.pt", "probabilities=p.zarr"]


def job(*entries: str, files: tuple[Path, ...] = ()) -> VolumeJob:
    return VolumeJob.from_command_line(files, [*NEEDED, *entries])


def test_names_are_taken_as_they_stand():
    made = job("volume=2010", "slices=1", "shards=4", "deviation=")
    assert (made.volume, made.slices, made.shards, made.deviation) == ("2010", "1", 4, None)
    assert [job(f"volume={name}").volume for name in ("010", "1e3", "on", "null", "a=b")] == [
        "010",
        "1e3",
        "on",
        "null",
        "a=b",
    ]
    assert job("volume=v", "shards=010").shards == 10


def test_a_file_is_read_as_an_overlay_is(tmp_path: Path):
    (tmp_path / "job.yaml").write_text("volume: '2010'\nshards: 3\nslices: 1-2\n")
    made = job("shards=4", files=(tmp_path / "job.yaml",))
    assert (made.volume, made.slices, made.shards) == ("2010", "1-2", 4)
    (tmp_path / "job.yaml").write_text("volume: 2010\n")
    with pytest.raises(UserError, match="volume: got 2010; input should be a valid string"):
        job(files=(tmp_path / "job.yaml",))


def test_mistakes_are_named():
    with pytest.raises(UserError, match=r"unknown key 'shard'.*shards"):
        job("volume=v", "shard=2")
    with pytest.raises(UserError, match="shards: got 'two'"):
        job("volume=v", "shards=two")
    with pytest.raises(UserError, match=r"volume: got 'v\{1\}.tif', with '\{', which no path here may have; rename"):
        job("volume=v{1}.tif")


def test_the_home_folder_is_expanded_and_words_are_quoted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/you")
    made = job("volume=~/my stack's.h5:a", "deviation=~/d d.tif")
    assert made.inputs == ["c.pt", "/home/you/my stack's.h5"]
    assert made.command == (
        "python scripts/predict.py --checkpoint c.pt --volume '/home/you/my stack'\"'\"'s.h5:a' --probabilities p.zarr"
        " --deviation '/home/you/d d.tif' --output-type float32"
    )


def test_results_are_files_or_folders():
    made = job("volume=v", "deviation=precomputed://d")
    assert made.results == ["p.zarr", "d"] and all(map(made.is_folder, made.results))
    made = job("volume=v", "probabilities=p.h5:a", "deviation=d.tif")
    assert made.results == ["p.h5", "d.tif"] and not any(map(made.is_folder, made.results))
