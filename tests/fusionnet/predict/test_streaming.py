"""Volumes predicted chunk by chunk: equal to the whole in memory, resumed after any end, in any number of parts."""

import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from networks import MACHINE, SETTINGS, OneLayer, make_network

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.predict.predictor import Prediction, Predictor
from fusionnet.predict.shards import PartSink, gather, open_parts, parse_part
from fusionnet.predict.streaming import VolumeSink, predict_volume
from fusionnet.predict.summary import Summary
from fusionnet.predict.tiles import Chunk, ChunkPlan
from fusionnet.volumes.grey_values import GreyWindow
from fusionnet.volumes.output import OutputPlan, part_path
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (3, 150, 170), dtype=np.uint8)
IDENTITY = {"provenance": {"stage": "predict"}, "voxel_size_nm": None, "ome_version": None}
NAMES = ["p.tif", "p.zarr", "p.h5:raw/p"]


@pytest.fixture
def source(tmp_path: Path) -> VolumeSource:
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack")
    return open_volume(tmp_path / "v.tif")


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(OneLayer(), SETTINGS, MACHINE)


def plan_of(predictor: Predictor, slices: range = range(3)) -> ChunkPlan:
    return predictor.plan(slices, STACK.shape[1:])


def sink_at(path: str | Path, plan: ChunkPlan, deviation: Path | None = None) -> VolumeSink:
    output = OutputPlan(plan.shape, np.dtype("float32"), SETTINGS.tile_pixels, None, {"stage": "predict"})
    return VolumeSink(Path(path), deviation, output, IDENTITY)


def run(source: VolumeSource, predictor: Predictor, sink: VolumeSink | PartSink, **options: object) -> Summary:
    plan = options.get("plan", plan_of(predictor))
    return predict_volume(source, plan, options.get("numbers", range(len(plan))), predictor, None, sink)[0]


def content(path: Path) -> dict[str, bytes]:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def test_the_volume_holds_what_each_slice_gives(tmp_path: Path, source: VolumeSource):
    predictor = Predictor(make_network("unet"), SETTINGS, MACHINE)
    expected = [predictor.predict_slice(STACK[1].astype(np.float32))]
    plan = plan_of(predictor, range(1, 2))
    summary = run(source, predictor, sink_at(tmp_path / "p.tif", plan, tmp_path / "d.tif"), plan=plan)
    probability = open_volume(tmp_path / "p.tif").read_all()
    np.testing.assert_allclose(probability, [slice_.probability for slice_ in expected], atol=1e-5)
    deviation = open_volume(tmp_path / "d.tif").read_all()
    np.testing.assert_allclose(deviation, [slice_.deviation for slice_ in expected], atol=1e-5)
    assert summary.pixels == STACK[1].size and summary.inside == (probability >= 0.5).sum()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.tif", "p.tif", "v.tif"]


