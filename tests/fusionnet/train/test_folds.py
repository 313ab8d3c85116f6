"""Scored, validated and trained slices: contiguous blocks, gaps between them, nothing in two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionnet.config.stages import SplitSection
from fusionnet.errors import UserError
from fusionnet.train.folds import make_fold


def split(validation: int, gap: int) -> SplitSection:
    return SplitSection(validation_slices=validation, gap_slices=gap)


def test_the_isbi_fold():
    fold = make_fold("25-29", 30, split(2, 1))
    assert fold.scored == [25, 26, 27, 28, 29]
    assert fold.validation == [22, 23]
    assert fold.train == list(range(21))


def test_a_block_in_the_middle_has_training_slices_on_both_sides():
    fold = make_fold("12-16", 30, split(2, 1))
    assert fold.validation == [9, 10]
    assert fold.train == [*range(8), *range(18, 30)]


def test_validation_lies_behind_a_block_at_the_start():
    fold = make_fold("0-4", 30, split(2, 1))
    assert fold.validation == [6, 7]
    assert fold.train == list(range(9, 30))


def test_a_stack_of_its_own_leaves_nothing_scored():
    fold = make_fold("test", 30, split(3, 1))
    assert fold.scored == [] and fold.validation == [27, 28, 29] and fold.train == list(range(26))


def test_without_validation_all_else_is_trained_on():
    assert make_fold("test", 5, split(0, 1)).train == [0, 1, 2, 3, 4]
    assert make_fold("4-4", 6, split(0, 0)).train == [0, 1, 2, 3, 5]


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 12), st.integers(0, 6), st.integers(0, 3), st.booleans())
def test_blocks_never_touch(slices: int, first: int, length: int, validation: int, gap: int, own_stack: bool):
    name = "test" if own_stack else f"{first}-{first + length}"
    try:
        fold = make_fold(name, slices, split(validation, gap))
    except UserError:
        return
    blocks = [fold.train, fold.validation, fold.scored]
    assert len(fold.validation) == validation and fold.train
    assert all(0 <= number < slices for block in blocks for number in block)
    for block in (fold.validation, fold.scored):
        assert block == list(range(block[0], block[0] + len(block))) if block else True
        others = {number for other in blocks if other is not block for number in other}
        near = {number + step for number in block for step in range(-gap, gap + 1)}
        assert not near & others
    unused = set(range(slices)).difference(*blocks)
    assert len(unused) <= 4 * gap


@pytest.mark.parametrize(
    ("name", "validation", "message"),
    [
        ("28-31", 2, "the labelled stack has slices 0-29"),
        ("0-29", 0, "leave no training slice"),
        ("1-27", 2, "leave no training slice"),
        ("0-28", 2, "leave no training slice"),
        ("test", 30, "leave no training slice"),
        ("test", 31, "leave no training slice"),
    ],
)
def test_what_leaves_nothing_to_train_on_is_refused(name: str, validation: int, message: str):
    with pytest.raises(UserError, match=message):
        make_fold(name, 30, split(validation, 1))
