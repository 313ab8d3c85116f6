"""Label volumes: the same bytes in whatever blocks a volume is read, in memory that does not grow with it."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from fusionnet.errors import UserError
from fusionnet.segment import neurons
from fusionnet.segment.cutting import CutStack
from fusionnet.segment.labelled import StoredSlices, write_neurons
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume

SIDE = 64
CHUNK = (1, SIDE, SIDE)


def source_of(slices: int, depth: int = 1) -> VolumeSource:
    """A volume that is made when it is read: cells that drift from slice to slice."""

    def read(z: slice, rows: slice, columns: slice) -> np.ndarray:
        planes, y, x = np.mgrid[z, rows, columns]
        rim = ((y + planes) % 21 < 3) | ((x + 2 * planes) % 17 < 3)
        return np.where(rim, 20 + (y * 7 + x * 3) % 11, 230 - (y * 5 + x + planes) % 13).astype(np.uint8)

    return VolumeSource("drawn", (slices, SIDE, SIDE), np.dtype(np.uint8), read, (50.0, 4.0, 4.0), depth)


def write(path: Path, slices: int, block: int | None = None, dtype: str = "uint32") -> int:
    source = source_of(slices)
    stack = CutStack(StoredSlices(source, block=block), StoredSlices(source, block=block))
    plan = OutputPlan(
        (slices, SIDE, SIDE), np.dtype(dtype), CHUNK, source.voxel_size_nm, {}, labels=True, name="neurons"
    )
    return write_neurons(path, stack, None, 0.5, plan)


def test_labels_do_not_depend_on_the_blocks(tmp_path: Path):
    counts = {write(tmp_path / f"{block}.tif", 9, block, "uint16") for block in (1, 2, 4, 9, None)}
    assert len(counts) == 1 and len({path.read_bytes() for path in tmp_path.glob("*.tif")}) == 1
    labels = tifffile.imread(tmp_path / "1.tif")
    assert labels.dtype == np.uint16 and labels.max() == counts.pop() and labels.min() == 1
    assert 1 < len(np.unique(labels[0])) < labels.max(), "some neurons go on, and some begin"
    assert len(set(labels[0].ravel()) & set(labels[1].ravel())) > 5


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_says_that_it_holds_labels(tmp_path: Path, version: str):
    source = source_of(3)
    stack = CutStack(StoredSlices(source), StoredSlices(source))
    plan = OutputPlan(source.shape, np.dtype(np.uint32), CHUNK, source.voxel_size_nm, {}, version, True, name="neurons")
    count = write_neurons(tmp_path / "n.zarr", stack, None, 0.5, plan)
    attributes = dict(zarr.open_group(tmp_path / "n.zarr", mode="r").attrs)
    assert "image-label" in attributes.get("ome", attributes)
    assert json.dumps(attributes).count('"neurons"') == 1 and "probability" not in json.dumps(attributes)
    volume = open_volume(tmp_path / "n.zarr")
    assert volume.dtype == np.uint32 and volume.voxel_size_nm == (50.0, 4.0, 4.0) and volume.read_all().max() == count


def test_neuroglancers_format_holds_a_segmentation(tmp_path: Path):
    source = source_of(3)
    stack = CutStack(StoredSlices(source), StoredSlices(source))
    plan = OutputPlan(source.shape, np.dtype(np.uint32), CHUNK, source.voxel_size_nm, {}, labels=True, name="neurons")
    count = write_neurons(f"precomputed://{tmp_path}/n", stack, None, 0.5, plan)
    assert json.loads((tmp_path / "n/info").read_text(encoding="utf-8"))["type"] == "segmentation"
    assert open_volume(tmp_path / "n").read_all().max() == count


def test_memory_does_not_grow_with_the_volume(tmp_path: Path):
    write(tmp_path / "n.zarr", 2)  # what is loaded once
    peaks = []
    for slices in (24, 72):
        tracemalloc.start()
        write(tmp_path / "n.zarr", slices)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    segments = 72 * 20
    assert peaks[1] - peaks[0] < 0.1 * peaks[0] + 64 * segments


def test_more_neurons_than_numbers_are_refused_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(neurons, "links_between", lambda upper, lower: np.empty((0, 2), int))  # none goes on
    with pytest.raises(UserError, match=r"n.zarr: \d+ neurons do not fit into int8; write .zarr"):
        write(tmp_path / "n.zarr", 20, dtype="int8")
    assert list(tmp_path.iterdir()) == []


def test_chosen_slices_are_read(tmp_path: Path):
    source = source_of(7)
    every = source.read_all()
    for block in (1, 3):
        chosen = StoredSlices(source, range(2, 6), block)
        assert len(chosen) == 4 and chosen.shape == (4, SIDE, SIDE)
        np.testing.assert_array_equal(np.stack([chosen[z] for z in range(4)]), every[2:6])
