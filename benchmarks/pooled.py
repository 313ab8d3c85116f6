"""Say what the experiments on several stacks show together, and how small an effect they would have found.

Usage: python benchmarks/pooled.py isbi2012 vnc. Prints Markdown from the committed tables of their reports: FusionNet
against each other network on each stack and on all of them, each fold counted once; the same interval as wide as a rule
of thumb makes it for folds of one stack, which share training slices; and the smallest effect that is found with 80 %
probability, simulated by drawing folds from the residuals seen.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

from fusionnet.config.experiment import load
from fusionnet.config.schema import slice_range
from fusionnet.errors import UserError, run
from fusionnet.evaluate.metrics import headlines
from fusionnet.report.power import CONFIDENCE, POWER, probability_of_finding
from fusionnet.report.results import read_table
from fusionnet.report.statistics import Effect, SliceScores, estimate_effect
from fusionnet.report.text import markdown_table
from fusionnet.style import display_names
from fusionnet.train.folds import make_fold

PAPER = 0.0053  # by so much the paper's FusionNet exceeds U-Net in V_rand, on the challenge's test stack
DRAWS = 20_000


def main() -> None:
    arguments = parse_arguments()
    table = read_trainings(arguments.experiments)
    arms = [arm for arm in dict.fromkeys(table["arm"]) if arm != arguments.arm]
    names = display_names([arguments.arm, *arms])
    rows = []
    for score, title in headlines().items():
        for baseline in arms:
            for where in [*arguments.experiments, None]:
                effect = effect_on(table, where, arguments.arm, baseline, score)
                smallest = simulated(fold_differences(table, where, arguments.arm, baseline, score))
                intervals = [
                    f"{low:+.4f} to {high:+.4f}"
                    for low, high in ((effect.low, effect.high), wider(effect, table, where))
                ]
                compared = f"{names[arguments.arm]} minus {names[baseline]}"
                counts = f"{effect.folds} folds, {effect.replicates} pairs"
                rows.append(
                    [compared, title, where or "together", counts, f"{effect.mean:+.4f}", *intervals, f"{smallest:.4f}"]
                )
    heads = ["comparison", "score", "stack", "trainings", "mean", "95 % interval"]
    print("\n".join(markdown_table([*heads, "shared training slices counted", f"found with {POWER:.0%}"], rows)))
    print(f"\nThe paper's {PAPER:+.4f} of V_rand over {names[arms[0]]} is found with a probability of")
    for where in [*arguments.experiments, None]:
        found = chance_of(PAPER, fold_differences(table, where, arguments.arm, arms[0], "v_rand"))
        print(f"- {where or 'together'}: {found:.0%}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("experiments", nargs="+", help="names in results/, one for each stack")
    parser.add_argument("--arm", default="fusionnet", help="compared with each of the others (default: %(default)s)")
    return parser.parse_args()


def read_trainings(experiments: list[str]) -> pd.DataFrame:
    """Return the replicates of experiments: ``experiment``, ``arm``, ``fold``, ``seed`` and the headline scores."""
    tables = []
    for experiment in experiments:
        path = Path(f"results/{experiment}/report/comparison.csv")
        table = read_table(path, ("arm", "fold", "seed", *headlines()))
        tables.append(table[table["seed"].notna()].assign(experiment=experiment))
    return pd.concat(tables, ignore_index=True)


def scores_of(table: pd.DataFrame, where: str | None, arm: str, score: str) -> SliceScores:
    """Return an arm's score of each replicate, by stack and fold, on one stack or on all."""
    rows = table[(table["arm"] == arm) & ((table["experiment"] == where) if where else True)]
    if rows.empty:
        raise UserError(f"arm {arm!r} has no training in {where or 'any of the experiments'}")
    keys = zip(rows["experiment"] + " " + rows["fold"], rows["seed"].astype(int), strict=True)
    return {key: np.array([value]) for key, value in zip(keys, rows[score], strict=True)}


def effect_on(table: pd.DataFrame, where: str | None, arm: str, baseline: str, score: str) -> Effect:
    """Return the effect on one stack, or on all (``where`` None)."""
    scores = {name: scores_of(table, where, name, score) for name in (arm, baseline)}
    return estimate_effect(arm, baseline, score, scores)


def fold_differences(table: pd.DataFrame, where: str | None, arm: str, baseline: str, score: str) -> np.ndarray:
    """Return arm minus baseline for each fold, (F,), the mean over its seeds."""
    ours, theirs = (scores_of(table, where, name, score) for name in (arm, baseline))
    seeds: dict[str, list[float]] = {}
    for key in ours.keys() & theirs.keys():
        seeds.setdefault(key[0], []).append(float((ours[key] - theirs[key]).item()))
    return np.array([np.mean(seeds[fold]) for fold in sorted(seeds)])


def wider(effect: Effect, table: pd.DataFrame, where: str | None) -> tuple[float, float]:
    """Return the interval with the correction of Nadeau and Bengio for trainings that share most of their slices.

    The variance of the mean over the F folds of a stack is 1 / F + scored / trained of a fold's, not 1 / F
    (doi 10.1023/A:1024068626366); a rule of thumb. Different stacks share nothing.
    """
    experiments = [where] if where else list(dict.fromkeys(table["experiment"]))
    inflation = 0.0
    for experiment in experiments:
        config = load(experiment)
        labelled = table.loc[table["experiment"] == experiment, "fold"].unique()
        depth = 1 + max(slice_range(fold)[-1] for fold in labelled)  # the folds cover the stack
        folds = [make_fold(fold, depth, config.split) for fold in labelled]
        shared = float(np.mean([len(fold.scored) / len(fold.train) for fold in folds]))
        inflation += len(folds) / effect.folds * (1 + len(folds) * shared)
    half = (effect.high - effect.low) / 2 * np.sqrt(inflation)
    return effect.mean - half, effect.mean + half


def chance_of(effect: float, differences: np.ndarray) -> float:
    """Return with what probability as many folds, which scatter as these, (F,), find an effect."""
    return float(probability_of_finding(effect, float(differences.std(ddof=1)), len(differences)))


def simulated(differences: np.ndarray) -> float:
    """Return the smallest effect that as many folds, drawn from these residuals, find with probability `POWER`.

    Args:
        differences: Of each fold, (F,), two or more.
    """
    folds = len(differences)
    if folds < 2:
        raise UserError("one fold does not tell how folds scatter; name experiments with two or more")
    # A draw with replacement scatters less than what it is drawn from.
    residuals = (differences - differences.mean()) * np.sqrt(folds / (folds - 1))
    drawn = np.random.default_rng(folds).choice(residuals, (DRAWS, folds))
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(folds)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, folds - 1) * errors
    means = drawn.mean(axis=1)
    if not residuals.any():
        return 0.0

    def short_of_power(effect: float) -> float:
        return float(np.mean(means + effect > half)) - POWER

    return float(optimize.brentq(short_of_power, 0.0, 100 * np.ptp(residuals)))


if __name__ == "__main__":
    run(main)
