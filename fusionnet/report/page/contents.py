"""What an experiment's page consists of: a section is one row of `SECTIONS`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from fusionnet.config.reporting import ReportJob
from fusionnet.config.stages import ArmSettings
from fusionnet.evaluate.metrics import headlines
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.report.comparison import MEAN
from fusionnet.report.page import charts
from fusionnet.report.page.document import Cell, Link, Picture, Section, Table, render
from fusionnet.report.page.galleries import error_galleries, view_link
from fusionnet.report.page.origins import hash_table, origin_table, settings_table
from fusionnet.report.page.vega import Arms
from fusionnet.report.page.viewer import Prediction, Stack, viewer_data
from fusionnet.report.proofreading import Guide
from fusionnet.report.results import Replicate, ScoredSlices, by_arm
from fusionnet.report.statistics import Effect, finding, what_would_decide
from fusionnet.report.text import COSTS, HELD_OUT, effect_rows, evidence, is_held_out, mean_rows, nothing_to_compare

OPEN_ARMS = 3  # of more arms the worst errors are shown when a person opens them


@dataclass(frozen=True)
class Findings:
    """All that a report of an experiment has computed, and where its files are.

    Args:
        experiment: Its name.
        job: What is compared.
        replicates: All of them.
        scored: The slices of each fold.
        baselines: Metrics of the classical baseline, by fold.
        networks: Settings of each arm.
        effects: From `fusionnet.report.comparison.compare`.
        table: From `fusionnet.report.comparison.comparison_table`.
        guides: From `fusionnet.report.proofreading.guides_of`.
        names: Display name of each arm.
        texts: Names of the report's tables and texts, which lie beside the page.
        stacks: Files of the raw stacks.
        also: Files of further reports, by which the page is completed.
    """

    experiment: str
    job: ReportJob
    replicates: Sequence[Replicate]
    scored: Mapping[str, ScoredSlices]
    baselines: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, ArmSettings]
    effects: Sequence[Effect]
    table: pd.DataFrame
    guides: Mapping[str, Mapping[str, Guide]]
    names: Mapping[str, str]
    texts: Sequence[str]
    stacks: Sequence[Path]
    also: Sequence[Path] = ()

    @property
    def arms(self) -> Arms:
        """How charts tell the arms apart."""
        return Arms(self.names)

    @cached_property
    def slices(self) -> dict[str, Stack]:
        """The slices of each fold, as the viewer has them."""
        return {
            fold: Stack(fold, scored.raw, scored.labels, scored.numbers, [slice_title(fold, n) for n in scored.numbers])
            for fold, scored in self.scored.items()
        }

    @cached_property
    def shown(self) -> list[Prediction]:
        """The replicates that the viewer shows: of each arm and fold the first seed's."""
        first = [replicate for replicate in self.replicates if replicate.seed == self.job.seeds[0]]
        return [self._prediction(replicate) for replicate in first]

    def _prediction(self, replicate: Replicate) -> Prediction:
        scores = replicate.slice_scores("v_rand")
        lines = [f"V_rand of {self.names[replicate.arm]} {score:.4f}" for score in scores]
        threshold = float(replicate.metrics["v_rand_threshold"])
        probability, deviation = replicate.probabilities(), replicate.deviations()
        return Prediction(replicate.arm, self.slices[replicate.fold], probability, threshold, deviation, lines)

    def link(self, fold: str, position: int, **view: Any) -> str:
        """Return the fragment that shows a slice of a fold.

        Args:
            fold: Its name.
            position: Of the slice in the fold, from 0.
            **view: What else of the viewer's state is to change.
        """
        return view_link(self.slices[fold], position, **view)


def slice_title(fold: str, number: int) -> str:
    """Return how the page calls a scored slice."""
    return f"test slice {number}" if fold == "test" else f"slice {number}"


def experiment_page(found: Findings) -> str:
    """Return the page of an experiment as HTML."""
    title = f"Experiment {found.experiment}: {' against '.join(found.names.values())}"
    return render(title, lead(found), [build(found) for build in SECTIONS], found.arms)


