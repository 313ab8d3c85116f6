"""Volumes stored in blocks: each block is read once, and the result does not depend on it."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from networks import MACHINE, SETTINGS, OneLayer, make_network

from fusionnet.predict import streaming
from fusionnet.predict.predictor import Predictor
from fusionnet.predict.store import PredictionStore
from fusionnet.predict.streaming import predict_volume, stored_depth
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (11, 150, 170), dtype=np.uint8)


def blocks_of_4(folder: Path) -> VolumeSource:
    zarr.create_array(folder / "v.zarr", data=STACK, chunks=(4, 64, 64))
    return open_volume(folder / "v.zarr")


def test_the_depth_is_that_of_the_file(tmp_path: Path):
    assert stored_depth(blocks_of_4(tmp_path), 512) == 4
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("raw", data=STACK, chunks=(3, 50, 50))
        file.create_dataset("whole", data=STACK)
    assert stored_depth(open_volume(f"{tmp_path}/v.h5:raw"), 512) == 3
    assert stored_depth(open_volume(f"{tmp_path}/v.h5:whole"), 512) == 1
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack")
    assert stored_depth(open_volume(tmp_path / "v.tif"), 512) == 1


def test_a_block_that_would_not_fit_is_taken_in_thinner_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = blocks_of_4(tmp_path)
    monkeypatch.setattr(streaming, "LARGEST_BLOCK", 2 * 100 * 100)
    assert stored_depth(source, 100) == 2
    monkeypatch.setattr(streaming, "LARGEST_BLOCK", 10)
    assert stored_depth(source, 100) == 1


@pytest.mark.parametrize("slices", [range(11), range(2, 9)])
def test_each_block_is_read_once_and_the_result_is_the_same(tmp_path: Path, slices: range):
    source = blocks_of_4(tmp_path)
    predictor = Predictor(OneLayer(), SETTINGS, MACHINE)
    reads: list[tuple] = []

    def counting(z: slice, rows: slice, columns: slice) -> np.ndarray:
        reads.append((z.start // 4, rows.start, columns.start))
        return source.reader(z, rows, columns)

    for depth in (1, 4):
        plan = predictor.plan(slices, STACK.shape[1:], depth)
        output = OutputPlan(plan.shape, np.dtype("float32"), (1, 64, 64), None, {})
        store = PredictionStore([str(tmp_path / f"{depth}.tif")], output, plan, range(len(plan)), {"depth": depth})
        reads.clear()
        predict_volume(replace(source, reader=counting), plan, predictor, None, store)
        store.finish()
    assert len(reads) == len(set(reads)) == 3 * 9
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "4.tif").read_bytes()


@pytest.mark.parametrize("slices", [range(11), range(2, 6), range(10, 11)])
def test_neighbours_come_from_the_whole_volume(tmp_path: Path, slices: range):
    source = blocks_of_4(tmp_path)
    predictor = Predictor(
        make_network("unet", neighbours=2), SETTINGS.model_copy(update={"orientation_average": False}), MACHINE
    )
    expected = predictor.predict_stack(STACK, slices)
    for depth in (1, 4):
        plan = predictor.plan(slices, STACK.shape[1:], depth)
        output = OutputPlan(plan.shape, np.dtype("float32"), (1, 64, 64), None, {})
        store = PredictionStore([str(tmp_path / f"{depth}.tif")], output, plan, range(len(plan)), {"depth": depth})
        predict_volume(source, plan, predictor, None, store)
        store.finish()
        np.testing.assert_allclose(tifffile.imread(tmp_path / f"{depth}.tif").reshape(plan.shape), expected, atol=1e-5)
