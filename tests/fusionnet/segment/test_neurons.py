"""Neurons: numbers that go on through a volume, in whatever order and blocks it is read."""

import numpy as np
import pytest

from fusionnet.segment.cutting import CutStack
from fusionnet.segment.neurons import Families, link_slices, links_between, neurons_of, segmented_slices


def tubes(slices: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities, grey values and neurons (Z, 96, 96) of a grid of cells that drift from slice to slice."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    probabilities, neurons = [], []
    for z in range(slices):
        across, down = (y + 2 * z) // 24, (x + z) // 32
        rim = ((y + 2 * z) % 24 < 3) | ((x + z) % 32 < 3)
        probabilities.append(np.clip(np.where(rim, 0.1, 0.9) + rng.normal(0, 0.05, rim.shape), 0, 1))
        neurons.append(np.where(rim, 0, 1 + across * 100 + down))
    stack = np.stack(probabilities).astype(np.float32)
    return stack, (stack * 200).astype(np.uint8), np.stack(neurons).astype(np.int32)


def linked(probabilities: np.ndarray, grey: np.ndarray) -> np.ndarray:
    kept: dict[int, np.ndarray] = {}
    slices = segmented_slices(CutStack(probabilities, grey), None, 0.5)
    families = link_slices(slices, kept.__setitem__)
    numbers = families.numbers()
    return np.stack([neurons_of(families, numbers, z, segments) for z, segments in kept.items()])


def test_cells_keep_their_numbers_through_the_slices():
    probabilities, grey, truth = tubes(6)
    found = linked(probabilities, grey)
    assert found.dtype == np.uint32 and sorted(set(found[0].ravel())) == list(range(1, found[0].max() + 1))
    for number in np.unique(truth[truth > 0]):
        of_cell = found[truth == number]
        counts = np.bincount(of_cell)
        assert counts.max() / counts.sum() > 0.9


def test_numbers_follow_the_order_in_which_neurons_begin():
    families = Families()
    for count in (2, 3, 2):
        families.add(count)
    families.join(1, np.array([[3, 1], [1, 2]]))
    families.join(0, np.array([[2, 3], [2, 1]]))
    # Slice 0: neurons 1 and 2; the second goes on in segments 3 and 1 of slice 1 and so in both of slice 2.
    assert families.numbers().tolist() == [0, 1, 2, 2, 3, 2, 2, 2]
    again = Families()
    for count in (2, 3, 2):
        again.add(count)
    again.join(0, np.array([[2, 1], [2, 3]]))
    again.join(1, np.array([[1, 2], [3, 1]]))
    assert again.numbers().tolist() == families.numbers().tolist()


def test_membranes_belong_to_no_neuron():
    families = Families()
    families.add(1)
    families.add(2)
    segments = np.array([[0, 1], [2, 0]])
    assert neurons_of(families, families.numbers(), 1, segments).tolist() == [[0, 2], [3, 0]]


def test_segments_are_linked_that_fit_each_other_best():
    upper = np.array([[1, 1, 1, 1, 2, 2], [1, 1, 1, 1, 2, 2], [0, 3, 3, 3, 3, 3]])
    lower = np.array([[4, 4, 4, 1, 1, 1], [4, 4, 4, 1, 1, 1], [0, 0, 2, 2, 2, 2]])
    # 1 and 4 share 6 of 8 pixels, 2 and 1 share 4 of 6; 1 and 1 share 2 of 12, but each has a better partner.
    assert links_between(upper, lower).tolist() == [[1, 4], [2, 1], [3, 2]]
    assert links_between(upper, lower, least=0.7).tolist() == [[1, 4], [3, 2]]
    np.testing.assert_array_equal(links_between(lower, upper)[:, ::-1], [[2, 1], [3, 2], [1, 4]])


def test_of_two_that_fit_equally_well_one_is_linked():
    """Else two segments of one slice would be one neuron."""
    halves = np.array([[1, 1, 2, 2]])
    assert links_between(np.ones((1, 4), int), halves).tolist() == [[1, 1]]
    assert links_between(halves, np.ones((1, 4), int)).tolist() == [[1, 1]]


def test_a_segment_that_covers_two_merges_none_of_them():
    two, one = np.array([[1, 1, 1, 2, 2]] * 4), np.ones((4, 5), int)
    assert links_between(two, one).tolist() == [[1, 1]] and links_between(one, two).tolist() == [[1, 1]]


def test_slices_without_a_common_pixel_have_no_link():
    assert links_between(np.array([[1, 0]]), np.array([[0, 1]])).shape == (0, 2)
    assert links_between(np.zeros((1, 2), int), np.array([[0, 1]])).shape == (0, 2)


@pytest.mark.parametrize("slices", [1, 2])
def test_few_slices_are_enough(slices: int):
    probabilities, grey, _ = tubes(slices)
    assert linked(probabilities, grey).shape == probabilities.shape
