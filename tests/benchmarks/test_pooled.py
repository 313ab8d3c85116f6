"""What several stacks show together, and the power of that."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import pooled
from fusionnet.errors import UserError
from fusionnet.report.power import smallest_effect


def table(effects: dict[str, list[float]]) -> pd.DataFrame:
    """Trainings of two arms, two seeds on each fold, whose differences are given for each stack's folds."""
    rows = []
    for experiment, differences in effects.items():
        for number, difference in enumerate(differences):
            for seed in (0, 1):
                place = {"experiment": experiment, "fold": f"{number}-{number}", "seed": seed}
                ups = 0.001 if seed else -0.001
                rows.append(place | {"arm": "unet", "v_rand": 0.9, "v_info": 0.9})
                rows.append(place | {"arm": "fusionnet", "v_rand": 0.9 + difference + ups, "v_info": 0.9})
    return pd.DataFrame(rows)


def test_each_fold_counts_once_whatever_its_stack():
    trainings = table({"a": [0.01, 0.03, 0.02], "b": [-0.02]})
    assert pooled.effect_on(trainings, "a", "fusionnet", "unet", "v_rand").mean == pytest.approx(0.02)
    together = pooled.effect_on(trainings, None, "fusionnet", "unet", "v_rand")
    assert (together.mean, together.folds, together.replicates) == (pytest.approx(0.01), 4, 8)
    differences = pooled.fold_differences(trainings, None, "fusionnet", "unet", "v_rand")
    assert sorted(differences) == pytest.approx([-0.02, 0.01, 0.02, 0.03])


def test_the_simulation_agrees_with_the_theory_where_residuals_are_normal():
    differences = np.random.default_rng(1).normal(0.5, 0.01, 40)
    expected = smallest_effect(float(differences.std(ddof=1)), 40)
    assert pooled.simulated(differences) == pytest.approx(expected, rel=0.05)
    assert pooled.simulated(np.full(4, 0.3)) == 0


def test_an_arm_that_was_not_trained_is_named():
    with pytest.raises(UserError, match=r"arm 'other' has no training in a"):
        pooled.effect_on(table({"a": [0.01, 0.02]}), "a", "other", "unet", "v_rand")
