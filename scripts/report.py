"""Compare the arms of an experiment: tables, verdict and figures from the results of all replicates."""

from fusionnet.errors import run
from fusionnet.files import write_json, write_text
from fusionnet.models.cost import network_cost
from fusionnet.report.command import begin_report
from fusionnet.report.comparison import compare, comparison_table, curves_table, headline_scores, pairs_of, summary
from fusionnet.report.figures.compute import draw_compute
from fusionnet.report.figures.curves import draw_thresholds, draw_training
from fusionnet.report.figures.effects import draw_effects
from fusionnet.report.figures.scores import draw_scores
from fusionnet.report.figures.segmentations import SEGMENTATION_DPI, draw_segmentations
from fusionnet.report.page.contents import experiment_page
from fusionnet.report.page.material import Findings
from fusionnet.report.proofreading import draw_guides, guides_of
from fusionnet.report.results import (
    baseline_metrics,
    one_of_each,
    raw_files,
    read_networks,
    read_replicates,
    read_scored_slices,
)
from fusionnet.report.text import comparison_markdown, verdict_markdown
from fusionnet.style import display_names, save_figure

TEXTS = ("comparison.csv", "curves.csv", "comparison.md", "verdict.md", "summary.json", "scores.json")


def main() -> None:
    arguments, job, log = begin_report("report", __doc__, "--raw", "--report-folder", "--also")
    folder = arguments.report_folder
    replicates = read_replicates(job, arguments.results)
    scored = {fold: read_scored_slices(fold, arguments.raw) for fold in job.folds}
    baselines = {fold: baseline_metrics(scored[fold], job.report.baseline_sigma_pixels) for fold in job.folds}
    networks = read_networks(job, arguments.results)
    costs = {arm: network_cost(network) for arm, network in networks.items()}
    names = display_names(job.arms)
    pairs = pairs_of(networks)
    effects = compare(replicates, pairs)
    table = comparison_table(replicates, costs, baselines)
    verdict = verdict_markdown(effects, names, job.folds)

    write_text(folder / "comparison.csv", table.to_csv(index=False))
    write_text(folder / "curves.csv", curves_table(replicates).to_csv(index=False))
    write_text(folder / "comparison.md", comparison_markdown(table, names, effects))
    write_text(folder / "verdict.md", verdict)
    write_json(folder / "summary.json", summary(table, effects))
    write_json(folder / "scores.json", headline_scores(replicates))

    first_pair = pairs[0] if pairs else job.arms[:1]
    shown = [replicate for replicate in replicates if replicate.arm in first_pair]
    save_figure(draw_scores(table), folder / "scores.png")
    save_figure(draw_training(replicates), folder / "training.png")
    save_figure(draw_thresholds(replicates, list(baselines.values())), folder / "thresholds.png")
    save_figure(draw_effects(effects, job.arms), folder / "effects.png")
    save_figure(draw_compute(table), folder / "compute.png")
    segmentations = draw_segmentations(shown, scored, job.report.slices_shown)
    save_figure(segmentations, folder / "segmentations.png", SEGMENTATION_DPI)
    one_fold = one_of_each(shown)
    guides = guides_of(one_fold, scored[one_fold[0].fold].labels)
    save_figure(draw_guides(guides, job.arms), folder / "proofreading.png")

    found = Findings(
        experiment=arguments.results.parent.name,
        job=job,
        replicates=replicates,
        scored=scored,
        baselines=baselines,
        networks=networks,
        effects=effects,
        table=table,
        guides=guides,
        names=names,
        texts=TEXTS,
        stacks=raw_files(job.folds, arguments.raw),
        also=arguments.also,
    )
    write_text(folder / "index.html", experiment_page(found))
    log.info("%s: %s", folder, verdict.splitlines()[0])


if __name__ == "__main__":
    run(main)
