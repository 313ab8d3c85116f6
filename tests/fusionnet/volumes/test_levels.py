"""Levels of chunked volumes: means or modes, of the shapes and places that viewers expect."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from fusionnet.volumes import levels
from fusionnet.volumes.levels import factors_of, shape_of
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import save_volume

PLAN = OutputPlan((21, 301, 130), np.dtype("float32"), (1, 64, 64), (50.0, 8.0, 8.0), {}, window=(0.0, 1.0))
SMALL_TOP = 40


def source_of(stack: np.ndarray) -> VolumeSource:
    return VolumeSource("memory", stack.shape, stack.dtype, lambda z, y, x: stack[z, y, x])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "LARGEST_TOP", SMALL_TOP)
    monkeypatch.setattr(levels, "WINDOW_SIDE", 64)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ((50.0, 8.0, 8.0), [(1, 1, 1), (1, 2, 2), (1, 4, 4), (2, 8, 8)]),
        ((8.0, 8.0, 8.0), [(1, 1, 1), (2, 2, 2), (4, 4, 4), (8, 8, 8)]),
        (None, [(1, 1, 1), (2, 2, 2), (4, 4, 4), (8, 8, 8)]),
        ((4.0, 8.0, 8.0), [(1, 1, 1), (2, 1, 1), (4, 2, 2), (8, 4, 4), (16, 8, 8)]),
    ],
)
def test_voxels_become_cubes(sides: tuple[float, float, float] | None, expected: list):
    plan = replace(PLAN, voxel_size_nm=sides)
    assert factors_of(plan) == expected
    assert max(shape_of(plan, expected[-1])) <= SMALL_TOP


def means(stack: np.ndarray, step: tuple[int, ...]) -> np.ndarray:
    """Return the means of blocks, of which those at the end may be smaller."""
    padded = np.pad(stack.astype(np.float64), [(0, -size % by) for size, by in zip(stack.shape, step, strict=True)])
    present = np.pad(np.ones(stack.shape), [(0, -size % by) for size, by in zip(stack.shape, step, strict=True)])
    for axis, by in enumerate(step):
        padded, present = (np.add.reduceat(each, range(0, each.shape[axis], by), axis) for each in (padded, present))
    return padded / present


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_each_level_holds_the_means_of_the_one_before(tmp_path: Path, version: str):
    stack = np.random.default_rng(0).random(PLAN.shape).astype(np.float32)
    save_volume(tmp_path / "p.zarr", replace(PLAN, ome_version=version), source_of(stack))
    group = zarr.open_group(tmp_path / "p.zarr", mode="r")
    assert sorted(group.keys()) == ["0", "1", "2", "3"]
    np.testing.assert_array_equal(group["0"][:], stack)
    for level, step in ((1, (1, 2, 2)), (2, (1, 2, 2)), (3, (2, 2, 2))):
        np.testing.assert_allclose(group[str(level)][:], means(group[str(level - 1)][:], step), rtol=1e-6)


def test_labels_keep_their_numbers(tmp_path: Path):
    names = np.array([7, 2**40, 2**40 + 9], np.uint64)
    stack = names[np.random.default_rng(0).integers(0, 3, PLAN.shape)]
    save_volume(tmp_path / "p.zarr", replace(PLAN, dtype=stack.dtype, labels=True, window=None), source_of(stack))
    group = zarr.open_group(tmp_path / "p.zarr", mode="r")
    coarse, fine = group["1"][:], group["0"][:]
    assert set(np.unique(group["3"][:])) <= set(names)
    block = fine[3, 10:12, 20:22]
    values, counts = np.unique(block, return_counts=True)
    assert coarse[3, 5, 10] in values[counts == counts.max()]


@pytest.mark.parametrize("window", [1 << 10, 1 << 16, 1 << 25])
@pytest.mark.parametrize("depth", [1, 7, 32])
def test_the_regions_of_the_work_do_not_show(tmp_path: Path, window: int, depth: int, monkeypatch: pytest.MonkeyPatch):
    stack = np.random.default_rng(0).integers(0, 256, PLAN.shape, dtype=np.uint8)
    plan = replace(PLAN, dtype=stack.dtype, window=(0.0, 255.0))
    save_volume(tmp_path / "expected.zarr", plan, source_of(stack))
    monkeypatch.setattr(levels, "WINDOW_BYTES", window)
    times = np.zeros(stack.shape, int)

    def counting(z: slice, y: slice, x: slice) -> np.ndarray:
        times[z, y, x] += 1
        return stack[z, y, x]

    save_volume(tmp_path / "p.zarr", plan, replace(source_of(stack), reader=counting, depth=depth))
    assert (times == 1).all()
    names = [file.relative_to(tmp_path / "p.zarr") for file in (tmp_path / "p.zarr").rglob("*") if file.is_file()]
    assert all((tmp_path / "p.zarr" / n).read_bytes() == (tmp_path / "expected.zarr" / n).read_bytes() for n in names)
