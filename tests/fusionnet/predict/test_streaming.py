"""Volumes predicted chunk by chunk: equal to the whole in memory, resumed after any end, by any number of jobs."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from networks import MACHINE, SETTINGS, OneLayer, make_network

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.predict.predictor import Prediction, Predictor
from fusionnet.predict.store import PredictionStore
from fusionnet.predict.streaming import predict_volume
from fusionnet.predict.summary import Summary
from fusionnet.predict.tiles import Chunk, ChunkPlan
from fusionnet.volumes.grey_values import GreyWindow
from fusionnet.volumes.output import OutputPlan, part_path
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (3, 150, 170), dtype=np.uint8)
IDENTITY = {"provenance": {"stage": "predict"}}
NAMES = ["p.tif", "p.zarr", "p.h5:raw/p", "p.mrc", "precomputed://p"]


@pytest.fixture
def source(tmp_path: Path) -> VolumeSource:
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack")
    return open_volume(tmp_path / "v.tif")


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(OneLayer(), SETTINGS, MACHINE)


def plan_of(predictor: Predictor, slices: range = range(3)) -> ChunkPlan:
    return predictor.plan(slices, STACK.shape[1:])


def store_at(
    paths: str | Path | Sequence[Path], plan: ChunkPlan, shard: tuple[int, int] = (1, 1), **identity: object
) -> PredictionStore:
    tile = (1, SETTINGS.tile_pixels, SETTINGS.tile_pixels)
    output = OutputPlan(plan.shape, np.dtype("float32"), tile, (50.0, 4.0, 4.0), {"stage": "predict"})
    names = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    return PredictionStore(names, output, plan, plan.shard(*shard), IDENTITY | identity)


def run(source: VolumeSource, predictor: Predictor, store: PredictionStore, plan: ChunkPlan | None = None) -> Summary:
    try:
        predict_volume(source, plan or plan_of(predictor), predictor, None, store)
        return store.finish()
    finally:
        store.close()


def run_shard(source: VolumeSource, predictor: Predictor, store: PredictionStore) -> None:
    try:
        predict_volume(source, plan_of(predictor), predictor, None, store)
    finally:
        store.close()


def named(folder: Path, name: str) -> str:
    """Return a name of `NAMES` in a folder."""
    scheme, found, rest = name.rpartition("://")
    return f"{scheme}{found}{folder}/{rest}"


def content(path: Path) -> dict[str, bytes]:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def test_the_volume_holds_what_each_slice_gives(tmp_path: Path, source: VolumeSource):
    predictor = Predictor(make_network("unet"), SETTINGS, MACHINE)
    expected = [predictor.predict_slice(STACK[1].astype(np.float32))]
    plan = plan_of(predictor, range(1, 2))
    summary = run(source, predictor, store_at([tmp_path / "p.tif", tmp_path / "d.tif"], plan), plan=plan)
    probability = open_volume(tmp_path / "p.tif").read_all()
    np.testing.assert_allclose(probability, [slice_.probability for slice_ in expected], atol=1e-5)
    deviation = open_volume(tmp_path / "d.tif").read_all()
    np.testing.assert_allclose(deviation, [slice_.deviation for slice_ in expected], atol=1e-5)
    assert summary.pixels == STACK[1].size and summary.inside == (probability >= 0.5).sum()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.tif", "p.tif", "v.tif"]


def test_slices_are_those_that_were_asked_for(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    run(source, predictor, store_at(tmp_path / "all.tif", plan_of(predictor)))
    some = plan_of(predictor, range(1, 3))
    run(source, predictor, store_at(tmp_path / "some.tif", some), plan=some)
    whole, part = (open_volume(tmp_path / name).read_all() for name in ("all.tif", "some.tif"))
    np.testing.assert_array_equal(part, whole[1:])


def source_of_ones(plan: ChunkPlan) -> VolumeSource:
    ones = np.ones(plan.shape, np.float32)
    return VolumeSource("memory", plan.shape, ones.dtype, lambda z, y, x: ones[z, y, x])


class Killed(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize("name", NAMES)
def test_after_a_kill_the_result_is_the_same(
    tmp_path: Path, source: VolumeSource, predictor: Predictor, name: str, monkeypatch: pytest.MonkeyPatch
):
    plan = plan_of(predictor)
    (tmp_path / "whole").mkdir()
    run(source, predictor, store_at(named(tmp_path / "whole", name), plan))
    predicted: list[int] = []
    for stop in (0, 1, 7, None):
        store = store_at(named(tmp_path, name), plan)
        write, begun = store.write, len(predicted)

        def stopping(chunk: Chunk, prediction: Prediction, stop=stop, write=write, begun=begun) -> None:
            if len(predicted) - begun == stop:
                raise Killed
            predicted.append(chunk.number)
            write(chunk, prediction)

        monkeypatch.setattr(store, "write", stopping)
        if stop is None:
            run(source, predictor, store)
        else:
            with pytest.raises(Killed):
                run(source, predictor, store)
            assert not file_of(named(tmp_path, name)).exists()
    assert content(file_of(named(tmp_path, name))) == content(file_of(named(tmp_path / "whole", name)))
    assert len(predicted) == len(plan), "chunks that are there are not predicted again"


def test_after_a_change_of_the_job_nothing_old_is_kept(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    plan = plan_of(predictor)
    store = store_at(tmp_path / "p.tif", plan)
    store.write(plan[0], Prediction(np.zeros(plan[0].shape, np.float32), np.zeros(plan[0].shape, np.float32), 3))
    store.close()
    changed = store_at(tmp_path / "p.tif", plan, device="cuda")
    assert not changed.has(plan[0])
    assert run(source, predictor, changed).missing == 0
    run(source, predictor, store_at(tmp_path / "clean.tif", plan))
    assert content(tmp_path / "p.tif") == content(tmp_path / "clean.tif")


def test_a_map_of_deviations_is_not_taken_for_one_of_probabilities(
    tmp_path: Path, source: VolumeSource, predictor: Predictor
):
    plan = plan_of(predictor)
    store = store_at([tmp_path / "p.tif", tmp_path / "d.tif"], plan)
    store.write(plan[0], Prediction(np.ones(plan[0].shape, np.float32), np.zeros(plan[0].shape, np.float32)))
    store.close()
    other = store_at(tmp_path / "d.tif", plan)
    assert not other.has(plan[0])
    other.close()


@pytest.mark.parametrize("name", NAMES)
def test_killed_between_the_last_chunk_and_the_name(
    tmp_path: Path, source: VolumeSource, predictor: Predictor, name: str
):
    plan, path = plan_of(predictor), named(tmp_path, name)
    store = store_at(path, plan)
    for number in range(len(plan)):
        shape = plan[number].shape
        store.write(plan[number], Prediction(np.ones(shape, np.float32), np.zeros(shape, np.float32)))
    store._writes.wait()
    for whole in (folder.whole for folder in store._folders):
        store._writers[0].write(store._stores[0] if name == "p.zarr" else whole, source_of_ones(plan))
    store.close()
    run(source, predictor, store_at(path, plan))
    ones = open_volume(path.removeprefix("precomputed://")).read_all()
    assert (ones == 1).all(), "all chunks were there: none is predicted again"
    assert {each.name for each in tmp_path.iterdir()} == {"v.tif", file_of(path).name}


def test_a_second_result_later_has_the_first_predicted_again_to_the_same_bytes(
    tmp_path: Path, source: VolumeSource, predictor: Predictor
):
    run_shard(source, predictor, store_at(tmp_path / "p.tif", plan_of(predictor)))
    run(source, predictor, store_at([tmp_path / "p.tif", tmp_path / "d.tif"], plan_of(predictor)))
    run(source, predictor, store_at([tmp_path / "p2.tif", tmp_path / "d2.tif"], plan_of(predictor)))
    assert content(tmp_path / "p.tif") == content(tmp_path / "p2.tif")
    assert content(tmp_path / "d.tif") == content(tmp_path / "d2.tif")


def test_nan_pixels_are_counted_once_each(tmp_path: Path, predictor: Predictor):
    stack = STACK.astype(np.float32) / 255
    stack[0, 0, 0] = stack[1, 64, 64] = stack[2, 149, 169] = np.nan
    tifffile.imwrite(tmp_path / "nan.tif", stack, photometric="minisblack")
    plan = plan_of(predictor)
    for shard in ((1, 2), (2, 2), (1, 1)):  # each job counts its own, the last has the sum
        store = store_at(tmp_path / "p.tif", plan, shard)
        predict_volume(open_volume(tmp_path / "nan.tif"), plan, predictor, GreyWindow(0, 1), store)
        if shard != (1, 1):
            store.close()
    summary = store.finish()
    assert summary.missing == 3 and np.isfinite(open_volume(tmp_path / "p.tif").read_all()).all()


def test_a_damaged_chunk_ends_in_a_message_and_what_was_done_stays(tmp_path: Path, predictor: Predictor):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("raw", data=STACK, chunks=(1, 150, 170), compression="gzip")
        offset = file["raw"].id.get_chunk_info(2).byte_offset
    with (tmp_path / "v.h5").open("r+b") as file:
        file.seek(offset)
        file.write(bytes(50))
    with pytest.raises(UserError, match=r"slices 2-2, rows 0-\d+ cannot be read"):
        run(open_volume(f"{tmp_path}/v.h5:raw"), predictor, store_at(tmp_path / "p.tif", plan_of(predictor)))
    assert not (tmp_path / "p.tif").exists() and part_path(tmp_path / "p.tif").exists()


@pytest.mark.parametrize("shards", [1, 2, 5, 40])
@pytest.mark.parametrize("name", ["p.tif", "p.zarr"])
def test_the_result_does_not_depend_on_the_number_of_jobs(
    tmp_path: Path, source: VolumeSource, predictor: Predictor, shards: int, name: str
):
    plan = plan_of(predictor)
    one, many = ([tmp_path / f"{place}-{name}", tmp_path / f"{place}-d-{name}"] for place in ("one", "many"))
    run(source, predictor, store_at(one, plan))
    for number in range(shards, 0, -1):
        assert not many[0].exists()
        run_shard(source, predictor, store_at(many, plan, (number, shards)))
    last = store_at(many, plan)
    assert all(last.has(plan[number]) for number in range(len(plan)))
    run(source, predictor, last)
    assert [content(path) for path in many] == [content(path) for path in one]


def kill_at(windows: int, seconds: float, command: list[str]) -> int:
    """Start a command, kill it so long after it began so many windows unless it has ended; return its exit status."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(windows):
        process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    process.stdout.close()
    return process.wait()


