import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.gpus import gpus_offered, threads_of_gpu_job


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
def test_jobs_on_all_gpus_fit_on_the_cores_together(cores: int | None, gpus: int, threads: int):
    assert threads_of_gpu_job(cores, gpus) == threads
    assert cores is None or threads == 1 or threads * gpus <= cores
