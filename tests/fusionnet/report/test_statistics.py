import numpy as np
import pytest
from scipy import stats

from fusionnet.errors import UserError
from fusionnet.report.statistics import (
    Effect,
    estimate_effect,
    interval,
    paired_differences,
    sentence,
    standard_error,
)

NAMES = {"fusionnet": "FusionNet", "unet": "U-Net"}


def simulate(
    generator: np.random.Generator,
    effect: float,
    folds: int,
    seeds: int,
    slices: int,
    training: float,
    slice_: float,
    rest: float,
    fold_: float = 0.0,
    likeness: float = 0.0,
    long_tailed: bool = False,
) -> dict:
    """Draw differences of known mean: odd trainings, odd slices (the same for all seeds of a fold), and the rest.

    Folds may be odd as well, and a slice like the one before it (the correlation of neighbours).
    """

    def draw(deviation: float, count: int) -> np.ndarray:
        odd = generator.exponential(1, count) - 1 if long_tailed else generator.normal(0, 1, count)
        return deviation * odd

    return {
        (f"fold{fold}", seed): effect + odd_slices + draw(training, 1) + draw(rest, slices)
        for fold in range(folds)
        for odd_slices in [alike(draw(slice_, slices), likeness) + draw(fold_, 1)]
        for seed in range(seeds)
    }


def alike(independent: np.ndarray, likeness: float) -> np.ndarray:
    values = independent.copy()
    for index in range(1, len(values)):
        values[index] = likeness * values[index - 1] + np.sqrt(1 - likeness**2) * independent[index]
    return values


def coverage(layout: tuple, runs: int, long_tailed: bool = False, effect: float = 0.3) -> float:
    generator = np.random.default_rng([7, *layout[:3], runs])
    covered = 0
    for _ in range(runs):
        low, high = interval(simulate(generator, effect, *layout, long_tailed=long_tailed))
        covered += low <= effect <= high
    return covered / runs


# folds, seeds, slices; standard deviations of trainings, slices and the rest; of folds; correlation of neighbours
LAYOUTS = [
    (3, 2, 5, 1.0, 1.0, 0.5),
    (3, 2, 5, 0.3, 0.3, 2.0),
    (3, 3, 5, 0.5, 2.0, 0.5),
    (1, 5, 5, 0.5, 1.0, 2.0),
    (6, 1, 5, 1.0, 1.0, 0.5),
    (3, 2, 5, 0.5, 0.5, 0.5, 1.0),
    (3, 2, 5, 0.5, 1.0, 0.5, 0.0, 0.9),
    (1, 6, 3, 0.3, 1.0, 0.3),  # the slices bind: there are fewer of them than trainings
]


@pytest.mark.parametrize("layout", [*LAYOUTS[:2], *LAYOUTS[5:]])
def test_the_interval_covers_a_known_effect(layout: tuple) -> None:
    assert 0.90 <= coverage(layout, runs=250) <= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_interval_covers_known_effects_at_its_nominal_rate(layout: tuple) -> None:
    assert 0.93 <= coverage(layout, runs=2000) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_long_tails_cost_some_coverage(layout: tuple) -> None:
    assert 0.87 <= coverage(layout, runs=1000, long_tailed=True) <= 0.99


def test_the_interval_of_folds_is_that_of_the_paired_t_test() -> None:
    differences = simulate(np.random.default_rng(3), 0.0, 8, 2, 5, 1.0, 1.0, 1.0)
    low, high = interval(differences)
    means = np.array([values.mean() for values in differences.values()]).reshape(8, 2).mean(axis=1)
    expected = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_slices_that_are_odd_for_every_seed_are_not_counted_as_independent() -> None:
    one_seed = simulate(np.random.default_rng(1), 0.0, 1, 1, 40, 0.0, 1.0, 0.0)
    values = one_seed["fold0", 0]
    five_seeds = {("fold0", seed): values for seed in range(5)}
    alone = standard_error(one_seed)
    assert alone == pytest.approx(values.std(ddof=1) / np.sqrt(40), abs=1e-12)
    assert standard_error(five_seeds) == pytest.approx(alone, abs=1e-12)


def test_independent_noise_is_counted_once() -> None:
    generator = np.random.default_rng(2)
    ratios = []
    for _ in range(40):
        differences = simulate(generator, 0.0, 1, 5, 40, 0.0, 0.0, 1.0)
        ratios.append(standard_error(differences) / np.sqrt(1 / 200))
    assert 0.95 < np.mean(ratios) < 1.2  # resampling slices within resampled replicates gives 1.7


