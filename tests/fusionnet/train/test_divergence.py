import pytest
import torch

from fusionnet.train.divergence import DivergedError, EpochLosses

CPU = torch.device("cpu")


def test_an_explosion_that_began_in_the_epoch_before_is_dated_right():
    """Also by a process that took over in between."""
    losses = EpochLosses(10, CPU)
    for step in range(10):
        losses.put(step, torch.tensor(1.0 if step < 8 else 6.0))
        losses.last(step + 1)
    assert losses.mean(10) == pytest.approx(2.0)
    later = EpochLosses(10, CPU)
    later.restore(losses.state())
    for step in range(10, 20):
        later.put(step, torch.tensor(6.0))
    later.last(20)
    with pytest.raises(DivergedError, match="since step 9") as error:
        later.mean(20)
    assert error.value.last_sane == 8


def test_high_losses_before_one_that_is_no_number_are_not_sane():
    losses = EpochLosses(10, CPU)
    for step, loss in enumerate([1.0, 2.0, 50.0, float("inf"), 1.0]):
        losses.put(step, torch.tensor(loss))
    with pytest.raises(DivergedError, match="step 4: the loss is inf") as error:
        losses.last(5)
    assert error.value.last_sane == 2
