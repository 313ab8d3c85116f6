"""Is one arm better than another? Paired effects with intervals, and a sentence that says what they show.

Two arms are compared on the same replicates (a fold and a seed: one training of each arm) and the same slices, so
that what makes a slice hard cancels out. Chance enters through the training, through the slices that happen to be
scored, and through the place in the tissue that a fold is. `docs/report.md` says how to read the interval and what it
leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from fusionnet.errors import UserError
from fusionnet.report.power import CONFIDENCE, MOST_FOLDS, POWER, folds_needed, smallest_effect

ReplicateKey = tuple[str, int]
"""Fold and seed."""
SliceScores = Mapping[ReplicateKey, np.ndarray]
"""For each replicate of an arm, the score of each slice, shape (Z,), at the threshold of the headline score."""
Verdict = Literal["better", "worse", "not distinguishable"]


@dataclass(frozen=True)
class Effect:
    """How much an arm's mean score exceeds a baseline's."""

    arm: str
    baseline: str
    score: str
    mean: float
    """Mean over replicates of the mean over slices of arm minus baseline."""
    low: float
    high: float
    """Ends of the interval that covers the true effect with probability `CONFIDENCE`."""
    replicates: int
    folds: int
    slices: int
    """Different slices that were scored, over all folds."""
    folds_needed: int | None
    """Folds that would tell an effect of this size from none; None: unknown, or over `MOST_FOLDS`."""
    smallest: float | None = None
    """Smallest effect that so many folds, scattered as these, find with probability `POWER`; None: one fold."""

    @property
    def verdict(self) -> Verdict:
        """Better or worse only if the interval excludes 0 and there is more than one training of each arm.

        Of one fold it holds for the slices of that fold: nothing says how other tissue differs.
        """
        if self.replicates < 2 or self.low <= 0 <= self.high:
            return "not distinguishable"
        return "better" if self.mean > 0 else "worse"


def estimate_effect(
    arm: str,
    baseline: str,
    score: str,
    scores: Mapping[str, SliceScores],
) -> Effect:
    """Estimate the effect of an arm against a baseline on the replicates that both have.

    Args:
        arm: A key of ``scores``.
        baseline: Another one.
        score: Name of the score; higher is better.
        scores: Per arm and replicate, the score of each slice.

    Raises:
        UserError: The two arms share no replicate, or have different numbers of slices in one.
    """
    differences = paired_differences(arm, baseline, scores)
    mean = _mean_of_means(differences)
    low, high = interval(differences)
    slices = {fold: len(difference) for (fold, _), difference in differences.items()}
    folds, needed, smallest = len(slices), None, None
    if folds > 1:  # a single fold says nothing about the scatter of folds
        deviation = (high - low) / 2 / stats.t.ppf((1 + CONFIDENCE) / 2, folds - 1) * np.sqrt(folds)
        needed, smallest = folds_needed(mean, float(deviation)), smallest_effect(float(deviation), folds)
    counts = len(differences), folds, sum(slices.values())
    return Effect(arm, baseline, score, mean, low, high, *counts, needed, smallest)


def paired_differences(arm: str, baseline: str, scores: Mapping[str, SliceScores]) -> dict[ReplicateKey, np.ndarray]:
    """Return arm minus baseline for each slice of each replicate that both have, in a fixed order.

    Raises:
        UserError: No replicate in common, or different numbers of slices in a fold.
    """
    common = sorted(set(scores[arm]) & set(scores[baseline]))
    if not common:
        raise UserError(f"{arm} and {baseline} share no replicate; train both on the same folds and seeds")
    lengths: dict[str, int] = {}
    for fold, seed in common:
        for name in (arm, baseline):
            found = len(scores[name][fold, seed])
            if found != lengths.setdefault(fold, found):
                raise UserError(
                    f"{name}, fold {fold}, seed {seed}: {found} scored slices where others of the fold have "
                    f"{lengths[fold]}; evaluate again"
                )
    return {key: np.asarray(scores[arm][key], float) - scores[baseline][key] for key in common}


def interval(differences: Mapping[ReplicateKey, np.ndarray], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return an interval for the mean difference that allows for chance in trainings, slices and folds.

    The interval is the mean plus or minus Student's t times `standard_error`, with as many degrees of freedom as the
    fewest of these allow. Of folds with equally many seeds it is that of the paired t-test of their means.

    Args:
        differences: Per replicate, the paired difference of each slice, shape (Z,).
        confidence: Probability that the interval is to cover the true mean difference.

    Returns:
        ``(low, high)``. With one fold the interval covers chance in its trainings and slices; with one replicate
        in the slices alone; with one slice in all it is infinite.
    """
    center = _mean_of_means(differences)
    folds, slices = len({fold for fold, _ in differences}), len(next(iter(differences.values())))
    # Several folds vary whole; of one fold both its trainings and its slices do, and the fewer of them bind.
    units = folds if folds > 1 else min((number for number in (len(differences), slices) if number > 1), default=1)
    if units < 2:
        return -np.inf, np.inf
    half = stats.t.ppf((1 + confidence) / 2, units - 1) * standard_error(differences)
    return center - float(half), center + float(half)