def lead(found: Findings) -> list[str]:
    """Return the verdict on the first pair of arms in a sentence, and what else belongs to it."""
    if not found.effects:
        return [nothing_to_compare(found.names)]
    pair = (found.effects[0].arm, found.effects[0].baseline)
    of_pair = [effect for effect in found.effects if (effect.arm, effect.baseline) == pair]
    verdict, *others = [f"{finding(effect, found.names, headlines()[effect.score])}." for effect in of_pair]
    needed = dict.fromkeys(what_would_decide(effect) for effect in of_pair)
    more = [f"{need[0].upper()}{need[1:]}." for need in needed if need]
    return [verdict, *others, " ".join([*more, *([HELD_OUT] if is_held_out(found.job.folds) else [])])]


def comparison(found: Findings) -> Section:
    """The table of the arms."""
    singles = found.table[found.table["fold"] != MEAN]
    scores = "V_rand and V_info are the ISBI-2012 challenge's scores: 1 is perfect; of the pixel error 0 is."
    text = [" ".join(line.replace("**", "") for line in evidence(singles, found.names)), f"{scores} {COSTS}"]
    return Section(
        "comparison", "Comparison", text, tables=[Table("Means of each arm", *mean_rows(found.table, found.names))]
    )


def differences(found: Findings) -> Section:
    """The forest plot."""
    text = [
        "Mean difference of each pair and its 95 % interval, over paired trainings on the same slices. A hollow mark: "
        "no difference was found, since the interval holds 0 or there is one training of each."
    ]
    table = Table("Differences, intervals and what would decide", *effect_rows(found.effects, found.names), folded=True)
    if not found.effects:
        return Section("differences", "Differences")
    return Section("differences", "Differences", text, charts.effect_charts(found.effects, found.arms), tables=[table])


def every_replicate(found: Findings) -> Section:
    """The scores of each training."""
    text = ["A point for each fold and seed; the line is an arm's mean."]
    drawn = charts.replicate_charts(found.table, found.arms)
    return Section("replicates", "Every replicate", text, drawn, arms=found.arms)


def slices(found: Findings) -> Section:
    """The viewer, and the worst errors, each of which it shows."""
    seed = found.job.seeds[0]
    text = [
        f"Every scored slice, for each arm as seed {seed} predicted it; segments are cut at the threshold of the arm's "
        "V_rand. A cell has the same colour in every slice, and in the truth and each arm as far as it was found."
    ]
    viewer = viewer_data(found.shown, dict(found.names))
    return Section("slices", "Slices", text, viewer=viewer)


def worst(found: Findings) -> Section:
    """The largest mergers and splits of each arm."""
    text = [
        "The ten largest of each arm (first seed): the pixels that are with the wrong cell, or split off from their "
        "own. Follow one to see it in the viewer, with a ring where the border is missing or needless."
    ]
    galleries = []
    for number, arm in enumerate(found.job.arms):
        of_arm = [prediction for prediction in found.shown if prediction.key == arm]
        galleries += error_galleries(of_arm, found.names[arm], folded=number >= OPEN_ARMS)
    return Section("worst-errors", "Worst errors", text, galleries=galleries)


def by_slice(found: Findings) -> Section:
    """The score of every slice, each of which leads to the viewer."""
    numbers = {fold: stack.numbers for fold, stack in found.slices.items()}
    drawn = charts.slice_charts(found.replicates, found.arms, found.link, numbers)
    rows: list[list[Cell]] = []
    for fold, stack in found.slices.items():
        scores = {
            arm: np.mean([r.slice_scores("v_rand") for r in of_arm if r.fold == fold], axis=0)
            for arm, of_arm in by_arm(found.replicates).items()
        }
        for position, title in enumerate(stack.titles):
            links = [
                Link(f"{scores[arm][position]:.4f}", found.link(fold, position, right=f"errors.{arm}"))
                for arm in scores
            ]
            rows.append([Link(title, found.link(fold, position)), *links])
    table = Table("V_rand of each slice, mean of the seeds", ["slice", *found.names.values()], rows, folded=True)
    text = ["A point for each replicate. Follow one, or a number of the table, and the slice is shown."]
    return Section("by-slice", "Scores by slice", text, drawn, tables=[table], arms=found.arms)


