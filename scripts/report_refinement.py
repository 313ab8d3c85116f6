"""Show what the last of several units in series changes: scores of each unit, and slices where it changes most."""

import numpy as np

from fusionnet.config.schema import parse
from fusionnet.config.stages import PredictSection
from fusionnet.devices import Machine, set_up
from fusionnet.errors import run
from fusionnet.files import write_text
from fusionnet.report.command import begin_report
from fusionnet.report.figures.segmentations import choose_slices
from fusionnet.report.refinement import (
    Refined,
    UnitScores,
    changes,
    draw_refinement,
    predict_unit,
    refinement_markdown,
    refinement_table,
    score_units,
)
from fusionnet.report.results import ScoredSlices, read_networks, read_replicates, read_scored_slices
from fusionnet.style import display_names, save_figure


def main() -> None:
    arguments, job, log = begin_report("report_refinement", __doc__, "--predict", "--raw", "--report-folder")
    settings = parse(PredictSection, arguments.predict, "--predict")
    # A network draws its initial weights by torch, which keeps to the instructions that it began with.
    machine = set_up(settings.device, settings.precision, settings.arithmetic, settings.threads)
    replicates = read_replicates(job, arguments.results)
    units = {arm: network.chain for arm, network in read_networks(job, arguments.results).items()}
    scored = {fold: read_scored_slices(fold, arguments.raw) for fold in job.folds}
    scores = [unit for r in replicates for unit in score_units(r, units[r.arm], scored[r.fold], settings, machine)]
    shown = [
        refined
        for arm in job.arms
        for refined in refine(arm, scores, scored, job.report.slices_shown, settings, machine)
    ]
    names, folder = display_names(job.arms), arguments.report_folder
    write_text(folder / "refinement.csv", refinement_table(scores).to_csv(index=False))
    write_text(folder / "refinement.md", refinement_markdown(scores, names))
    save_figure(draw_refinement(shown, names), folder / "refinement.png")
    log.info("%s: refinement.png, .csv and .md of %d replicates", folder, len(replicates))


def refine(
    arm: str,
    scores: list[UnitScores],
    scored: dict[str, ScoredSlices],
    count: int,
    settings: PredictSection,
    machine: Machine,
) -> list[Refined]:
    """Return the slices of an arm whose V_rand its last unit changes most."""
    units = {(s.replicate.fold, s.replicate.seed, s.unit): s for s in scores if s.replicate.arm == arm}
    number = max(unit for _, _, unit in units)
    refined = []
    for fold, seed, position in choose_slices(changes(scores, arm), count):
        first, last = units[fold, seed, 1], units[fold, seed, number]
        raw = scored[fold].raw[position : position + 1]
        refined.append(
            Refined(
                arm=arm,
                seed=seed,
                slice_name=f"{'Test slice' if fold == 'test' else 'Slice'} {scored[fold].numbers[position]}",
                truth=scored[fold].labels[position],
                first=predict_unit(first.replicate, 1, raw, settings, machine)[0],
                last=np.asarray(last.replicate.probabilities()[position]),
                units=number,
                v_rand=(float(first.slices["v_rand"][position]), float(last.slices["v_rand"][position])),
            )
        )
    return refined


if __name__ == "__main__":
    run(main)
