"""Scores of label volumes: equal to scikit-image's where the definitions coincide, and where they do not."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import adapted_rand_error, variation_of_information

from fusionnet.errors import UserError
from fusionnet.evaluate.instances import overlap_table, score_volume
from fusionnet.evaluate.overlaps import score_segments

shapes = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(2, 6))
pairs = shapes.flatmap(
    lambda shape: st.tuples(*(arrays(np.int32, shape, elements=st.integers(0, most)) for most in (4, 5)))
)


@settings(deadline=None)
@given(pairs, st.sampled_from([(), (0,), (0, 2)]))
def test_equals_scikit_image_where_definitions_coincide(
    pair: tuple[np.ndarray, np.ndarray], ignore: tuple[int, ...]
) -> None:
    """They do with 0 as a segment and no self-pairs; scikit-image divides by 0 where no pair is left."""
    truth, segments = pair
    if np.isin(truth, ignore).all():
        with pytest.raises(UserError, match="no voxel counts"):
            score_volume(truth, segments, ignore=ignore)
        return
    ours = score_volume(truth, segments, ignore=ignore)
    with np.errstate(invalid="ignore", divide="ignore"):
        error, precision, recall = adapted_rand_error(truth, segments, ignore_labels=ignore)
    split, merge = variation_of_information(truth, segments, ignore_labels=ignore)
    # scikit-image's precision divides by the truth's pairs, which is the recall, and the other way round
    for value, theirs in ((ours.adapted_rand_error, error), (ours.rand_split, precision), (ours.rand_merge, recall)):
        assert np.isnan(theirs) or value == pytest.approx(theirs, abs=1e-12)
    assert (ours.voi_split, ours.voi_merge) == pytest.approx((split, merge), abs=1e-12)


@settings(deadline=None)
@given(pairs)
def test_the_defaults_are_those_of_its_rand_error_and_not_of_its_variation_of_information(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    """`variation_of_information` ignores nothing by itself, `adapted_rand_error` the truth's 0."""
    truth, segments = pair
    truth[0, 0, :2] = 0, 1
    ours, of_all = score_volume(truth, segments), score_volume(truth, segments, ignore=())
    with np.errstate(invalid="ignore", divide="ignore"):
        error, *_ = adapted_rand_error(truth, segments)
    assert np.isnan(error) or ours.adapted_rand_error == pytest.approx(error, abs=1e-12)
    split, merge = variation_of_information(truth, segments)
    assert (of_all.voi_split, of_all.voi_merge) == pytest.approx((split, merge), abs=1e-12)


def test_the_variation_of_information_without_the_truths_zero_is_another_number() -> None:
    truth, segments = np.array([[0, 0, 1, 1]]), np.array([[1, 2, 1, 1]])
    assert sum(variation_of_information(truth, segments)) > 0
    assert score_volume(truth, segments).voi == 0


def test_differs_from_scikit_image_on_the_names_of_precision_and_recall() -> None:
    truth = np.array([[1, 1, 1, 2, 2, 2]])
    merged = np.ones_like(truth)
    ours = score_volume(truth, merged)
    assert (ours.rand_split, ours.rand_merge) == (1, pytest.approx(12 / 30))  # a merger lowers the precision
    _, precision, recall = adapted_rand_error(truth, merged, ignore_labels=(0,))
    assert (precision, recall) == (1, pytest.approx(12 / 30))


def test_differs_from_scikit_image_on_unlabelled_voxels_of_the_segmentation() -> None:
    truth = np.array([[1, 1, 1, 1, 2, 2, 2, 2]])
    bordered = np.array([[1, 1, 1, 0, 0, 2, 2, 2]])
    theirs, *_ = adapted_rand_error(truth, bordered, ignore_labels=(0,))
    assert score_volume(truth, bordered).adapted_rand_error == pytest.approx(theirs)
    # as segments of their own the two border voxels merge nothing, and only split
    ours = score_volume(truth, bordered, zero="voxels")
    assert ours.rand_merge == 1
    assert ours.rand_split == pytest.approx(12 / 24)
    assert ours.adapted_rand_error < theirs
    assert ours.voi_merge == 0
    numbered = np.array([[1, 1, 1, 3, 4, 2, 2, 2]])
    assert ours == score_volume(truth, numbered)


