"""What an experiment's page consists of: a section is one row of `SECTIONS`."""

from collections.abc import Callable
from urllib.parse import quote

import numpy as np

from fusionnet.evaluate.metrics import headlines
from fusionnet.models.pretrained import load_checkpoint
from fusionnet.report.comparison import MEAN
from fusionnet.report.page import charts, curve_charts
from fusionnet.report.page.document import Cell, Link, Picture, Section, Table, render
from fusionnet.report.page.galleries import error_galleries
from fusionnet.report.page.material import Findings
from fusionnet.report.page.origins import hash_table, origin_table, settings_table
from fusionnet.report.page.viewer import viewer_data
from fusionnet.report.proofreading import DISAGREEMENT
from fusionnet.report.results import by_arm
from fusionnet.report.statistics import finding, what_would_decide
from fusionnet.report.text import COSTS, HELD_OUT, effect_rows, evidence, is_held_out, mean_rows, nothing_to_compare

FURTHER = {  # figures of further reports that the page has no chart of, and what they show
    "ladder": "What each step from probabilities to cells scores; a thin line is a training, a diamond an arm's mean.",
    "mergers": "The slices that learned edges mend most, and the worst that are left, between those above and below.",
    "bodies": "Size and shape of what a slice shows of each body: the truth filled, each arm a line.",
    "refinement": "What the last of several units in series changes, on the slices whose V_rand changes most.",
}
OPEN_ARMS = 3  # of more arms the worst errors are shown when a person opens them


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
    needed = {headlines()[effect.score]: what_would_decide(effect) for effect in of_pair}
    more = [f"{title}: {need}." for title, need in needed.items() if need]
    if len(set(needed.values())) == 1:  # then it need not be said of each score
        more = [f"{need[0].upper()}{need[1:]}." for need in list(needed.values())[:1] if need]
    return [verdict, *others, " ".join([*more, *([HELD_OUT] if is_held_out(found.job.folds) else [])])]


def comparison(found: Findings) -> Section:
    """The table of the arms."""
    singles = found.table[found.table["fold"] != MEAN]
    scores = "V_rand and V_info are the ISBI-2012 challenge's scores: 1 is perfect; of the pixel error 0 is."
    text = [evidence(singles), f"{scores} {COSTS}"]
    header, rows = mean_rows(found.table, found.names)
    unbroken = [[cell.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}") for cell in row] for row in rows]
    return Section("comparison", "Comparison", text, tables=[Table("Means of each arm", header, unbroken)])


def differences(found: Findings) -> Section:
    """The forest plot."""
    text = [
        "Mean difference of each pair and its 95 % interval, over paired trainings on the same slices. A hollow mark: "
        "no difference was found, since the interval holds 0 or there is one training of each. The table has the "
        "smallest true effect that these folds find with 80 % probability, and how many folds would find this one."
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
    drawn = curve_charts.threshold_charts(found.replicates, list(found.baselines.values()), found.arms)
    text = [
        "Thin: a replicate; bold: an arm's mean; dashed: smoothed grey values. A replicate's score is the highest of "
        "its own curve, so that an arm's mean score lies above the highest of its mean."
    ]
    return Section("thresholds", "Thresholds", text, drawn, arms=found.arms)


def training(found: Findings) -> Section:
    """Histories of the trainings."""
    text = ["Validation slices choose nothing. Of many trainings the mean of each arm is drawn."]
    return Section(
        "training", "Training", text, curve_charts.training_charts(found.replicates, found.arms), arms=found.arms
    )


def compute(found: Findings) -> Section:
    """What a score costs."""
    text = ["Small: a replicate; large: an arm's mean. Minutes are those of the machines named below."]
    return Section("compute", "Compute", text, charts.compute_charts(found.table, found.arms), arms=found.arms)


def proofreading(found: Findings) -> Section:
    """Where to proofread first."""
    drawn = curve_charts.guide_charts(found.guides, found.arms)
    if not drawn:
        return Section("proofreading", "Proofreading")
    text = "Dotted: pixels whose probability is nearest to one half come first"
    if any(DISAGREEMENT in by_kind for by_kind in found.guides.values()):
        text += "; solid: those on which the 8 orientations disagree most"
    return Section("proofreading", "Proofreading", [f"{text}."], drawn, arms=found.arms)


def annotation(found: Findings) -> Section:
    """Score against the number of annotated slices."""
    drawn = curve_charts.annotation_charts(found.replicates, found.networks, found.arms)
    return Section("annotation", "Annotated slices", charts=drawn, arms=found.arms if drawn else None)


def further(found: Findings) -> Section:
    """Figures and tables of further reports, such as that of nuclei."""
    pictures = [
        Picture(path.read_bytes(), FURTHER[path.stem])
        for path in found.also
        if path.suffix == ".png" and path.stem in FURTHER
    ]
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
        tables = sorted(path.name for path in replicate.folder.glob("[!.]*.csv"))
        for name in (*tables, "metrics.json"):
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