def test_pairing_cancels_what_makes_slices_hard() -> None:
    generator = np.random.default_rng(5)
    keys = [(fold, seed) for fold in ("0-4", "5-9", "10-14") for seed in (0, 1)]
    unet = {key: generator.uniform(0.5, 1.0, 5) for key in keys}
    fusionnet = {key: scores + 0.004 + generator.normal(0, 0.001, 5) for key, scores in unet.items()}
    scores = {"fusionnet": fusionnet, "unet": unet}
    effect = estimate_effect("fusionnet", "unet", "v_rand", scores)
    assert effect.verdict == "better"
    assert effect.mean == pytest.approx(0.004, abs=5e-4)
    assert (effect.replicates, effect.folds, effect.slices) == (6, 3, 15)
    reverse = estimate_effect("unet", "fusionnet", "v_rand", scores)
    assert reverse.verdict == "worse"
    assert (reverse.low, reverse.high) == pytest.approx((-effect.high, -effect.low))


def test_one_training_gives_an_interval_over_slices_but_no_verdict() -> None:
    scores = {"fusionnet": {("test", 0): np.array([0.98, 0.99, 0.985])}, "unet": {("test", 0): np.array([0.9] * 3)}}
    effect = estimate_effect("fusionnet", "unet", "v_rand", scores)
    assert effect.low > 0
    assert effect.verdict == "not distinguishable"
    assert effect.folds_needed is None
    assert "lucky seed" in sentence(effect, NAMES, "V_rand")


def test_one_slice_in_all_bounds_nothing() -> None:
    assert interval({("test", 0): np.array([0.1])}) == (-np.inf, np.inf)


def test_only_common_replicates_are_paired_and_slices_must_match() -> None:
    a, b = np.ones(3), np.zeros(3)
    scores = {"fusionnet": {("0-2", 0): a, ("0-2", 1): a}, "unet": {("0-2", 1): b, ("3-5", 1): b}}
    assert list(paired_differences("fusionnet", "unet", scores)) == [("0-2", 1)]
    with pytest.raises(UserError, match="share no replicate"):
        paired_differences("fusionnet", "unet", {"fusionnet": {("0-2", 0): a}, "unet": {("0-2", 1): b}})
    with pytest.raises(UserError, match="2 scored slices where others of the fold have 3"):
        paired_differences("fusionnet", "unet", {"fusionnet": {("0-2", 0): a}, "unet": {("0-2", 0): b[:2]}})


@pytest.mark.parametrize(
    ("ends", "needed", "expected"),
    [
        ((0.001, 0.009), 4, "V_rand: FusionNet is better than U-Net (difference +0.0050"),
        ((-0.009, 0.019), 40, "not distinguishable at this sample size (difference +0.0050"),
        ((-0.009, 0.019), 40, "about 40 folds, each on slices of its own, would decide"),
        ((-0.009, 0.019), None, "not even 1000 folds"),
    ],
)
def test_the_sentence_says_what_the_interval_shows(ends: tuple, needed: int | None, expected: str) -> None:
    effect = Effect("fusionnet", "unet", "v_rand", 0.005, *ends, 6, 3, 15, needed)
    assert expected in sentence(effect, NAMES, "V_rand")
    assert "6 paired trainings, 3 folds, 15 slices" in sentence(effect, NAMES, "V_rand")


def test_folds_that_disagree_decide_nothing_and_one_fold_speaks_for_its_slices_alone() -> None:
    apart = {("a", 0): [0.01, 0.011], ("a", 1): [0.009, 0.01], ("b", 0): [0.05, 0.051], ("b", 1): [0.05, 0.049]}
    arms = {"fusionnet": {key: np.array(values) for key, values in apart.items()}}
    arms["unet"] = {key: np.zeros(2) for key in apart}
    effect = estimate_effect("fusionnet", "unet", "v_rand", arms)
    assert effect.verdict == "not distinguishable" and effect.folds == 2 and effect.folds_needed > 2
    assert effect.smallest > effect.mean, "what is found with 80 % would have been found"
    assert f"an effect of {effect.smallest:.4f} or more with 80% probability" in sentence(effect, NAMES, "V_rand")
    one = {arm: {key: values for key, values in of_arm.items() if key[0] == "b"} for arm, of_arm in arms.items()}
    effect = estimate_effect("fusionnet", "unet", "v_rand", one)
    assert effect.verdict == "better" and effect.folds_needed is None and effect.smallest is None
    assert "is better than U-Net on the slices of this fold" in sentence(effect, NAMES, "V_rand")
    near = Effect("fusionnet", "unet", "v_rand", 0.005, -0.001, 0.011, 3, 1, 5, None)
    assert "more folds must decide" in sentence(near, NAMES, "V_rand")
