from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.gpus import MOST_THREADS, Places, gpus_offered, sees_gpu


def test_the_offer_is_the_resource_gpu():
    assert gpus_offered(3) == 3


@pytest.mark.parametrize(
    ("gpu", "got"), [(None, "got no gpu,"), (0, "got gpu=0,"), (-1, "got gpu=-1,"), ("two", "got gpu=two,")]
)
def test_an_offer_of_no_gpu_is_refused_with_a_way_out(gpu: int | str | None, got: str):
    with pytest.raises(UserError, match=f"--resources: {got} expected gpu=1 or more.*gpu=1 is right on a machine with"):
        gpus_offered(gpu)


@pytest.mark.parametrize(
    ("cores", "gpus", "threads"), [(8, 1, 8), (8, 2, 4), (2, 2, 1), (2, 5, 1), (64, 2, 8), (12, 5, 2), (None, 40, 8)]
)
@pytest.mark.parametrize(("portable", "on_gpu"), [(None, True), (None, False), (2, True)])
def test_jobs_on_all_gpus_fit_on_the_cores_together(cores, gpus, threads, portable: int | None, on_gpu: bool):
    places = Places(cores, gpus, processors=2, on_gpu=on_gpu)
    assert (places.threads(portable), places.gpus_held(portable)) == (threads, 1)
    assert cores is None or threads == 1 or threads * gpus <= cores


@pytest.mark.parametrize(
    ("cores", "processors", "own", "at_once"),
    [(8, 2, 1, 2), (8, 2, 2, 1), (8, 8, 2, 4), (8, 16, 2, 4), (2, 2, 2, 1), (1, 2, 2, 1), (8, 1, 2, 1), (8, 3, 1, 2)],
)
def test_without_a_gpu_portable_jobs_run_side_by_side_on_the_processors(cores, processors, own: int, at_once: int):
    places = Places(cores, 1, True, processors, on_gpu=False)
    assert places.gpus_held(own) == 0
    assert cores // places.threads(own) == at_once


def test_jobs_that_run_elsewhere_ask_for_a_gpu_there():
    places = Places(None, 16, here=False, processors=2, on_gpu=False)
    assert (places.threads(2), places.gpus_held(2)) == (MOST_THREADS, 1)


@pytest.mark.parametrize(("visible", "seen"), [("0", True), ("GPU-a,GPU-b", True), ("", False), ("-1", False)])
def test_what_a_scheduler_made_visible_counts(monkeypatch: pytest.MonkeyPatch, visible: str, seen: bool):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert sees_gpu() is seen


@pytest.mark.parametrize(("node", "seen"), [("nvidia0", True), ("dxg", True), ("nvidiactl", False), ("null", False)])
def test_else_a_device_of_the_system_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, node: str, seen: bool):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / node).touch()
    assert sees_gpu(tmp_path) is seen