def test_slices_are_those_that_were_asked_for(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    run(source, predictor, sink_at(tmp_path / "all.tif", plan_of(predictor)))
    some = plan_of(predictor, range(1, 3))
    run(source, predictor, sink_at(tmp_path / "some.tif", some), plan=some)
    whole, part = (open_volume(tmp_path / name).read_all() for name in ("all.tif", "some.tif"))
    np.testing.assert_array_equal(part, whole[1:])


class Killed(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("moment", ["before the chunk", "before its line"])
def test_after_a_kill_the_result_is_the_same(
    tmp_path: Path, source: VolumeSource, predictor: Predictor, name: str, moment: str, monkeypatch: pytest.MonkeyPatch
):
    plan = plan_of(predictor)
    run(source, predictor, sink_at(f"{tmp_path}/whole-{name}", plan))
    predicted: list[int] = []
    for stop in (0, 1, 7, None):
        sink = sink_at(f"{tmp_path}/{name}", plan)
        write, add = sink.write, sink.journal.add

        def stopping(chunk: Chunk, prediction: Prediction, stop=stop, sink=sink, write=write) -> None:
            if stop is not None and len(sink.finished) >= stop and moment == "before the chunk":
                raise Killed
            predicted.append(chunk.number)
            write(chunk, prediction)

        def noting(number: int, summary: Summary, stop=stop, sink=sink, add=add) -> None:
            if stop is not None and len(sink.finished) >= stop and moment == "before its line":
                raise Killed
            add(number, summary)

        monkeypatch.setattr(sink, "write", stopping)
        monkeypatch.setattr(sink.journal, "add", noting)
        if stop is None:
            run(source, predictor, sink)
        else:
            with pytest.raises(Killed):
                run(source, predictor, sink)
            assert not file_of(tmp_path / name).exists()
    assert content(file_of(tmp_path / name)) == content(file_of(tmp_path / f"whole-{name}"))
    twice = len(predicted) - len(set(predicted))
    assert twice <= (0 if moment == "before the chunk" else 3), "finished chunks are not predicted again"


def test_after_a_change_of_the_job_nothing_old_is_kept(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    plan = plan_of(predictor)
    sink = sink_at(tmp_path / "p.tif", plan)
    sink.write(plan[0], Prediction(np.zeros(plan[0].shape, np.float32), np.zeros(plan[0].shape, np.float32)))
    sink.interrupt()
    output = OutputPlan(plan.shape, np.dtype("float32"), 64, None, {"stage": "predict"})
    changed = VolumeSink(tmp_path / "p.tif", None, output, IDENTITY | {"device": "cuda"})
    assert not changed.finished
    run(source, predictor, changed)
    run(source, predictor, sink_at(tmp_path / "clean.tif", plan))
    assert content(tmp_path / "p.tif") == content(tmp_path / "clean.tif")


def test_killed_between_the_last_chunk_and_the_name(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    plan = plan_of(predictor)
    sink = sink_at(tmp_path / "p.tif", plan)
    for chunk in plan.chunks(range(len(plan))):
        sink.write(chunk, Prediction(np.ones(chunk.shape, np.float32), np.zeros(chunk.shape, np.float32)))
    sink.interrupt()
    run(source, predictor, sink_at(tmp_path / "p.tif", plan))
    assert (open_volume(tmp_path / "p.tif").read_all() == 1).all(), "all chunks were there: none is predicted again"


def test_nan_pixels_are_counted_once_each(tmp_path: Path, predictor: Predictor):
    stack = STACK.astype(np.float32) / 255
    stack[0, 0, 0] = stack[1, 64, 64] = stack[2, 149, 169] = np.nan
    tifffile.imwrite(tmp_path / "nan.tif", stack, photometric="minisblack")
    plan = plan_of(predictor)
    sink = sink_at(tmp_path / "p.tif", plan)
    whole = range(len(plan))
    summary, _ = predict_volume(open_volume(tmp_path / "nan.tif"), plan, whole, predictor, GreyWindow(0, 1), sink)
    assert summary.missing == 3 and np.isfinite(open_volume(tmp_path / "p.tif").read_all()).all()


def test_a_damaged_chunk_ends_in_a_message_and_what_was_done_stays(tmp_path: Path, predictor: Predictor):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("raw", data=STACK, chunks=(1, 150, 170), compression="gzip")
        offset = file["raw"].id.get_chunk_info(2).byte_offset
    with (tmp_path / "v.h5").open("r+b") as file:
        file.seek(offset)
        file.write(bytes(50))
    with pytest.raises(UserError, match=r"slices 2-2, rows 0-\d+ cannot be read"):
        run(open_volume(f"{tmp_path}/v.h5:raw"), predictor, sink_at(tmp_path / "p.tif", plan_of(predictor)))
    assert not (tmp_path / "p.tif").exists() and part_path(tmp_path / "p.tif").exists()


@pytest.mark.parametrize("parts", [1, 2, 5, 40])
def test_the_result_does_not_depend_on_the_number_of_parts(
    tmp_path: Path, source: VolumeSource, predictor: Predictor, parts: int
):
    plan = plan_of(predictor)
    run(source, predictor, sink_at(tmp_path / "p.tif", plan, tmp_path / "d.tif"))
    paths = []
    for number in range(parts, 0, -1):
        sink = PartSink(tmp_path / f"part-{number}", plan, (number, parts), True, IDENTITY)
        run(source, predictor, sink, numbers=sink.numbers)
        paths.append(tmp_path / f"part-{number}")
    gather(open_parts(paths), sink_at(tmp_path / "p2.tif", plan, tmp_path / "d2.tif"))
    assert content(tmp_path / "p2.tif") == content(tmp_path / "p.tif")
    assert content(tmp_path / "d2.tif") == content(tmp_path / "d.tif")


def test_a_part_goes_on_after_its_last_whole_record(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    plan = plan_of(predictor)
    whole = PartSink(tmp_path / "whole", plan, (2, 2), False, IDENTITY)
    run(source, predictor, whole, numbers=whole.numbers)
    expected = (tmp_path / "whole").read_bytes()
    for share in (0.01, 0.3, 0.7, 0.999):
        part_path(tmp_path / "part").write_bytes(expected[: int(len(expected) * share)])
        sink = PartSink(tmp_path / "part", plan, (2, 2), False, IDENTITY)
        assert (len(sink.finished) > 0) == (share > 0.1) and len(sink.finished) < len(sink.numbers)
        run(source, predictor, sink, numbers=sink.numbers)
        assert (tmp_path / "part").read_bytes() == expected


def make_parts(folder: Path, source: VolumeSource, predictor: Predictor, parts: int, **identity: object) -> list[Path]:
    paths = [folder / f"{number}-of-{parts}{len(identity)}" for number in range(1, parts + 1)]
    for number, path in enumerate(paths, 1):
        sink = PartSink(path, plan_of(predictor), (number, parts), False, IDENTITY | identity)
        run(source, predictor, sink, numbers=sink.numbers)
    return paths


def test_parts_that_do_not_make_a_whole_are_refused(tmp_path: Path, source: VolumeSource, predictor: Predictor):
    first, second = make_parts(tmp_path, source, predictor, 2)
    foreign, _ = make_parts(tmp_path, source, predictor, 2, device="cuda")
    with pytest.raises(UserError, match=r"got \[2\] of 2, expected each from 1 to 2 once"):
        open_parts([second])
    with pytest.raises(UserError, match=r"got \[1, 1, 2\] of 2"):
        open_parts([first, second, first])
    with pytest.raises(UserError, match=": device differ"):
        open_parts([foreign, second])
    with pytest.raises(UserError, match="no part that scripts/predict"):
        open_parts([tmp_path / "v.tif"])
    second.write_bytes(second.read_bytes()[:-3])
    with pytest.raises(UserError, match="truncated at chunk"):
        gather(open_parts([first, second]), sink_at(tmp_path / "p.tif", plan_of(predictor)))


def test_a_part_is_one_of_so_many():
    assert parse_part("3/8") == (3, 8)
    for text in ("0/3", "4/3", "3", "a/b", "1/0", "-1/2"):
        with pytest.raises(UserError, match="expected I/N"):
            parse_part(text)


def kill_at(seconds: float, command: list[str]) -> int:
    """Start a command, kill it after so many seconds unless it has ended, and return its exit status."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # imports are done
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
from test_streaming import plan_of, run, sink_at
print("ready", flush=True)
predictor = Predictor(OneLayer(), SETTINGS, MACHINE)
predict = predictor.predict
predictor.predict = lambda window: (time.sleep(0.01), predict(window))[1]
run(open_volume(sys.argv[2]), predictor, sink_at(sys.argv[3], plan_of(predictor)))
"""


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_sigkill_at_random_moments(tmp_path: Path, source: VolumeSource, predictor: Predictor, kills: int):
    run(source, predictor, sink_at(tmp_path / "expected.tif", plan_of(predictor)))
    here = Path(__file__).parent
    command = [
        sys.executable,
        "-c",
        DRIVER,
        f"{ROOT}:{ROOT}/tests/helpers:{here}",
        source.name,
        str(tmp_path / "p.tif"),
    ]
    rng = np.random.default_rng(kills)
    ends = [kill_at(float(rng.uniform(0.02, 0.25)), command) for _ in range(kills)]
    assert -9 in ends
    run(source, predictor, sink_at(tmp_path / "p.tif", plan_of(predictor)))
    assert content(tmp_path / "p.tif") == content(tmp_path / "expected.tif")
