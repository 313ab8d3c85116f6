"""Which slices may teach, which are predicted for it, and that no other labels are looked at."""

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.segment.training_slices import cells_of, predicted, slices_of, training_slices, with_neighbours
from fusionnet.train.folds import make_fold


def test_they_are_those_of_the_training_and_few_where_few_were_trained_on(training_job):
    job = training_job()
    assert training_slices(job, 9) == make_fold(job.fold, 9, job.split).train
    few = job.model_copy(update={"network": job.network.model_copy(update={"training_slices": 1})})
    assert len(training_slices(few, 9)) == 1
    assert set(training_slices(few, 9)) <= set(training_slices(job, 9))


def test_neighbours_end_with_the_stack():
    assert with_neighbours([0, 4], 6) == [0, 1, 3, 4, 5]


@pytest.mark.parametrize(("text", "numbers"), [("0-2", [0, 1, 2]), ("4, 0-1", [0, 1, 4])])
def test_slices_are_ranges_and_single_numbers(text: str, numbers: list[int]):
    assert slices_of(text, 5, "--x") == numbers


@pytest.mark.parametrize("text", ["3-5", "a", "2-1", ""])
def test_slices_that_are_not_there_are_refused(text: str):
    with pytest.raises(UserError, match="--x"):
        slices_of(text, 5, "--x")


def test_cells_are_those_of_the_named_slices_alone():
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[1, :, :2] = labels[1, :, 3:] = 255
    assert cells_of(labels, [1])[1].max() == 2
    assert cells_of(labels, [0, 1]).keys() == {0, 1}
    with pytest.raises(UserError, match="no cell"):
        cells_of(labels, [0, 2])


def test_only_what_is_needed_and_not_known_is_predicted():
    class Counting:
        asked = 0

        def predict_stack(self, grey: np.ndarray, slices: list[int]) -> np.ndarray:
            self.asked += len(slices)
            return grey[slices] / 255

    volume = np.full((4, 3, 3), 51, np.uint8)
    predictor = Counting()
    found = predicted(predictor, volume, [0, 1, 2], {2: np.ones((3, 3), np.float32)})
    assert predictor.asked == 2
    np.testing.assert_allclose(found[:3, 0, 0], [0.2, 0.2, 1])
    assert np.isnan(found[3]).all()
