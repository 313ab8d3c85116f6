"""V_rand and V_info: equal to the challenge's program, and what must hold on any stack."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import adapted_rand_error

from fusionnet.errors import UserError
from fusionnet.evaluate.counting import THRESHOLDS
from fusionnet.evaluate.error_maps import thinned_segments
from fusionnet.evaluate.instances import score_segments
from fusionnet.evaluate.isbi import StackScores, score_stack
from fusionnet.evaluate.thinning import components

PER_SLICE = {  # ours -> the reference's
    "v_rand": "per_slice_v_rand",
    "v_rand_merge": "per_slice_rand_precision",
    "v_rand_split": "per_slice_rand_recall",
    "v_info": "per_slice_v_info",
    "unthinned_v_rand": "per_slice_rand_fscore_unthinned",
    "unthinned_v_info": "per_slice_info_fscore_unthinned",
    "segments": "per_slice_segments",
    "dam_pixels": "per_slice_dam_pixels",
}
CASES = ("label_itself", "blur2_noise", "gaps", "thick_membranes", "constant_half", "uint8", "tiny")


@pytest.mark.parametrize("case", CASES)
def test_scores_equal_the_challenges_program(case: str, challenge_cases: dict, challenge_reference: dict) -> None:
    expected = challenge_reference[case]
    scores = score_stack(*challenge_cases[case])
    close = {"rtol": 0, "atol": 1e-9}
    assert scores.thresholds.tolist() == expected["thresholds"]
    for ours, theirs in PER_SLICE.items():
        if theirs in expected:
            np.testing.assert_allclose(scores.per_slice[ours], expected[theirs], **close, err_msg=ours)
    headline = [scores.v_rand, scores.v_rand_threshold, scores.v_info, scores.v_info_threshold]
    names = ["V_rand", "V_rand_threshold", "V_info", "V_info_threshold"]
    np.testing.assert_allclose(headline, [expected[name] for name in names], **close)
    curves = {
        "v_rand_by_threshold": scores.by_threshold("v_rand"),
        "v_info_by_threshold": scores.by_threshold("v_info"),
        "v_rand_micro_by_threshold": scores.pooled_v_rand(),
        "pixel_error_by_threshold": scores.pixel_error_by_threshold,
        "pixel_fscore_by_threshold": scores.pixel_f1_by_threshold,
    }
    for name, curve in curves.items():
        np.testing.assert_allclose(curve, expected[name], **close, err_msg=name)
    assert scores.pixel_error == pytest.approx(expected["pixel_min_error"], abs=1e-9)
    assert scores.pixel_f1 == pytest.approx(expected["pixel_max_fscore"], abs=1e-9)
    if "info_max_fscore_unthinned" in expected:
        pooled = scores.pooled_v_rand("unthinned").max()
        assert pooled == pytest.approx(expected["rand_max_fscore_unthinned_micro"], abs=1e-9)
        best, _ = scores.best("unthinned_v_info")
        assert best == pytest.approx(expected["info_max_fscore_unthinned"], abs=1e-9)


def test_thresholds_are_accumulated_in_double() -> None:
    assert len(THRESHOLDS) == 11
    assert THRESHOLDS[3] == 0.1 + 0.1 + 0.1 != 0.3
    assert THRESHOLDS[-1] == 0.9999999999999999


def test_a_probability_on_a_threshold_is_not_above_it_and_one_survives_the_last() -> None:
    truth = np.ones((1, 4, 4), np.uint8)
    truth[0, 0, 0] = 0
    half = score_stack(truth, np.full(truth.shape, 0.5, np.float32))
    assert half.per_slice["true_positives"][0].tolist() == [15] * 5 + [0] * 6
    # float32(0.1) is a little above the double 0.1
    tenth = score_stack(truth, np.full(truth.shape, 0.1, np.float32))
    assert tenth.per_slice["true_positives"][0].tolist() == [15] * 2 + [0] * 9
    one = score_stack(truth, np.ones(truth.shape, np.float32))
    assert (one.per_slice["true_positives"] == 15).all()


def test_figures_threshold_as_the_scores_do() -> None:
    ones = np.ones((3, 3), np.float32)
    ones[1] = 0
    assert (thinned_segments(ones, THRESHOLDS[-1])[[0, 2]].T == [1, 2]).all()


def test_eight_bit_stack_is_scaled() -> None:
    rng = np.random.default_rng(1)
    truth = (rng.random((2, 20, 20)) < 0.7).astype(np.uint8)
    grey = rng.integers(0, 256, truth.shape, np.uint8)
    scaled = score_stack(truth, (grey / 255).astype(np.float32))
    assert np.array_equal(score_stack(truth, grey).per_slice["v_rand"], scaled.per_slice["v_rand"])


def test_slice_without_truth_scores_zero_and_counts_in_the_mean() -> None:
    truth = np.zeros((2, 6, 6), np.uint8)
    truth[0, :, :2] = truth[0, :, 3:] = 1
    with pytest.warns(UserWarning, match="slice 1 of the labels has no cell"):
        scores = score_stack(truth, truth.astype(np.float32))
    assert scores.per_slice["v_rand"][:, 0].tolist() == [1, 0]
    assert scores.v_rand == scores.v_info == 0.5


def test_single_cell_has_no_information_to_score() -> None:
    truth = np.ones((1, 5, 5), np.uint8)
    scores = score_stack(truth, truth.astype(np.float32))
    assert (scores.v_rand, scores.v_info) == (1, 0)


def test_more_components_than_16_bits() -> None:
    """Against the definition, counted with numpy from the segments themselves."""
    truth = np.ones((1, 400, 400), np.uint8)
    truth[0, 200] = 0
    checkers = (np.indices((400, 400)).sum(axis=0) % 2 == 0).astype(np.float32)
    scores = score_stack(truth, checkers[np.newaxis])
    cells = np.where(np.arange(400)[:, np.newaxis] < 200, 1, 2) * truth[0]
    expected = score_segments(cells, thinned_segments(checkers, 0.5))
    assert scores.per_slice["v_rand"][0, 5] == pytest.approx(expected["v_rand"], abs=1e-12)
    assert scores.per_slice["v_info"][0, 5] == pytest.approx(expected["v_info"], abs=1e-12)
    # unthinned, components wrap: number 65536 becomes background and 65537.. join 1..
    rows = np.flatnonzero(checkers.ravel() * truth.ravel())
    numbers = np.zeros(160000, int)
    numbers[np.flatnonzero(checkers.ravel())] = np.arange(1, 80001) & 0xFFFF
    expected = score_segments(cells.ravel(), numbers)
    assert len(rows) > 65535
    assert scores.per_slice["unthinned_v_rand"][0, 5] == pytest.approx(expected["v_rand"], abs=1e-12)


def test_threads_do_not_change_a_score() -> None:
    rng = np.random.default_rng(2)
    truth, proposal = (rng.random((5, 30, 20)) < 0.8).astype(np.uint8), rng.random((5, 30, 20), np.float32)
    one, two = (score_stack(truth, proposal, threads=threads) for threads in (1, 2))
    assert all(np.array_equal(one.per_slice[name], two.per_slice[name]) for name in one.per_slice)


def test_instances_that_touch_are_cells_of_their_own() -> None:
    numbers = np.array([[[1, 1, 2, 2], [1, 1, 2, 2]]])
    proposal = np.ones(numbers.shape, np.float32)
    assert score_stack(numbers, proposal).v_rand == 1  # as a mask it is one cell
    assert score_stack(numbers, proposal, instances=True).v_rand == pytest.approx(2 * 32 / (32 + 64))


def test_adapted_rand_error_agrees_when_every_dam_has_a_number() -> None:
    rng = np.random.default_rng(3)
    truth, proposal = (rng.random((1, 60, 60)) < 0.7).astype(np.uint8), rng.random((1, 60, 60), np.float32)
    scores = score_stack(truth, proposal)
    n, a, b, ab = scores.sums["thinned"][0, 4, :4]
    segments = thinned_segments(proposal[0], THRESHOLDS[4])
    segments[segments == 0] = segments.max() + 1 + np.arange((segments == 0).sum())
    error, *_ = adapted_rand_error(components(truth[0]), segments, ignore_labels=(0,))
    assert 1 - error == pytest.approx(2 * (ab - n) / (a + b - 2 * n), abs=1e-14)


@pytest.mark.parametrize(
    ("truth", "segments", "message"),
    [
        (np.ones(4, int), np.ones(5, int), r"\(4,\) but segments \(5,\)"),
        (np.ones(4, int), -np.ones(4, int), "int64 from -1"),
        (np.ones(4), np.ones(4, int), "float64 from 1"),
    ],
)
def test_segments_that_cannot_be_compared(truth: np.ndarray, segments: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        score_segments(truth, segments)


# What must hold on any partition --------------------------------------------------------------------------------

cells_and_segments = st.integers(1, 40).flatmap(
    lambda size: st.tuples(
        arrays(np.int32, size, elements=st.integers(0, 5)), arrays(np.int32, size, elements=st.integers(0, 6))
    )
)


@settings(deadline=None)
@given(cells_and_segments, st.permutations(range(1, 12)))
def test_relabelling_changes_nothing(pair: tuple[np.ndarray, np.ndarray], names: list[int]) -> None:
    truth, segments = pair
    renamed = np.where(segments > 0, np.array([0, *names])[segments], 0)
    recut = np.where(truth > 0, np.array([0, *names[::-1]])[truth], 0)
    assert score_segments(recut, renamed) == pytest.approx(score_segments(truth, segments), abs=1e-12)


@settings(deadline=None)
@given(cells_and_segments)
def test_scores_lie_between_their_bounds(pair: tuple[np.ndarray, np.ndarray]) -> None:
    for name, value in score_segments(*pair).items():
        assert 0 <= value <= 1, name


@settings(deadline=None)
@given(arrays(np.int32, st.integers(2, 40), elements=st.integers(0, 5)))
def test_identity_scores_one(truth: np.ndarray) -> None:
    scores = score_segments(truth, truth)
    cells = len(np.unique(truth[truth > 0]))
    assert scores["v_rand"] == (1 if cells else 0)
    assert scores["v_info"] == pytest.approx(1 if cells > 1 else 0, abs=1e-12)


@settings(deadline=None)
@given(cells_and_segments, st.data())
def test_splitting_never_raises_the_recall_nor_merging_lowers_it(
    pair: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    truth, segments = pair
    cut = data.draw(arrays(bool, segments.shape))
    split = np.where(cut & (segments == 1), 99, segments)
    merged = np.where(segments == 2, 1, segments)
    recall = score_segments(truth, segments)["v_rand_split"]
    assert score_segments(truth, split)["v_rand_split"] <= recall
    assert score_segments(truth, merged)["v_rand_split"] >= recall


@settings(deadline=None)
@given(cells_and_segments)
def test_segments_inside_one_cell_each_have_precision_one(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, segments = pair
    inside = np.where(segments > 0, 10 * truth + segments, 0)
    scores = score_segments(truth, inside)
    assert scores["v_rand_merge"] == (1 if truth.any() else 0)


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)).flatmap(
        lambda shape: st.tuples(
            arrays(np.uint8, shape, elements=st.integers(0, 1)),
            arrays(np.float32, shape, elements=st.sampled_from([0, 0.1, 0.25, 0.3, 0.5, 0.75, 1.0])),
        )
    )
)
def test_any_stack_scores_within_bounds_and_as_its_slices_do(stacks: tuple[np.ndarray, np.ndarray]) -> None:
    truth, proposal = stacks
    truth[0, 0, 0] = 1  # a stack without any cell is refused
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = score_stack(truth, proposal, threads=1)
    for name, values in scores.per_slice.items():
        assert (values >= 0).all(), name
        if "v_" in name:
            assert (values <= 1).all(), name
    assert scores.v_rand == scores.by_threshold("v_rand").max()
    pixels = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert (sum(scores.per_slice[name] for name in pixels) == truth[0].size).all()
    assert isinstance(scores, StackScores)


def test_merge_parts_see_mergers_alone_and_split_parts_splits():
    cells = np.ones((1, 40, 62), np.uint8)
    cells[:, :, [20, 41]] = 0  # three cells
    split, merged = cells.astype(np.float32), cells.astype(np.float32)
    split[:, 20] = 0  # each in two
    merged[:, 5, 20] = 1  # a gap between the first two
    for proposal, hurt, whole in ((split, "split", "merge"), (merged, "merge", "split")):
        scores = {name: values[0, 5] for name, values in score_stack(cells, proposal).per_slice.items()}
        numbers = score_segments(components(cells[0]), thinned_segments(proposal[0], 0.5))
        for score in ("v_rand", "v_info"):
            assert scores[f"{score}_{whole}"] > 0.95 and scores[f"{score}_{hurt}"] < 0.85
            assert numbers[f"{score}_{hurt}"] == pytest.approx(scores[f"{score}_{hurt}"])
