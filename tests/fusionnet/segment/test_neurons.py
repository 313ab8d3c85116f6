"""Neurons: numbers that go on through a volume, in whatever order and blocks it is read."""

import numpy as np
import pytest

from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.links import joined_pairs
from fusionnet.segment.neurons import Families, learn_links, link_slices, neurons_of, segmented, segmented_slices


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
    families = link_slices(slices, lambda links: joined_pairs(links, None), kept.__setitem__)
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


def test_links_are_learned_from_slices_that_follow_one_another_alone():
    probabilities, grey, truth = tubes(7)
    stack = CutStack(probabilities, grey)
    taught = {z: truth[z] for z in (0, 1, 2, 4, 5)}
    forest = learn_links(stack, taught, None, 0.5, np.random.default_rng(0), {}, trees=10)
    links = joined_and_cut(stack, truth, forest)
    assert links > 0.95
    (edges,) = learn(stack, {z: truth[z] for z in taught}, [True], [np.random.default_rng(1)], {}, trees=10)
    assert joined_and_cut(stack, truth, learn_links(stack, taught, edges, 0.5, np.random.default_rng(0), {})) > 0.95


def joined_and_cut(stack: CutStack, truth: np.ndarray, forest) -> float:
    """Return the share of links of the last two slices about which a classifier is right."""
    from fusionnet.segment.links import find_links, parts

    upper, lower = list(segmented_slices(stack, None, 0.5))[-2:]
    links = find_links(upper, lower)
    kinds = parts(links, upper, lower, (truth[-2], truth[-1]))
    assert {0, 1} <= set(kinds)
    said = forest.probabilities(links.features) > 0.5
    return float((said == (kinds == 1))[kinds >= 0].mean())


def test_a_slice_of_one_grey_value_is_told_without_a_division_by_zero():
    with np.errstate(all="raise"):
        flat = segmented(np.ones((4, 4), np.int32), np.zeros((4, 4), np.float32), np.full((4, 4), 7, np.uint8))
    assert not flat.grey.any()


@pytest.mark.parametrize("slices", [1, 2])
def test_few_slices_are_enough(slices: int):
    probabilities, grey, _ = tubes(slices)
    assert linked(probabilities, grey).shape == probabilities.shape
