import numpy as np

from fusionnet.report.page.tracking import follow


def test_a_cell_keeps_its_number_though_each_slice_numbers_anew():
    first = np.array([[1, 1, 1, 0, 2, 2, 2, 2]])
    second = np.array([[2, 2, 0, 0, 1, 1, 1, 3]])
    followed = follow(np.stack([first, second]))
    assert followed[0].tolist() == [[1, 1, 1, 0, 2, 2, 2, 2]]
    assert followed[1].tolist() == [[1, 1, 0, 0, 2, 2, 2, 3]]  # the smaller piece of cell 2 is new


def test_of_two_that_merge_the_larger_overlap_goes_on():
    stack = np.stack([np.array([[1, 1, 2, 2, 2]]), np.array([[5, 5, 5, 5, 5]])])
    assert follow(stack)[1].tolist() == [[2, 2, 2, 2, 2]]


def test_an_arm_takes_the_numbers_of_the_truth_and_its_own_go_first():
    truth = follow(np.stack([np.array([[1, 1, 1, 0, 2, 2]]), np.array([[1, 1, 1, 0, 2, 2]])]))
    arm = follow(np.stack([np.array([[2, 2, 2, 0, 1, 1]]), np.array([[1, 1, 0, 0, 3, 3]])]), truth)
    assert arm[0].tolist() == [[1, 1, 1, 0, 2, 2]]
    assert arm[1].tolist() == [[1, 1, 0, 0, 2, 2]]
    split = follow(np.array([[[1, 1, 0, 2, 3, 3]]]), truth[:1])
    assert split[0, 0, :2].tolist() == [1, 1]
    assert len({*split.ravel().tolist()} - {0}) == 3  # no number twice in a slice


def test_clear_slices_and_numbers_that_are_left_out():
    stack = np.zeros((3, 2, 4), np.int32)
    stack[0, 0, :2] = 7
    followed = follow(stack)
    assert followed.max() == 1 and (followed > 0).sum() == 2
