"""How small an effect a comparison can find, and how many folds an effect wants: the power of the paired t-test.

Folds are what is independent: each has slices and trainings of its own. Their scatter is taken from the comparison.
"""

import numpy as np
from scipy import optimize, stats

CONFIDENCE = 0.95
POWER = 0.8
MOST_FOLDS = 1000


def probability_of_finding(effect: float, deviation: float, folds: np.ndarray | int) -> np.ndarray:
    """Return with what probability a two-sided paired t-test at level 1 - `CONFIDENCE` finds an effect, with its sign.

    By the non-central t distribution.

    Args:
        effect: The true mean difference; its sign is of no account.
        deviation: Standard deviation of a fold's mean difference, more than 0.
        folds: Number of folds, 2 or more, of any shape.
    """
    folds = np.asarray(folds)
    critical = stats.t.ppf((1 + CONFIDENCE) / 2, folds - 1)
    return stats.nct.sf(critical, folds - 1, abs(effect) / deviation * np.sqrt(folds))


def smallest_effect(deviation: float, folds: int) -> float:
    """Return the smallest true effect that a comparison of so many folds finds with probability `POWER`.

    Args:
        deviation: Standard deviation of a fold's mean difference: the standard error times the root of their number.
        folds: Number of folds, 2 or more.
    """
    if deviation == 0:
        return 0.0
    # In units of the standard error it lies below 100 even for two folds (16.3).
    in_deviations = optimize.brentq(lambda ratio: probability_of_finding(ratio, 1.0, folds) - POWER, 0.01, 100.0)
    return float(in_deviations) * deviation


def folds_needed(mean: float, deviation: float, most: int = MOST_FOLDS) -> int | None:
    """Return how many folds, each with slices and trainings of its own, would tell an effect of this size from none.

    Args:
        mean: The effect.
        deviation: Standard deviation of one fold: the standard error times the root of their number.
        most: Give up beyond so many.

    Returns:
        The smallest number of folds that find it with probability `POWER`; None if it exceeds ``most``.
    """
    if mean == 0:
        return None
    if deviation == 0:
        return 2
    numbers = np.arange(2, most + 1)
    reached = probability_of_finding(mean, deviation, numbers) >= POWER
    return int(numbers[reached.argmax()]) if reached.any() else None