def test_differs_from_scikit_image_where_no_voxel_has_a_partner() -> None:
    single = np.array([[1, 2, 3]])
    with np.errstate(invalid="ignore"):
        assert np.isnan(adapted_rand_error(single, single, ignore_labels=(0,))[0])
    ours = score_volume(single, single)
    assert (ours.adapted_rand_error, ours.rand_merge, ours.rand_split) == (0, 1, 1)
    together = np.array([[1, 1, 3]])
    with np.errstate(invalid="ignore"):
        error, precision, recall = adapted_rand_error(single, together, ignore_labels=(0,))
    ours = score_volume(single, together)
    assert (error, recall) == (ours.adapted_rand_error, ours.rand_merge) == (1, 0)
    assert np.isnan(precision) and ours.rand_split == 1


@settings(deadline=None)
@given(pairs)
def test_self_pairs_and_lone_zeros_are_the_challenges_counts(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, segments = pair
    truth[0, 0, 0] = 1
    ours = score_volume(truth, segments, zero="voxels", self_pairs=True)
    theirs = score_segments(truth, segments)
    expected = theirs["v_rand"], theirs["v_rand_merge"], theirs["v_rand_split"]
    assert (1 - ours.adapted_rand_error, ours.rand_merge, ours.rand_split) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(pairs)
def test_identity_bounds_and_symmetry(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, segments = pair
    same = score_volume(truth, truth, ignore=())
    assert (same.adapted_rand_error, same.voi) == (0, pytest.approx(0, abs=1e-12))
    there, back = score_volume(truth, segments, ignore=()), score_volume(segments, truth, ignore=())
    assert there.voi == pytest.approx(back.voi, abs=1e-12)
    assert (there.rand_merge, there.voi_merge) == pytest.approx((back.rand_split, back.voi_split), abs=1e-12)
    assert 0 <= there.adapted_rand_error <= 1 and 0 <= there.voi <= 2 * np.log2(truth.size) + 1e-9


def test_counts_voxels_of_64_bit_labels_slice_by_slice_from_disk(tmp_path: Path) -> None:
    outside = 2**64 - 1  # CREMI marks unlabelled voxels so
    truth = np.array([[[5, 5], [outside, 2**63 + 1]], [[5, 2**63], [2**63 + 1, outside]]], np.uint64)
    segments = np.array([[[1, 2], [2, 3]], [[1, 3], [3, 3]]], np.uint8)
    with h5py.File(tmp_path / "volume.h5", "w") as file:
        file["truth"], file["segments"] = truth, segments
        table = overlap_table(file["truth"], file["segments"], ignore=(outside,))
        scores = score_volume(file["truth"], file["segments"], ignore=(outside,))
    listed = list(zip(*(part.tolist() for part in table), strict=True))
    assert listed == [(5, 1, 2), (5, 2, 1), (2**63, 3, 1), (2**63 + 1, 3, 2)]
    assert scores.voxels == 6


def test_a_branching_neuron_is_one_object_in_3d_only() -> None:
    """Two branches apart in every slice but the last: a segmentation that never joins them splits the cell."""
    truth = np.zeros((3, 4, 7), np.int32)
    truth[:, :, :3] = truth[:, :, 4:] = 1
    truth[2] = 1
    apart = truth.copy()
    apart[:, :, 4:] = 2
    assert score_volume(truth, apart).rand_split < 1
    assert score_volume(truth[0], apart[0]).rand_split < 1  # by its label; score_stack would call them two cells


@pytest.mark.parametrize(
    ("truth", "segments", "message"),
    [
        (np.ones((2, 3, 4), int), np.ones((2, 3, 5), int), r"\(2, 3, 4\) but segments \(2, 3, 5\)"),
        (np.ones((2, 3, 4)), np.ones((2, 3, 4), int), "truth: got float64, expected integer labels"),
        (np.ones(4, int), np.ones(4, int), r"expected the same \(Z, Y, X\)"),
        (np.zeros((2, 3, 4), int), np.ones((2, 3, 4), int), r"every truth label is in ignore=\(0,\)"),
    ],
)
def test_bad_volumes(truth: np.ndarray, segments: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        score_volume(truth, segments)
