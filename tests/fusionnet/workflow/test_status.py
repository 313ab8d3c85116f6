import os
import subprocess
import sys
from dataclasses import asdict

import psutil
import pytest

from fusionnet.files import write_json
from fusionnet.train.progress import HEARTBEAT, Heartbeat
from fusionnet.workflow.status import duration, find_replicates, state_of, table

NOW = 2e9


def beat(**changes) -> Heartbeat:
    known = {"arm": "unet", "fold": "test", "seed": 0, "steps": 480, "step": 120, "loss": 0.25, "updated": NOW - 3}
    return Heartbeat(**(known | changes))


def test_table_shows_every_training_of_the_experiment(tmp_path):
    work, results = tmp_path / "work", tmp_path / "results"
    running = beat(validation_v_rand=0.97531, steps_per_second=2.0, seconds_left=180.0)
    write_json(work / "unet/test/seed-0" / HEARTBEAT, asdict(running))
    write_json(work / "unet/test/seed-1" / HEARTBEAT, asdict(beat(seed=1, state="finished", step=480)))
    (results / "replicates/fusionnet/test/seed-0").mkdir(parents=True)
    (results / "replicates/fusionnet/test/seed-0/checkpoint.pt").touch()
    names = [(arm, "test", seed) for arm in ("fusionnet", "unet") for seed in (0, 1)]
    lines = table(find_replicates(names, work, results), NOW).splitlines()
    assert [line.split("  ")[0].strip() for line in lines] == ["arm", "fusionnet", "fusionnet", "unet", "unet"]
    assert lines[1].split()[3:] == ["finished"]
    assert lines[2].split()[3:] == ["not", "begun"]
    assert lines[3].split()[3:] == ["running", "120/480", "0.2500", "0.9753", "2.00", "3", "min", "3", "s", "ago"]
    assert lines[4].split()[3:5] == ["finished", "480/480"]


def test_a_killed_process_is_not_running():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert state_of(beat(process=child.pid), NOW) == "killed"
    assert state_of(beat(process=os.getpid()), NOW) == "running"


def test_a_number_that_a_later_process_got_is_of_a_killed_one():
    """The system gives numbers again, after a restart soon: this process is younger than the heartbeat."""
    began = psutil.Process().create_time()
    assert state_of(beat(process=os.getpid(), updated=began - 72 * 3600), NOW) == "killed"
    assert state_of(beat(process=os.getpid(), updated=began + 1), NOW) == "running"


def test_another_machine_is_silent_after_two_minutes():
    assert state_of(beat(host="elsewhere"), NOW) == "running"
    assert state_of(beat(host="elsewhere", updated=NOW - 121), NOW) == "silent"


def test_heartbeat_of_another_version_is_no_error(tmp_path):
    write_json(tmp_path / "unet/test/seed-0" / HEARTBEAT, {"steps": 3, "colour": "red"})
    assert find_replicates([("unet", "test", 0)], tmp_path, tmp_path)[0].beat is None


@pytest.mark.parametrize(("seconds", "text"), [(99.4, "99 s"), (100, "2 min"), (5999, "100 min"), (12600, "3.5 h")])
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("content", [{"updated": []}, {"process": "1"}, {"host": None}, {"loss": {}}])
def test_a_damaged_heartbeat_is_no_error(tmp_path, content):
    write_json(tmp_path / "unet/test/seed-0" / HEARTBEAT, asdict(beat()) | content)
    found = find_replicates([("unet", "test", 0)], tmp_path, tmp_path)
    assert table(found, NOW)  # of a number written as text the number is taken
    (tmp_path / "unet/test/seed-0" / HEARTBEAT).write_bytes(b"\xff")
    assert find_replicates([("unet", "test", 0)], tmp_path, tmp_path)[0].beat is None
