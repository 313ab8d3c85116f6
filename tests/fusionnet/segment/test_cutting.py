"""A stack that is cut when it is asked for, and what is learned from its labelled slices."""

import numpy as np
import pytest
from fake_results import cell_labels, degraded, raw_of

from fusionnet.evaluate.thinning import components
from fusionnet.segment.cutting import BOTH_SIDES, CutStack, columns_of, learn
from fusionnet.segment.edges import is_cut

LABELS = cell_labels(5, 96, np.random.default_rng(0), cells=12)


@pytest.fixture
def stack() -> CutStack:
    return CutStack(degraded(LABELS, 3, np.random.default_rng(1)), raw_of(LABELS, np.random.default_rng(2)))


def generators(*seeds: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in seeds]


def test_features_are_of_the_named_columns_and_the_slices_beside_come_last(stack: CutStack):
    alone, both = stack.features(2, False), stack.features(2, True)
    assert (alone.shape[1], both.shape[1]) == (len(columns_of(False)), len(columns_of(True)))
    np.testing.assert_array_equal(both[:, : alone.shape[1]], alone)
    one = [stack.features(2, True, (side,))[:, alone.shape[1] :] for side in BOTH_SIDES]
    smaller, greater = np.split(both[:, alone.shape[1] :], 2, axis=1)
    half = smaller.shape[1]
    np.testing.assert_array_equal(smaller, np.minimum(one[0][:, :half], one[1][:, :half]))
    np.testing.assert_array_equal(greater, np.maximum(one[0][:, half:], one[1][:, half:]))


def test_eight_bits_are_cut_like_the_probabilities_that_they_stand_for(stack: CutStack):
    eight = CutStack(np.rint(stack.probabilities * 255).astype(np.uint8), stack.grey)
    other = CutStack((eight.probabilities / 255).astype(np.float32), stack.grey)
    np.testing.assert_array_equal(eight.cut(0).pieces, other.cut(0).pieces)


def test_a_classifier_is_the_better_for_what_it_learned(stack: CutStack):
    cells = {z: components(LABELS[z]) for z in (0, 1, 2)}
    (forest,) = learn(stack, cells, [True], generators(0), {"of": "test"}, trees=20)
    assert forest.about == {"of": "test", "slices": [0, 1, 2], "edges": forest.about["edges"]}
    here = stack.cut(4)
    cut = is_cut(here.edges, here.pieces, components(LABELS[4]))
    said = forest.probabilities(stack.features(4, True))
    assert said[cut == 1].mean() > 0.8 > 0.3 > said[cut == 0].mean()


def test_the_draws_decide_and_the_order_of_slices_does_not(stack: CutStack):
    cells = {z: components(LABELS[z]) for z in (0, 1)}
    turned = dict(reversed(cells.items()))
    first, again, other = (
        learn(stack, given, [False], generators(seed), {}, trees=3)[0]
        for given, seed in ((cells, 0), (turned, 0), (cells, 1))
    )
    np.testing.assert_array_equal(first.value, again.value)
    assert not np.array_equal(first.value, other.value)


def test_few_slices_to_learn_from_raise_a_warning(stack: CutStack, messages):
    learn(stack, {0: components(LABELS[0])}, [False], generators(0), {}, trees=1)
    assert "from fewer than 5 they may be worse" in messages()[0]