def standard_error(differences: Mapping[ReplicateKey, np.ndarray]) -> float:
    """Return the standard error of the mean difference.

    Several folds vary whole: their trainings, their slices and their place in the tissue are odd together. Of one
    fold whole replicates vary, and whole slices, since a difference is odd because the two trainings were, or the
    slice is for every seed, or this training on this slice; the two variances add up, less that of single
    differences, which both hold (clustering in two ways: Cameron, Gelbach and Miller 2011,
    doi 10.1198/jbes.2010.07136). That sum is not let fall below the larger of the two.

    Args:
        differences: Per replicate, the paired difference of each slice, shape (Z,).
    """
    center = _mean_of_means(differences)
    cells = {key: (values - center) / (len(differences) * len(values)) for key, values in differences.items()}
    folds = list(dict.fromkeys(fold for fold, _ in cells))
    if len(folds) > 1:
        totals = [sum(values.sum() for key, values in cells.items() if key[0] == fold) for fold in folds]
        return float(np.sqrt(_variance_of_sum(np.array(totals))))
    table = np.stack(list(cells.values()))  # (replicates, slices)
    replicates, slices, both = map(_variance_of_sum, (table.sum(axis=1), table.sum(axis=0), table.ravel()))
    return float(np.sqrt(max(replicates + slices - both, replicates, slices)))


def sentence(effect: Effect, names: Mapping[str, str], score_name: str) -> str:
    """Say what an effect shows, in words that a reviewer would accept.

    Args:
        effect: The effect.
        names: Display name of each arm.
        score_name: Display name of the score.
    """
    need = what_would_decide(effect)
    return f"{finding(effect, names, score_name)}{f'; {need}' if need else ''}."


def finding(effect: Effect, names: Mapping[str, str], score_name: str) -> str:
    """Return the first half of a `sentence`: the verdict, the difference, its interval and what it rests on."""
    arm, baseline = names[effect.arm], names[effect.baseline]
    trainings, folds = count(effect.replicates, "paired training"), count(effect.folds, "fold")
    sample = f"{trainings}, {folds}, {count(effect.slices, 'slice')}"
    interval = f"{CONFIDENCE:.0%} interval {effect.low:+.4f} to {effect.high:+.4f}"
    facts = f"(difference {effect.mean:+.4f}, {interval}; {sample})"
    if effect.verdict == "not distinguishable":
        return f"{score_name}: {arm} and {baseline} are not distinguishable at this sample size {facts}"
    where = " on the slices of this fold" if effect.folds == 1 else ""
    return f"{score_name}: {arm} is {effect.verdict} than {baseline}{where} {facts}"


def what_would_decide(effect: Effect) -> str:
    """Return the second half of a `sentence`: what is needed to tell the arms apart; nothing where they are."""
    if effect.verdict != "not distinguishable":
        return ""
    if effect.replicates < 2:
        return "one training of each cannot tell an architecture from a lucky seed: more seeds or folds must decide"
    if effect.folds < 2:
        return "one fold does not tell how other tissue differs: more folds must decide"
    if effect.folds_needed is None:
        need = f"not even {MOST_FOLDS} folds would be likely to decide so small an effect"
    else:
        need = (
            f"about {effect.folds_needed} folds, each on slices of its own, would decide an effect of this size; more "
            "seeds on the same slices would not"
        )
    if effect.smallest is not None:
        need += f"; these folds find an effect of {effect.smallest:.4f} or more with {POWER:.0%} probability"
    return need


def _mean_of_means(differences: Mapping[ReplicateKey, np.ndarray]) -> float:
    return float(np.mean([values.mean() for values in differences.values()]))


def _variance_of_sum(totals: np.ndarray) -> float:
    """Return the variance of the sum of independent totals of one distribution, 0 for a single one."""
    return len(totals) * float(totals.var(ddof=1)) if len(totals) > 1 else 0.0


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 slice" or "2 slices"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
