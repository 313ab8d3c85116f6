import math

import pytest

from fusionnet.train.optimisation import learning_rate


def rates(training_job, schedule: str) -> list[float]:
    settings = training_job(schedule=schedule, epochs=10, steps_per_epoch=10, learning_rate=2e-3).train
    return [learning_rate(step, settings) for step in range(100)]


def test_constant(training_job):
    assert set(rates(training_job, "constant")) == {2e-3}


def test_cosine_falls_from_the_highest_to_a_thousandth(training_job):
    found = rates(training_job, "cosine")
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(2e-3) and found[-1] == pytest.approx(2e-6)
    assert found[33] == pytest.approx(2e-6 + (2e-3 - 2e-6) * (1 + math.cos(math.pi / 3)) / 2)


def test_one_cycle_rises_for_a_tenth_and_falls_for_the_rest(training_job):
    found = rates(training_job, "one_cycle")
    top = found.index(max(found))
    assert top == 10 and found[top] == pytest.approx(2e-3, rel=1e-3)
    assert found[0] == pytest.approx(8e-5) and found[-1] == pytest.approx(2e-6)
    assert found[: top + 1] == sorted(found[: top + 1]) and found[top:] == sorted(found[top:], reverse=True)


def test_a_training_of_one_step_has_a_rate(training_job):
    settings = training_job(schedule="one_cycle", epochs=1, steps_per_epoch=1).train
    assert learning_rate(0, settings) > 0
