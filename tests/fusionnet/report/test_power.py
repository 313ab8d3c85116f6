"""How many folds would decide, and what so many folds find, agree with published numbers, simulation and each other."""

import numpy as np
import pytest
from scipy import stats

from fusionnet.report.power import POWER, folds_needed, smallest_effect


@pytest.mark.parametrize(("ratio", "published"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_folds_needed_agree_with_published_sample_sizes_of_the_paired_t_test(ratio: float, published: int) -> None:
    # Cohen's small, medium and large effects, two-sided 5 %, power 80 %
    assert folds_needed(-ratio * 0.01, 0.01) == published


def test_the_number_of_folds_has_limits() -> None:
    assert folds_needed(0.0, 1.0) is None
    assert folds_needed(1e-6, 1.0) is None
    assert folds_needed(1.0, 0.0) == 2


@pytest.mark.parametrize("folds", [2, 3, 6, 10])
def test_the_smallest_effect_is_found_in_four_of_five_simulated_comparisons(folds: int) -> None:
    deviation, runs = 0.004, 20_000
    effect = smallest_effect(deviation, folds)
    drawn = np.random.default_rng([7, folds]).normal(effect, deviation, (runs, folds))
    found = stats.ttest_1samp(drawn, 0.0, axis=1)
    share = np.mean((found.pvalue < 0.05) & (found.statistic > 0))
    assert share == pytest.approx(POWER, abs=0.01)  # three standard errors of the simulation


@pytest.mark.parametrize("folds", [3, 6, 12])
def test_as_many_folds_as_there_are_would_decide_the_smallest_effect(folds: int) -> None:
    effect = smallest_effect(0.004, folds)
    assert folds_needed(effect * 1.0001, 0.004) == folds
    assert folds_needed(effect * 0.99, 0.004) == folds + 1
    assert smallest_effect(0.0, folds) == 0.0
