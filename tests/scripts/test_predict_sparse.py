"""A volume of 50 GB of which little is there is predicted in part, in the memory and time that this part takes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import zarr
from networks import MACHINE, SETTINGS, make_network

from fusionnet.config.stages import TrainingJob
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.predict.predictor import Predictor
from fusionnet.volumes.volume import open_volume, read_volume

ROOT = Path(__file__).parents[2]
MOST_BYTES = 2e9  # of memory, of which the imports take a third
MOST_SECONDS = 200  # of a processor's time, of which predicting takes some 10
SHAPES = {"deep": (50_000, 1000, 1000), "wide": (640, 9000, 9000)}
HERE = 300  # the slice that is there, or a square of it
SQUARE = np.random.default_rng(0).integers(0, 256, (400, 400), dtype=np.uint8)


def ome_zarr(path: Path, shape: tuple[int, int, int]) -> str:
    group = zarr.create_group(path / "v.zarr")
    scale = [{"type": "scale", "scale": [50, 4, 4]}]
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    image = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    array = group.create_array("0", shape=shape, chunks=(1, 500, 500), dtype="u1")
    array[HERE, :400, :400] = SQUARE
    return str(path / "v.zarr")


def hdf5(path: Path, shape: tuple[int, int, int]) -> str:
    with h5py.File(path / "v.h5", "w") as file:
        file.create_dataset("raw", shape, "u1", chunks=(1, 500, 500))[HERE, :400, :400] = SQUARE
    return f"{path / 'v.h5'}:raw"


def mrc(path: Path, shape: tuple[int, int, int]) -> str:
    """Write a file that takes no room where nothing was written."""
    with mrcfile.new_mmap(path / "v.mrc", shape=shape, mrc_mode=0) as file:
        file.data[HERE, :400, :400] = SQUARE.view(np.int8)
        file.header.dmin, file.header.dmax = -128, 127  # they say that the bytes have a sign
    return str(path / "v.mrc")


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("write", [ome_zarr, hdf5, mrc])
def test_a_part_of_50_gb_costs_what_the_part_costs(
    write: Callable[[Path, tuple[int, int, int]], str],
    shape: str,
    tmp_path: Path,
    training_job: Callable[..., TrainingJob],
) -> None:
    volume = write(tmp_path, SHAPES[shape])
    assert np.prod(open_volume(volume).shape) >= 5e10
    assert sum(file.stat().st_blocks * 512 for file in tmp_path.rglob("*")) < 5e7, "the disk holds what is there"
    save_checkpoint(tmp_path / "c.pt", make_network("unet"), training_job(), {})
    section = SETTINGS.model_copy(update={"tile_pixels": 512}).model_dump_json()
    files = ["--checkpoint", tmp_path / "c.pt", "--config", section, "--probabilities", tmp_path / "p.zarr"]
    files += ["--grey-window=-128,127"] if write is mrc else []
    part = ["--slices", f"{HERE}-{HERE + 1}", *(["--shard", "1/60"] if shape == "wide" else [])]
    command = [sys.executable, "scripts/predict.py", *files, "--volume", volume, *part]
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    seconds = used.ru_utime + used.ru_stime
    print(f"{volume}: {used.ru_maxrss / 1e6:.2f} GB, {seconds:.0f} s")
    assert used.ru_maxrss * 1024 < MOST_BYTES and seconds < MOST_SECONDS
    if shape == "deep":
        plane = np.full(SHAPES[shape][1:], 128 if write is mrc else 0, np.float32)
        plane[:400, :400] = SQUARE ^ 128 if write is mrc else SQUARE  # its signed values from black to white
        expected = Predictor(make_network("unet"), SETTINGS, MACHINE).predict_slice(plane).probability
        found = read_volume(tmp_path / "p.zarr")
        assert found.shape == (2, 1000, 1000)
        np.testing.assert_allclose(found[0], expected, atol=1e-4)
