"""What the command line of workflow/volume.smk means."""

import json
from pathlib import Path

import pytest

from fusionnet.config.reading import read_yaml
from fusionnet.errors import UserError
from fusionnet.workflow.volume_job import VolumeJob

ROOT = Path(__file__).parents[3]
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


def test_the_home_folder_is_expanded_and_words_are_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/you")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.pt").touch()
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


def test_a_network_of_the_package_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    made = VolumeJob.from_command_line([], ["checkpoint=fusionnet-isbi2012", "volume=v", "probabilities=p.zarr"])
    assert made.inputs == ["fusionnet/models/weights/fusionnet-isbi2012.safetensors", "v"]
    with pytest.raises(UserError, match=r"c\.pt: no such checkpoint, and no network of the package"):
        _ = job("volume=v").inputs


def test_the_settings_are_those_of_the_base_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    base = read_yaml(ROOT / "config/config.yaml")
    assert json.loads(job("volume=v").settings) == base["predict"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("predict: {tile_pixel: 64}\n")
    with pytest.raises(UserError, match=r"config/config.yaml: predict: .*unknown key 'tile_pixel'"):
        _ = job("volume=v").settings


def test_only_results_that_the_workflow_left_so_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    made = job("volume=v", "deviation=d.h5:a")
    made.require_known_results()  # none is there
    assert made.remember_results() == [], "a run of shards alone leaves no result"
    (tmp_path / "p.zarr").mkdir()
    (tmp_path / "p.zarr/zarr.json").write_text("{}")
    with pytest.raises(UserError, match=r"p\.zarr: is there, and not as a run of this workflow"):
        made.require_known_results()
    (tmp_path / "d.h5").write_text("a")
    assert made.remember_results() == ["p.zarr", "d.h5"]
    (tmp_path / "p.zarr/.snakemake_timestamp").touch()
    made.require_known_results()
    job("volume=v", "deviation=d.h5:b").require_known_results()  # Snakemake sees another command
    (tmp_path / "d.h5").write_text("a, and what a person added")
    with pytest.raises(UserError, match=r"d\.h5: is there"):
        made.require_known_results()
    job("volume=v").require_known_results()
    (tmp_path / "p.zarr/labels").mkdir()
    (tmp_path / "p.zarr/labels/zarr.json").write_text("{}")
    with pytest.raises(UserError, match=r"p\.zarr: is there"):
        job("volume=v").require_known_results()
