import signal

import pytest
import torch
from other_process import killed_when_we_wait, locked_elsewhere

from fusionnet.models.checkpoints import save_tensors
from fusionnet.train.states import StateFolder


@pytest.fixture
def states(tmp_path) -> StateFolder:
    return StateFolder(tmp_path / "work", "key")


def test_empty_folder_has_no_state(states):
    assert states.load() is None


def test_newest_state_is_loaded_and_two_are_kept(states):
    for step in (9, 10, 100):
        states.save(step, {"weights": torch.full((2,), float(step)), "history": [{"step": step, "v": None}]})
    step, state = states.load()
    assert step == 100 and state["history"] == [{"step": 100, "v": None}]
    assert torch.equal(state["weights"], torch.tensor([100.0, 100.0]))
    assert [int(path.name.split("-")[1]) for path in sorted(states.folder.glob("*"))] == [10, 100]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_damaged_state_is_set_aside_and_the_one_before_used(states, messages, damage):
    states.save(1, {"a": torch.zeros(50)})
    path = states.save(2, {"a": torch.ones(50)})
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[: len(content) // 2], "flip": content, "empty": b""}[damage])
    step, state = states.load()
    assert step == 1 and not state["a"].any()
    assert (states.folder / f"damaged-{path.name}").exists() and not path.exists()
    assert len(messages()) == 1 and path.name in messages()[0] and "set aside" in messages()[0]


def test_all_states_damaged_means_a_fresh_start(states, messages):
    for step in (1, 2):
        states.save(step, {}).write_bytes(b"x")
    assert states.load() is None and len(messages()) == 2


def test_state_of_another_job_is_never_resumed_and_outlives_an_edit(states, messages):
    mine = states.save(300, {"a": 1})
    edited = StateFolder(states.folder, "other key")
    assert edited.load() is None
    assert len(messages()) == 1 and "another configuration" in messages()[0] and mine.name in messages()[0]
    for step in (1, 2, 3):
        edited.save(step, {"a": 2})
    assert edited.load() == (3, {"a": 2})
    assert states.load() == (300, {"a": 1})  # the edit is taken back
    states.remove_others()
    assert list(states.folder.glob("state-*")) == [mine]


def test_newest_state_of_at_most_so_many_steps(states):
    paths = {step: states.save(step, {}) for step in (5, 6)}
    assert [states.newest(step) for step in (4, 5, 6, 99)] == [None, paths[5], paths[6], paths[6]]


def test_killed_while_writing_leaves_the_older_state(states):
    states.save(5, {"a": 1})
    (states.folder / ".new.123.pt").write_bytes(b"half")
    save_tensors(states.folder / "new.pt", {"whole": 1})  # killed between writing and naming
    assert states.load()[0] == 5
    assert not (states.folder / ".new.123.pt").exists()
    states.save(6, {"a": 2})
    assert states.load()[0] == 6


def test_two_processes_do_not_train_in_one_folder(states, messages):
    states.folder.mkdir(parents=True, exist_ok=True)
    with locked_elsewhere(states.folder / "lock") as other, killed_when_we_wait(other), states.alone():
        assert other.wait() == -signal.SIGKILL  # it has ended: we waited
    assert len(messages()) == 1 and "another process is training here" in messages()[0]
    with states.alone():
        assert len(messages()) == 1