def thresholds(found: Findings) -> Section:
    """Score against threshold."""
    drawn = charts.threshold_charts(found.replicates, list(found.baselines.values()), found.arms)
    text = [
        "Thin: a replicate; bold: an arm's mean; dashed: smoothed grey values. A replicate's score is the highest of "
        "its own curve, so that an arm's mean score lies above the highest of its mean."
    ]
    return Section("thresholds", "Thresholds", text, drawn, arms=found.arms)


def training(found: Findings) -> Section:
    """Histories of the trainings."""
    text = ["Validation slices choose nothing. Of many trainings the mean of each arm is drawn."]
    return Section("training", "Training", text, charts.training_charts(found.replicates, found.arms), arms=found.arms)


def compute(found: Findings) -> Section:
    """What a score costs."""
    text = ["Small: a replicate; large: an arm's mean. Minutes are those of the machines named below."]
    return Section("compute", "Compute", text, charts.compute_charts(found.table, found.arms), arms=found.arms)


def proofreading(found: Findings) -> Section:
    """Where to proofread first."""
    text = [
        "Solid: pixels on which the 8 orientations disagree most come first; dotted: those whose mean is nearest to "
        "one half."
    ]
    drawn = charts.guide_charts(found.guides, found.arms)
    return Section("proofreading", "Proofreading", text if drawn else [], drawn, arms=found.arms if drawn else None)


def annotation(found: Findings) -> Section:
    """Score against the number of annotated slices."""
    drawn = charts.annotation_charts(found.replicates, found.networks, found.arms)
    return Section("annotation", "Annotated slices", charts=drawn, arms=found.arms if drawn else None)


def further(found: Findings) -> Section:
    """Figures and tables of further reports, such as that of nuclei."""
    pictures = [Picture(path.read_bytes(), path.stem) for path in found.also if path.suffix == ".png"]
    texts = [path.read_text(encoding="utf-8") for path in found.also if path.suffix == ".md"]
    tables = [table for text in texts for table in tables_of(text)]
    return Section("further", "Further reports", pictures=pictures, tables=tables)


def tables_of(markdown: str) -> list[Table]:
    """Return the tables of a text that `fusionnet.report.text.markdown_table` wrote, each named by its heading."""
    tables, rows, heading = [], [], ""
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip(" *") for cell in line.strip()[1:-1].split("|")])
        elif rows:
            tables.append(Table(heading, rows[0], rows[2:]))  # below the titles is a line of dashes
            rows = []
        if line.startswith("#"):
            heading = line.strip("# ")
    return tables


def origins(found: Findings) -> Section:
    """Where the numbers come from, and every file."""
    _, job, _ = load_checkpoint(found.replicates[0].folder / "checkpoint.pt")
    arms = {arm: settings.model_dump() for arm, settings in found.networks.items()}
    tables = [
        origin_table(found.experiment, found.replicates, found.stacks),
        settings_table(job.model_dump(), arms, found.names),
        hash_table(found.replicates),
        files_table(found),
    ]
    return Section("provenance", "Provenance and files", tables=tables)


def files_table(found: Findings) -> Table:
    """Return links to every table and text, relative to the page."""
    names = [*found.texts, *(path.name for path in found.also)]
    rows: list[list[Cell]] = [[Link(name, quote(name)), "this report"] for name in names]
    for replicate in found.replicates:
        place = f"{replicate.arm}/{replicate.fold}/seed-{replicate.seed}"
        for name in ("slices.csv", "history.csv", "metrics.json"):
            rows.append([Link(f"{place}/{name}", quote(f"../replicates/{place}/{name}")), "a replicate"])
    return Table("Files: tables as CSV, numbers as JSON", ["file", "of"], rows, folded=True)


SECTIONS: tuple[Callable[[Findings], Section], ...] = (
    comparison,
    differences,
    slices,
    worst,
    by_slice,
    every_replicate,
    annotation,
    thresholds,
    training,
    compute,
    proofreading,
    further,
    origins,
)
