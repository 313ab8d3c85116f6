"""OME-Zarr and precomputed volumes as their specifications have them, and as viewers show them."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import ome_zarr_models
import pytest
import zarr

from fusionnet.volumes.chunked_output import chunk_file, first_level
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume, save_volume

STACK = np.random.default_rng(0).random((5, 300, 40)).astype(np.float32)
PLAN = OutputPlan(STACK.shape, STACK.dtype, (1, 64, 64), (50.0, 4.0, 4.0), {"stage": "predict"}, window=(0.0, 1.0))
SOURCE = VolumeSource("memory", STACK.shape, STACK.dtype, lambda z, y, x: STACK[z, y, x])


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize(("version", "zarr_format"), [("0.4", 2), ("0.5", 3)])
def test_ome_zarr_follows_its_specification(tmp_path: Path, version: str, zarr_format: int, labels: bool):
    dtype = np.dtype("uint32") if labels else STACK.dtype
    plan = replace(PLAN, ome_version=version, labels=labels, dtype=dtype, window=None if labels else PLAN.window)
    save_volume(tmp_path / "p.zarr", plan, SOURCE)
    group = zarr.open_group(tmp_path / "p.zarr", mode="r")
    known = ome_zarr_models.open_ome_zarr(group)  # refuses what the specification does not have
    assert type(known).__name__ == ("ImageLabel" if labels else "Image")
    assert group.metadata.zarr_format == zarr_format and dict(group.attrs)["fusionnet"] == {"stage": "predict"}
    ome = dict(group.attrs) if version == "0.4" else dict(group.attrs)["ome"]
    image = ome["multiscales"][0]
    assert (image if version == "0.4" else ome)["version"] == version
    assert image["axes"] == [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    steps = [level["coordinateTransformations"] for level in image["datasets"]]
    assert steps == [
        [{"type": "scale", "scale": [50.0, 4.0, 4.0]}],
        [{"type": "scale", "scale": [50.0, 8.0, 8.0]}, {"type": "translation", "translation": [0.0, 2.0, 2.0]}],
    ]
    assert group["0"].chunks == (1, 64, 40) and group["1"].shape == (5, 150, 20)
    assert open_volume(tmp_path / "p.zarr").ome_version == version
    if labels:
        assert image["type"] == "mode" and "omero" not in ome
    else:
        window = {"min": 0.0, "start": 0.0, "end": 1.0, "max": 1.0}
        assert [channel["window"] for channel in ome["omero"]["channels"]] == [window]


def test_precomputed_has_scales_in_nanometres_and_says_what_made_it(tmp_path: Path):
    save_volume(f"precomputed://{tmp_path}/p", PLAN, SOURCE)
    info = json.loads((tmp_path / "p/info").read_text())
    assert (info["type"], info["data_type"], info["num_channels"]) == ("image", "float32", 1)
    assert [(scale["size"], scale["resolution"]) for scale in info["scales"]] == [
        ([40, 300, 5], [4.0, 4.0, 50.0]),
        ([20, 150, 5], [8.0, 8.0, 50.0]),
    ]
    assert json.loads((tmp_path / "p/provenance").read_text())["processing"] == [{"stage": "predict"}]
    np.testing.assert_array_equal(open_volume(tmp_path / "p").read_all(), STACK)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_chunk_of_zeros_is_there_and_under_its_name(tmp_path: Path, version: str):
    plan = replace(PLAN, ome_version=version)
    array = first_level(tmp_path / "p.zarr", plan, create=True)
    region = slice(3, 4), slice(128, 192), slice(0, 40)
    file = tmp_path / "p.zarr" / chunk_file(plan, region)
    assert not file.exists()
    array[region].write(np.zeros((1, 64, 40), np.float32)).result()
    assert file.is_file() and len([each for each in (tmp_path / "p.zarr/0").rglob("*") if each.is_file()]) == 2


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from fusionnet.volumes import chunked_output
from test_chunked_output import PLAN, SOURCE, STACK
from pathlib import Path
array = chunked_output.first_level(Path(sys.argv[2]), PLAN, create=True)
for z in range(5):
    array[z : z + 1].write(STACK[z : z + 1]).result()
(Path(sys.argv[2]) / "0/c/0/0/1.__lock").touch()  # as tensorstore's own, of a chunk that it was writing
writes = 0
real = chunked_output.write_levels
def killed(*arguments, **options):
    real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
chunked_output.write_levels = killed
chunked_output.ZarrWriter(sys.argv[2] + "/x.zarr", PLAN).write(Path(sys.argv[2]), SOURCE)
"""


def test_killed_while_levels_are_made_the_bytes_are_the_same(tmp_path: Path):
    from fusionnet.volumes.chunked_output import ZarrWriter

    save_volume(tmp_path / "expected.zarr", PLAN, SOURCE)
    part = tmp_path / "part"
    end = subprocess.run([sys.executable, "-c", KILLED, str(Path(__file__).parent), str(part)], check=False)
    assert end.returncode == -signal.SIGKILL and (part / "1").exists() and not (part / "zarr.json").exists()
    ZarrWriter(str(tmp_path / "p.zarr"), PLAN).write(part, SOURCE)
    names = {file.relative_to(part) for file in part.rglob("*") if file.is_file()}
    expected = tmp_path / "expected.zarr"
    assert names == {file.relative_to(expected) for file in expected.rglob("*") if file.is_file()}
    assert all((part / name).read_bytes() == (expected / name).read_bytes() for name in names)
