"""What the report says of cells: the scores of each step from probabilities to cells, and the arms with and without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusionnet.config.reporting import ReportJob
from fusionnet.evaluate.metrics import METRICS, headlines
from fusionnet.report.results import read_table
from fusionnet.report.statistics import CONFIDENCE, Effect, SliceScores, estimate_effect
from fusionnet.report.text import markdown_table, nothing_to_compare, with_deviation
from fusionnet.segment.ladder import BESIDE, CEILING, RUNGS, THRESHOLD
from fusionnet.volumes.volume import read_volume

STACKS = {THRESHOLD: "probabilities", "linkage": "linkage", "edges": "edges", BESIDE: "segmentation"}
"""The file of each rung but the ceiling, without its suffix."""


def score_columns() -> list[str]:
    """Return the scores of a ladder's rows: each headline, its merge and split part, and its threshold."""
    return [column for name in headlines() for column in (name, *METRICS[name].parts_of(name), f"{name}_threshold")]


@dataclass(frozen=True)
class Ladder:
    """What `scripts/evaluate_segmentation.py` wrote of one replicate."""

    arm: str
    fold: str
    seed: int
    folder: Path
    table: pd.DataFrame
    """A row for each rung and slice."""

    def slice_scores(self, rung: str, score: str) -> np.ndarray:
        """Return a rung's score of each slice, shape (Z,)."""
        rows = self.table[self.table["rung"] == rung]
        return rows.sort_values("slice")[score].to_numpy(float)

    def threshold(self, rung: str) -> float:
        """Return the threshold of a rung's V_rand."""
        return float(self.slice_scores(rung, "v_rand_threshold")[0])

    def stack(self, rung: str) -> np.ndarray:
        """Read the stack that a rung cuts by thresholds, (Z, Y, X)."""
        return read_volume(self.folder / f"{STACKS[rung]}.tif")


def read_ladders(job: ReportJob, results: Path) -> list[Ladder]:
    """Read the ladders of all replicates, in the order of the job's arms, folds and seeds.

    Args:
        job: What is compared.
        results: Holds ``{arm}/{fold}/seed-{seed}/`` and in it ``ladder.csv``.

    Raises:
        UserError: A file is missing or lacks what it should hold.
    """
    keys = [(arm, fold, seed) for arm in job.arms for fold in job.folds for seed in job.seeds]
    return [read_ladder(arm, fold, seed, results / arm / fold / f"seed-{seed}") for arm, fold, seed in keys]


def read_ladder(arm: str, fold: str, seed: int, folder: Path) -> Ladder:
    """Read the ladder of one replicate from its folder; errors as of `read_ladders`."""
    return Ladder(arm, fold, seed, folder, read_table(folder / "ladder.csv", ["rung", "slice", *score_columns()]))


def segmentation_table(ladders: Sequence[Ladder]) -> pd.DataFrame:
    """Return a row for each replicate and rung: ``arm``, ``fold``, ``seed``, ``rung`` and the means over slices."""
    rows = [
        {"arm": each.arm, "fold": each.fold, "seed": each.seed, "rung": rung}
        | {column: float(each.slice_scores(rung, column).mean()) for column in score_columns()}
        for each in ladders
        for rung in RUNGS
    ]
    return pd.DataFrame(rows)


def gains(ladders: Sequence[Ladder]) -> list[Effect]:
    """Return the effects, for each headline score, of each arm's rungs against its threshold.

    Their `arm` is ``ARM/RUNG``. The same probabilities are compared, so what is left to chance is another training,
    other slices and another place in the tissue.

    Args:
        ladders: All of them.
    """
    arms = list(dict.fromkeys(each.arm for each in ladders))
    pairs = [((arm, rung), (arm, THRESHOLD)) for arm in arms for rung in RUNGS if rung not in (THRESHOLD, CEILING)]
    return _effects(ladders, pairs)


def differences(ladders: Sequence[Ladder], pairs: Sequence[tuple[str, str]]) -> list[Effect]:
    """Return the effects of each pair's first arm against its second, by threshold and by learned edges.

    Args:
        ladders: All of them.
        pairs: From `fusionnet.report.comparison.pairs_of`.
    """
    by_rung = [((arm, rung), (other, rung)) for arm, other in pairs for rung in (THRESHOLD, BESIDE)]
    return _effects(ladders, by_rung)


def _effects(ladders: Sequence[Ladder], pairs: Sequence[tuple[tuple[str, str], tuple[str, str]]]) -> list[Effect]:
    effects = []
    for score in headlines():
        scores: dict[str, SliceScores] = {}
        for name in dict.fromkeys(name for pair in pairs for name in pair):
            arm, rung = name
            of_arm = [each for each in ladders if each.arm == arm]
            scores["/".join(name)] = {(each.fold, each.seed): each.slice_scores(rung, score) for each in of_arm}
        effects += [estimate_effect("/".join(name), "/".join(baseline), score, scores) for name, baseline in pairs]
    return effects


def segmentation_markdown(
    ladders: Sequence[Ladder], names: Mapping[str, str], pairs: Sequence[tuple[str, str]] = ()
) -> str:
    """Return the page: each score with and without the stage, what each step gains, and the arms compared.

    Args:
        ladders: From `read_ladders`.
        names: Display name of each arm.
        pairs: Arms that are compared, from `fusionnet.report.comparison.pairs_of`.
    """
    table = segmentation_table(ladders)
    lines = [
        "# From probabilities to cells",
        "",
        "The same probabilities, segmented in steps; official scores, at the best of eleven thresholds of each. Merge",
        "part: 1 without mergers. Split part: 1 without splits. The last step is the stage's result; merging its",
        "superpixels by the truth is what no learned edge can surpass.",
        "",
        *_score_table(table, names),
        "",
        "## Gain over the threshold",
        "",
        *_effect_table(gains(ladders), names),
        "",
        f"In brackets {CONFIDENCE:.0%} intervals; docs/report.md says how to read them.",
    ]
    if len(names) > 1:
        compared = _effect_table(differences(ladders, pairs), names) if pairs else [nothing_to_compare(names)]
        lines += ["", "## The arms, without and with the stage", "", *compared]
    return "\n".join(lines) + "\n"


def _score_table(table: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    header = ["arm", "segmented by"]
    for title in headlines().values():
        header += [title, "merge part", "split part"]
    rows = []
    for (arm, rung), part in table.groupby(["arm", "rung"], sort=False):
        cells = [names[str(arm)], RUNGS[str(rung)]]
        for name in headlines():
            cells.append(with_deviation(part[name]))
            cells += [f"{part[each].mean():.4f}" for each in METRICS[name].parts_of(name)]
        rows.append(cells)
    return markdown_table(header, rows)


def _effect_table(effects: Sequence[Effect], names: Mapping[str, str]) -> list[str]:
    """Return a row for each pair that is compared: who, by which rung, and the effect on each score."""
    rows: dict[tuple[str, str], list[str]] = {}
    for effect in effects:
        (arm, rung), (other, _) = (name.split("/") for name in (effect.arm, effect.baseline))
        who = names[arm] if arm == other else f"{names[arm]} minus {names[other]}"
        finding = f"{effect.mean:+.4f} ({effect.low:+.4f} to {effect.high:+.4f})"
        rows.setdefault((who, RUNGS[rung]), []).append(finding)
    return markdown_table(["arm", "segmented by", *headlines().values()], [[*key, *row] for key, row in rows.items()])
