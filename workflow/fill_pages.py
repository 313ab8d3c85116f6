"""Write the numbers of the committed reports into the pages that quote them; `make pages` runs it.

A page has a pair of comments around each table, <!-- EXPERIMENT: NAME --> and <!-- end -->; what stands between them is
written here. A test sees that nothing would change.
"""

import itertools
import json
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.accuracy_figure import in_order
from fusionnet.config.experiment import load
from fusionnet.config.schema import slice_range
from fusionnet.evaluate.metrics import headlines
from fusionnet.files import write_text
from fusionnet.report.annotation import lines_of
from fusionnet.report.text import markdown_table
from fusionnet.segment.ladder import BESIDE, CEILING, RUNGS, THRESHOLD
from fusionnet.style import display_names
from fusionnet.workflow.plan import Plan
from workflow import measured

BLOCK = re.compile(r"(<!-- (?P<experiment>[\w-]+): (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.S)
HARDEST = 6
ARM, SCORES = "network", list(headlines().values())


def main() -> None:
    """Rewrite each page named on the command line."""
    for page in sys.argv[1:]:
        write_text(Path(page), filled(Path(page).read_text(encoding="utf-8")))


def filled(text: str) -> str:
    """Return a page with the numbers of the committed reports."""
    return BLOCK.sub(lambda found: f"{found[1]}{_block(found['experiment'], found['name'])}\n{found[4]}", text)


def _block(experiment: str, name: str) -> str:
    tables = {
        "networks": networks,
        "summary": summary,
        "effect": effect,
        "effects": effects,
        "spread": spread,
        "blocks": blocks,
        "slices": hardest_slices,
        "steps to cells": ladder,
        "gain": gain,
        "units": units,
        "annotation": annotation,
        "means": measured.means,
        "across": measured.across,
        "minutes": measured.minutes,
        "equal minutes": measured.equal_minutes,
        "inner folds": measured.inner_folds,
        "longer": measured.longer,
        "longer gains": measured.longer_gains,
        "meetings": measured.meetings,
        "neurons": measured.neurons,
        "cost": cost,
    }
    return "\n".join(tables[name](Path("results") / experiment))


def trainings(results: Path) -> pd.DataFrame:
    """Return a row for each training of an experiment."""
    table = pd.read_csv(results / "report/comparison.csv")
    return table[table["seed"].notna() & table["training_seconds"].notna()]


def rungs(results: Path) -> pd.DataFrame:
    """Return a row for each training and way from probabilities to cells."""
    return pd.read_csv(results / "report/segmentation.csv")


def networks(results: Path) -> list[str]:
    """The mean of each network, by threshold and by learned edges, and what it costs."""
    return _networks(results, costs=True)


def summary(results: Path) -> list[str]:
    """The same without the costs."""
    return _networks(results, costs=False)


def _networks(results: Path, costs: bool) -> list[str]:
    arms = _summary(results)["arms"]
    names, means = display_names(list(arms)), rungs(results).groupby(["arm", "rung"])[list(headlines())].mean()
    rows = []
    for arm, found in arms.items():
        row = [names[arm], *(f"{found[score]:.4f}" for score in (*headlines(), "pixel_error"))]
        if (arm, BESIDE) in means.index:  # not so of the classical baseline
            row += [f"{means.loc[(arm, BESIDE), score]:.4f}" for score in headlines()]
            row += [f"{found['parameters'] / 1e6:.2f} M", f"{found['flops_per_slice'] / 1e9:.1f} G"]
        rows.append(row)
    header = [ARM, *SCORES, "pixel error", *(f"{score}, learned edges" for score in SCORES)]
    header += ["parameters", "FLOPs per slice"] if costs else []
    return markdown_table(header, [(row + [""] * len(header))[: len(header)] for row in rows])


def _summary(results: Path) -> dict[str, Any]:
    return json.loads((results / "report/summary.json").read_text(encoding="utf-8"))


def effect(results: Path) -> list[str]:
    """The differences of the first pair, as a sentence."""
    pair, scores = next(iter(_summary(results)["effects"].items()))
    names = display_names(pair.split(" minus "))
    found = ((title, scores[score]) for score, title in headlines().items())
    each = (f"{title} {of['mean']:+.4f} ({of['low']:+.4f} to {of['high']:+.4f})" for title, of in found)
    return [f"{' minus '.join(names.values())}: {', '.join(each)}; 95 % intervals."]


def effects(results: Path) -> list[str]:
    """The differences of all pairs, as the report has them."""
    return quoted(results / "report/comparison.md", "Effects")


def gain(results: Path) -> list[str]:
    """What the stage ``segment`` gains over a threshold, as its report has it."""
    header, line, *rows = quoted(results / "report/segmentation.md", "Gain over the threshold")
    return [header, line, *(row for row in rows if f"| {RUNGS[BESIDE]} |" in row)]


def units(results: Path) -> list[str]:
    """The scores of units in series, as their report has them."""
    arms = [arm for arm, network in load(results.name).network.items() if network.chain > 1]
    return quoted(results / "report/refinement.md", display_names(arms)[arms[0]])


def annotation(results: Path) -> list[str]:
    """The score by the number of annotated slices, for each network and way to cells: mean and range."""
    table, lines = rungs(results), lines_of(load(results.name).network)
    names, counts = display_names(list(lines)), list(next(iter(lines.values())))
    rows = []
    for line, budgets in lines.items():
        for rung, (score, title) in itertools.product((THRESHOLD, BESIDE), headlines().items()):
            found = table[table["rung"] == rung].pivot(index="seed", columns="arm", values=score)[[*budgets.values()]]
            cells = [f"{found[arm].mean():.4f} ({_range(found[arm])})" for arm in found]
            more = ", ".join(f"{value:+.4f}" for value in found.iloc[:, -1] - found.iloc[:, 0])
            rows.append([names[line], f"{title}, {RUNGS[rung]}", *cells, more])
    return markdown_table([ARM, "score", *map(str, counts), f"{counts[-1]} minus {counts[0]}, seed by seed"], rows)


def quoted(path: Path, heading: str) -> list[str]:
    """Return the lines of the table below a heading of a report."""
    lines = path.read_text(encoding="utf-8").partition(f"## {heading}\n\n")[2].splitlines()
    return list(itertools.takewhile(lambda line: line.startswith("|"), lines))


def spread(results: Path) -> list[str]:
    """The lowest and the highest score of one training."""
    table = trainings(results)
    arms = list(dict.fromkeys(table["arm"]))
    names = display_names(arms)
    rows = [[names[arm], *(_range(table[table["arm"] == arm][score]) for score in headlines())] for arm in arms]
    return markdown_table([ARM, *(f"{score}, lowest and highest" for score in SCORES)], rows)


def _range(scores: pd.Series) -> str:
    return f"{scores.min():.4f}, {scores.max():.4f}"


def blocks(results: Path) -> list[str]:
    """The mean over all trainings of each block of slices, by threshold and by learned edges."""
    table = rungs(results)
    rows = []
    for fold in in_order(table["fold"]):
        cells = []
        for rung in (THRESHOLD, BESIDE):
            of_rung = table[(table["fold"] == fold) & (table["rung"] == rung)]
            cells.append(" / ".join(f"{of_rung[score].mean():.4f}" for score in headlines()))
        rows.append([fold, *cells])
    return markdown_table(["slices", *(f"{' / '.join(SCORES)}, {RUNGS[rung]}" for rung in (THRESHOLD, BESIDE))], rows)


def hardest_slices(results: Path) -> list[str]:
    """The slices that cost most, mean over all trainings."""
    plan, tables = Plan(results.name, load(results.name)), []
    for path in map(Path, plan.replicate_files(plan.scored_folds, plan.config.arms, ["ladder.csv"])):
        table = pd.read_csv(path)
        tables.append(table.assign(z=table["slice"] + slice_range(path.parts[-3]).start))
    means = pd.concat(tables).groupby(["z", "rung"])[list(headlines())].mean().unstack("rung")
    columns = [(score, rung) for rung in (THRESHOLD, BESIDE, CEILING) for score in headlines()]
    worst = means.sort_values((next(iter(headlines())), THRESHOLD)).head(HARDEST)
    rows = [[f"{z}", *(f"{worst.loc[z, column]:.4f}" for column in columns)] for z in worst.index]
    titles = [f"{headlines()[score]}, {RUNGS[rung]}" for score, rung in columns]
    return markdown_table(["slice", *titles], rows)


def ladder(results: Path) -> list[str]:
    """Each way from probabilities to cells, mean over the trainings of each network."""
    table = rungs(results)
    arms = list(dict.fromkeys(table["arm"]))
    means = table.groupby(["arm", "rung"])[list(headlines())].mean()
    names = display_names(arms)
    rows = [
        [title, *(" / ".join(f"{means.loc[(arm, rung), score]:.4f}" for score in headlines()) for arm in arms)]
        for rung, title in RUNGS.items()
    ]
    return markdown_table([" / ".join(SCORES), *(names[arm] for arm in arms)], rows)


def cost(results: Path) -> list[str]:
    """What was trained, and how long it took."""
    table, train = trainings(results), load(results.name).train
    minutes = table.groupby("arm", sort=False)["training_seconds"].mean() / 60
    names = display_names(list(minutes.index))
    each = ", ".join(f"{names[arm]} {minutes[arm]:.1f}" for arm in minutes.index)
    total = table["training_seconds"].sum() / 60
    devices = " and ".join(dict.fromkeys(table["training_device"]))
    return [
        f"{len(table)} trainings of {train.steps:,} steps took {total:.0f} minutes together ({devices}; two side by "
        f"side), on average {each}."
    ]


if __name__ == "__main__":
    main()
