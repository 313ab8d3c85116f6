import os
import subprocess
import sys
from pathlib import Path

import pytest

from fusionnet.devices import jobs_per_device
from fusionnet.errors import UserError

ROOT = Path(__file__).parents[2]

LEASE = """
import logging, sys, time
from pathlib import Path
from fusionnet.devices import lease_device
names, folder, jobs = sys.argv[1].split(","), Path(sys.argv[2]), int(sys.argv[3])
logging.basicConfig(format="%(message)s", stream=sys.stdout, level="INFO")
index, lease = lease_device(names, folder, jobs)
print(names[index], flush=True)
time.sleep(600)
"""


@pytest.fixture
def lease(tmp_path):
    """A function that starts a process which leases one of some devices and keeps it until it is killed."""
    processes = []

    def start(names: str, jobs: int = 1) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", LEASE, names, str(tmp_path), str(jobs)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_jobs_lease_different_devices_and_a_dead_jobs_lease_is_free(lease):
    first, second = lease("GPU-a,GPU-b"), lease("GPU-a,GPU-b")
    assert {first.stdout.readline(), second.stdout.readline()} == {"GPU-a\n", "GPU-b\n"}
    third = lease("GPU-b,GPU-c")  # other devices are visible to it, in another order
    assert third.stdout.readline() == "GPU-c\n"
    fourth = lease("GPU-a,GPU-b")
    assert fourth.stdout.readline() == "all 2 GPUs have 1 job(s) each: waiting for a free one\n"
    second.kill()
    second.wait()
    assert fourth.stdout.readline() in ("GPU-a\n", "GPU-b\n")


def test_several_jobs_share_a_device_on_request_and_spread_first(lease):
    leased = []
    for _ in range(4):
        leased.append(lease("GPU-a,GPU-b", jobs=2).stdout.readline())
    assert sorted(leased[:2]) == sorted(leased[2:]) == ["GPU-a\n", "GPU-b\n"]
    assert "waiting" in lease("GPU-a,GPU-b", jobs=2).stdout.readline()


def test_jobs_per_gpu_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("FUSIONNET_JOBS_PER_GPU", raising=False)
    assert jobs_per_device() == 1
    monkeypatch.setenv("FUSIONNET_JOBS_PER_GPU", "3")
    assert jobs_per_device() == 3
    monkeypatch.setenv("FUSIONNET_JOBS_PER_GPU", "none")
    with pytest.raises(UserError, match="got 'none', expected a number from 1"):
        jobs_per_device()
