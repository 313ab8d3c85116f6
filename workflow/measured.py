"""The tables of the pages that no report has: what the benchmarks measured, from docs/figures."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy_figure import EDGES, by_way, in_order, mean_curves
from benchmarks.accuracy_figure import meetings as meetings_of
from fusionnet.config.experiment import load
from fusionnet.evaluate.metrics import headlines
from fusionnet.report.statistics import interval
from fusionnet.report.text import markdown_table
from fusionnet.segment.ladder import BESIDE, RUNGS, THRESHOLD
from fusionnet.style import display_names

FIGURES = Path("docs/figures")
AWAY = ("threshold", "edges learned there")  # with the network, on its own tissue
ARM, SCORES = "network", list(headlines().values())
DIFFERENCE = ["difference", "95 % interval", "block by block"]
EQUAL = {200: 400, 400: 800, 800: 1600, 1600: 3200}  # steps of FusionNet, and those that U-Net takes in as many minutes


def means(results: Path) -> list[str]:
    """The mean of the probabilities of several networks of a fold, as benchmarks/segmentation.py scored it."""
    table = pd.read_csv(FIGURES / f"means-{results.name}.csv")
    scores = table.groupby(["arm", "fold", "rung"])[list(headlines())].mean().groupby(["arm", "rung"]).mean()
    rows = []
    for arms in dict.fromkeys(table["arm"]):
        seeds = table.loc[table["arm"] == arms, "seed"].iat[0].split("+")
        name = ", ".join(display_names(arms.split("+")).values())
        count = len(seeds) * len(arms.split("+"))
        rows.append([name, f"{count}", *(" / ".join(f"{x:.4f}" for x in scores.loc[(arms, rung)]) for rung in RUNGS)])
    heads = [f"{' / '.join(SCORES)} of", "networks", *RUNGS.values()]
    return markdown_table(heads, rows)


def across(results: Path) -> list[str]:
    """Networks on tissue that they were not trained on, as benchmarks/across.py scored them."""
    table = pd.read_csv(FIGURES / "across.csv")
    names, scores = display_names(list(dict.fromkeys(table["arm"]))), list(headlines())
    rows = []
    for (network, tissue, arm), found in table.groupby(["network", "on", "arm"], sort=False):
        means = [" / ".join(f"{found[f'{score}{rung}'].mean():.4f}" for score in scores) for rung in ("", "_edges")]
        rows.append([names[arm], network.removeprefix("of "), tissue, f"{len(found)}", *means])
    heads = [ARM, "trained on", "scored on", "networks", *(f"{' / '.join(SCORES)}, {way}" for way in AWAY)]
    return markdown_table(heads, rows)


def minutes(results: Path) -> list[str]:
    """What so many steps take and give, as benchmarks/accuracy.py --edges measured it."""
    table = pd.read_csv(FIGURES / "accuracy-native.csv")
    names = display_names(list(dict.fromkeys(table["arm"])))
    rows = []
    for (arm, steps), found in table.groupby(["arm", "steps"], sort=False):
        row = [names[arm], f"{steps:,}", f"{len(found) // 2}"]
        for _, way in found.groupby("name"):  # the plain name, and the same with ", learned edges"
            row += [f"{way['minutes'].mean():.1f}", " / ".join(f"{way[score].mean():.4f}" for score in headlines())]
        rows.append(row)
    ways = (RUNGS[THRESHOLD], RUNGS[BESIDE])
    heads = [ARM, "steps", "trainings", *(head for way in ways for head in ("minutes", f"{' / '.join(SCORES)}, {way}"))]
    return markdown_table(heads, rows)


def neurons(results: Path) -> list[str]:
    """Neurons in three dimensions in new tissues of the phantom, as benchmarks/neurons.py scored them."""
    table = pd.read_csv(FIGURES / "neurons.csv")
    names = display_names(list(dict.fromkeys(table["arm"])))
    rows = []
    for (arm, way), found in table.groupby(["arm", "way"], sort=False):
        error, merge, split, bits, merged, parted = (
            found[name] for name in ("adapted_rand_error", "rand_merge", "rand_split", "voi", "voi_merge", "voi_split")
        )
        rand = f"{error.mean():.3f} ({error.min():.3f} to {error.max():.3f})"
        voi = f"{bits.mean():.2f} ({bits.min():.2f} to {bits.max():.2f})"
        parts = f"{merge.mean():.3f}, {split.mean():.3f}", f"{merged.mean():.2f} + {parted.mean():.2f}"
        rows.append([names[arm], way, rand, parts[0], voi, parts[1]])
    heads = [ARM, "cut by", "adapted Rand error", "merge, split part", "variation of information", "merge + split"]
    return markdown_table(heads, rows)


def equal_minutes(results: Path) -> list[str]:
    """FusionNet and U-Net after as many minutes, as benchmarks/accuracy.py --edges measured them, fold by fold."""
    table = pd.read_csv(FIGURES / "accuracy-native.csv")
    plain = table["name"].iat[0]
    rows = []
    for ours, theirs in EQUAL.items():
        for name, way in ((plain, THRESHOLD), (plain + EDGES, BESIDE)):
            pair = [
                table[(table["name"] == name) & (table["arm"] == arm) & (table["steps"] == steps)].set_index("fold")
                for arm, steps in (("fusionnet", ours), ("unet", theirs))
            ]
            took = " and ".join(f"{each['minutes'].mean():.1f}" for each in pair)
            means = [" / ".join(f"{each[score].mean():.4f}" for score in headlines()) for each in pair]
            apart = pair[0][list(headlines())] - pair[1][list(headlines())]
            each = ", ".join(f"{value:+.4f}" for value in apart[next(iter(headlines()))])
            mean = " / ".join(f"{apart[score].mean():+.4f}" for score in headlines())
            rows.append([f"{ours:,} and {theirs:,}", took, RUNGS[way], *means, mean, each])
    heads = ["steps", "minutes", "cells by", "FusionNet", "U-Net", "difference", f"{SCORES[0]}, fold by fold"]
    return markdown_table(heads, rows)


def meetings(results: Path) -> list[str]:
    """Where the mean curves of FusionNet and U-Net meet, over steps and over minutes: the rings of the figure."""
    table = pd.read_csv(FIGURES / "accuracy-native.csv")
    ways = list(zip((THRESHOLD, BESIDE), by_way(table), strict=True))
    rows = []
    for (score, title), (way, found) in itertools.product(headlines().items(), ways):
        cells = []
        for x, precision in {"steps": -1, "minutes": 1}.items():
            curves = {arm: curve for (_, arm, _), curve in mean_curves(found, x, score).items()}
            met = meetings_of(curves["fusionnet"], curves["unet"])
            cells.append(", ".join(f"{round(at, precision):,g} ({value:.4f})" for at, value in met) or "nowhere")
        rows.append([title, RUNGS[way], *cells])
    return markdown_table(["score", "cells by", "steps (score)", "minutes (score)"], rows)


def longer(results: Path) -> list[str]:
    """FusionNet and U-Net on the blocks of an experiment, after its own steps and after more."""
    rows = []
    for way, lengths in _of_lengths(results).items():
        for (length, table), (score, title) in itertools.product(lengths.items(), headlines().items()):
            fusionnet, unet = (_by_block(table, arm, score) for arm in ("fusionnet", "unet"))
            means = (f"{each.mean():.4f}" for each in (fusionnet, unet))
            rows.append([f"{length:,}", RUNGS[way], title, *means, *_difference(fusionnet - unet)])
    return markdown_table(["steps", "cells by", "score", "FusionNet", "U-Net", *DIFFERENCE], rows)


def longer_gains(results: Path) -> list[str]:
    """What each network has more after more steps than after the experiment's own."""
    rows = []
    for arm, (way, lengths) in itertools.product(("fusionnet", "unet"), _of_lengths(results).items()):
        for score, title in headlines().items():
            own, more = (_by_block(table, arm, score) for table in lengths.values())
            rows.append([display_names([arm])[arm], RUNGS[way], title, *_difference(more - own)])
    return markdown_table([ARM, "cells by", "score", *DIFFERENCE], rows)


