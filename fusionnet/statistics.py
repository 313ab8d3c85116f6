"""Is one arm better than another? Paired effects with bootstrap intervals, and a sentence that says what they show.

Two arms are compared on the same replicates (a fold and a seed: one training of each arm) and the same slices, so
that what makes a slice hard cancels out. Chance enters twice, through the training and through the slices that
happen to be scored; the interval resamples both. `docs/report.md` says how to read it and what it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from fusionnet.errors import UserError

CONFIDENCE = 0.95
POWER = 0.8
MOST_REPLICATES = 1000
RESAMPLES = 4999

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
    slices: int
    """Different slices that were scored, over all folds."""
    replicates_needed: int | None
    """Paired trainings that would tell an effect of this size from none; None: unknown, or over `MOST_REPLICATES`."""

    @property
    def verdict(self) -> Verdict:
        """Better or worse only if the interval excludes 0 and there is more than one training of each arm."""
        if self.replicates < 2 or self.low <= 0 <= self.high:
            return "not distinguishable"
        return "better" if self.mean > 0 else "worse"


def estimate_effect(
    arm: str,
    baseline: str,
    score: str,
    scores: Mapping[str, SliceScores],
    generator: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Effect:
    """Estimate the effect of an arm against a baseline on the replicates that both have.

    Args:
        arm: A key of ``scores``.
        baseline: Another one.
        score: Name of the score; higher is better.
        scores: Per arm and replicate, the score of each slice.
        generator: Draws the resamples.
        resamples: Number of bootstrap resamples.

    Raises:
        UserError: The two arms share no replicate, or have different numbers of slices in one.
    """
    differences = paired_differences(arm, baseline, scores)
    means = np.array([difference.mean() for difference in differences.values()])
    low, high = bootstrap_interval(differences, generator, resamples=resamples)
    slices = {fold: len(difference) for (fold, _), difference in differences.items()}
    return Effect(
        *(arm, baseline, score, float(means.mean()), low, high),
        replicates=len(means),
        slices=sum(slices.values()),
        replicates_needed=replicates_needed(means),
    )


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


def bootstrap_interval(
    differences: Mapping[ReplicateKey, np.ndarray],
    generator: np.random.Generator,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Return an interval for the mean difference that allows for chance in trainings and in slices.

    `scipy.stats.bootstrap` draws replicates with replacement and, independently, the slices of each fold; all
    replicates of a fold see the same drawn slices, because their differences share what is odd about a slice.
    Percentiles of so few replicates are far too narrow, so the interval is the mean plus or minus Student's t
    times the bootstrap's standard error, which is widened by sqrt(n / (n - 1)) for n replicates (Hesterberg 2015,
    doi 10.1080/00031305.2015.1089789, on the narrowness bias).

    Args:
        differences: Per replicate, the paired difference of each slice, shape (Z,).
        generator: Draws the resamples.
        confidence: Probability that the interval is to cover the true mean difference.
        resamples: Number of resamples.

    Returns:
        ``(low, high)``. With one replicate the interval covers chance in the slices alone; with one slice in all
        it is infinite.
    """
    keys = list(differences)
    folds = list(dict.fromkeys(fold for fold, _ in keys))
    members = [np.array([index for index, (fold, _) in enumerate(keys) if fold == name]) for name in folds]
    blocks = [np.stack([differences[keys[index]] for index in member]) for member in members]
    center = float(np.mean([differences[key].mean() for key in keys]))
    # scipy takes no sample of one observation: what there is one of is not resampled.
    samples = [np.arange(len(keys))] if len(keys) > 1 else []
    samples += [np.arange(block.shape[1]) for block in blocks if block.shape[1] > 1]
    if not samples:
        return -np.inf, np.inf

    def mean_difference(*drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        remaining = list(drawn)
        chosen = remaining.pop(0) if len(keys) > 1 else np.zeros((*drawn[0].shape[:-1], 1), int)
        replicate_means = np.empty((*chosen.shape[:-1], len(keys)))
        for member, block in zip(members, blocks, strict=True):
            slices = remaining.pop(0) if block.shape[1] > 1 else np.zeros((*chosen.shape[:-1], 1), int)
            replicate_means[..., member] = np.moveaxis(block[:, slices].mean(axis=-1), 0, -1)
        return np.take_along_axis(replicate_means, chosen, axis=-1).mean(axis=axis)

    drawn = stats.bootstrap(
        samples,
        mean_difference,
        n_resamples=resamples,
        vectorized=True,
        axis=-1,
        method="percentile",
        batch=256,
        rng=generator,
    )
    units = len(keys) if len(keys) > 1 else blocks[0].shape[1]
    half = stats.t.ppf((1 + confidence) / 2, units - 1) * np.sqrt(units / (units - 1)) * drawn.standard_error
    return center - float(half), center + float(half)


def replicates_needed(
    replicate_means: np.ndarray, confidence: float = CONFIDENCE, power: float = POWER, most: int = MOST_REPLICATES
) -> int | None:
    """Return how many paired trainings would tell an effect of the observed size from none.

    The power of the paired t-test, by the non-central t distribution, for the observed mean and standard deviation.

    Args:
        replicate_means: Mean difference of each replicate, shape (R,).
        confidence: 1 minus the test's level, two-sided.
        power: Probability of seeing the effect.
        most: Give up beyond so many.

    Returns:
        The smallest number of replicates with the asked power; None with fewer than two replicates, which say
        nothing about the scatter of trainings, or if it exceeds ``most``.
    """
    if len(replicate_means) < 2:
        return None
    deviation = replicate_means.std(ddof=1)
    effect = abs(replicate_means.mean())
    if effect == 0:
        return None
    if deviation == 0:
        return 2
    numbers = np.arange(2, most + 1)
    critical = stats.t.ppf((1 + confidence) / 2, numbers - 1)
    reached = stats.nct.sf(critical, numbers - 1, effect / deviation * np.sqrt(numbers)) >= power
    return int(numbers[reached.argmax()]) if reached.any() else None


def sentence(effect: Effect, names: Mapping[str, str], score_name: str) -> str:
    """Say what an effect shows, in words that a reviewer would accept.

    Args:
        effect: The effect.
        names: Display name of each arm.
        score_name: Display name of the score.
    """
    arm, baseline = names[effect.arm], names[effect.baseline]
    size = f"{arm} minus {baseline} is {effect.mean:+.4f} (95 % interval {effect.low:+.4f} to {effect.high:+.4f})"
    sample = f"{_count(effect.replicates, 'paired training')} and {_count(effect.slices, 'slice')}"
    if effect.verdict != "not distinguishable":
        return f"In {score_name} {arm} is {effect.verdict} than {baseline}: {size}, over {sample}."
    if effect.replicates < 2:
        need = "one training of each cannot tell an architecture from a lucky seed, so more seeds or folds must decide"
    elif effect.replicates_needed is None:
        need = f"not even {MOST_REPLICATES} would be likely to decide an effect so small beside its scatter"
    elif effect.replicates_needed <= effect.replicates:
        need = "a few more trainings on other slices would decide it, since the slices are what scatters most"
    else:
        need = f"about {effect.replicates_needed} would be needed to decide an effect of this size ({POWER:.0%} power)"
    return f"In {score_name} {arm} and {baseline} are not distinguishable at this sample size: {size}, over {sample}; {need}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