ROOT = Path(__file__).parents[3]
DRIVER = """
import sys, time
from pathlib import Path
sys.path[:0] = sys.argv[1].split(":")
import torch
torch.set_num_threads(1)
from fusionnet.predict.predictor import Predictor
from fusionnet.volumes.volume import open_volume
from networks import MACHINE, SETTINGS, OneLayer
from test_streaming import plan_of, run, store_at
predictor = Predictor(OneLayer(), SETTINGS, MACHINE)
predict = predictor.predict
predictor.predict = lambda window: (print("a window", flush=True), time.sleep(0.01), predict(window))[2]
run(open_volume(sys.argv[2]), predictor, store_at(sys.argv[3], plan_of(predictor)))
"""


@pytest.mark.parametrize(
    ("kills", "name"),
    [(2, "p.zarr"), *(pytest.param(20, name, marks=pytest.mark.slow) for name in ("p.zarr", "p.tif"))],
)
def test_sigkill_at_random_moments(tmp_path: Path, source: VolumeSource, predictor: Predictor, kills: int, name: str):
    (tmp_path / "whole").mkdir()
    run(source, predictor, store_at(named(tmp_path / "whole", name), plan_of(predictor)))
    here = Path(__file__).parent
    command = [
        sys.executable,
        "-c",
        DRIVER,
        f"{ROOT}:{ROOT}/tests/helpers:{here}",
        source.name,
        named(tmp_path, name),
    ]
    rng = np.random.default_rng(kills)
    most = 27 // kills + 3  # of 27 windows; the last kills may come when there is nothing left to do
    ends = [kill_at(int(rng.integers(1, most)), float(rng.uniform(0, 0.03)), command) for _ in range(kills)]
    assert -9 in ends
    run(source, predictor, store_at(named(tmp_path, name), plan_of(predictor)))
    assert content(file_of(named(tmp_path, name))) == content(file_of(named(tmp_path / "whole", name)))