def _of_lengths(results: Path) -> dict[str, dict[int, pd.DataFrame]]:
    """Return trainings of an experiment's steps (its report) and of more (benchmarks/accuracy.py --edges), by way."""
    own = {
        THRESHOLD: pd.read_csv(results / "report/comparison.csv").dropna(subset="seed"),
        BESIDE: pd.read_csv(results / "report/segmentation.csv").query("rung == @BESIDE"),
    }
    more = pd.read_csv(FIGURES / "accuracy-blocks.csv")
    steps = load(results.name).train.steps
    (more_steps,) = (int(number) for number in more["steps"].unique())
    return {
        way: {steps: table, more_steps: of_more}
        for (way, table), of_more in zip(own.items(), by_way(more), strict=True)
    }


def _by_block(table: pd.DataFrame, arm: str, score: str) -> pd.Series:
    """Return a network's score on each block, the mean over its seeds."""
    return table[table["arm"] == arm].groupby("fold")[score].mean()


def _difference(by_block: pd.Series) -> list[str]:
    """Return the mean, its interval and the values of differences, which are indexed by block."""
    low, high = interval({(fold, 0): np.array([value]) for fold, value in by_block.items()})
    ordered = by_block[in_order(by_block.index)]
    return [
        f"{by_block.mean():+.4f}",
        f"{low:+.4f} to {high:+.4f}",
        ", ".join(f"{value:+.4f}" for value in ordered),
    ]


def inner_folds(results: Path) -> list[str]:
    """Edges taught by slices that the network saw, and by inner folds, as benchmarks/inner_folds.py scored them."""
    table = pd.read_csv(FIGURES / "inner-folds.csv")
    rows = []
    for (arm, steps, way), found in table.groupby(["arm", "steps", "taught_by"], sort=False):
        name = display_names([arm])[arm]
        each = ", ".join(f"{value:.4f}" for value in found["v_rand"])
        score = " / ".join(f"{found[score].mean():.4f}" for score in headlines())
        taught = f"{found['error_taught'].mean():.4f}" if way != "threshold" else ""
        rows.append([name, f"{steps:,}", way, score, each, taught, f"{found['error_new'].mean():.4f}"])
    heads = [ARM, "steps", "edges taught by", " / ".join(SCORES), f"{SCORES[0]}, fold by fold"]
    return markdown_table([*heads, "pixel error there", "of scored slices"], rows)
