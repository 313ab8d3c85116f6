"""Compare the arms of an experiment: tables, verdict and figures from the results of all replicates."""

import argparse
from pathlib import Path

from fusionnet.comparison import compare, comparison_markdown, comparison_table, summary, verdict_markdown
from fusionnet.config import ReportJob
from fusionnet.errors import run
from fusionnet.figures import (
    display_names,
    draw_effects,
    draw_scores,
    draw_segmentations,
    draw_thresholds,
    draw_training,
    save_figure,
)
from fusionnet.figures.proofreading import draw_guides, guides_of
from fusionnet.figures.segmentations import SEGMENTATION_DPI
from fusionnet.files import write_json, write_text
from fusionnet.flops import network_cost
from fusionnet.logs import start_log
from fusionnet.replicates import baseline_metrics, read_networks, read_replicates, read_scored_slices
from fusionnet.sections import parse


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="arms, folds, seeds and the section 'report' (JSON)")
    parser.add_argument("--results", required=True, type=Path, help="holds ARM/FOLD/seed-SEED/ of each replicate")
    parser.add_argument("--raw", required=True, type=Path, help="holds {train,test}-{volume,labels}.tif")
    parser.add_argument("--report-folder", required=True, type=Path, help="receives tables, texts and figures")
    parser.add_argument("--log", type=Path, help="also write the verdict to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    job = parse(ReportJob, arguments.config, "--config")
    folder = arguments.report_folder
    log = start_log("report", arguments.log)
    replicates = read_replicates(job, arguments.results)
    scored = {fold: read_scored_slices(fold, arguments.raw) for fold in job.folds}
    baselines = {fold: baseline_metrics(scored[fold], job.report.baseline_sigma_pixels) for fold in job.folds}
    costs = {arm: network_cost(network) for arm, network in read_networks(job, replicates).items()}
    names = display_names(job.arms)
    effects = compare(replicates)
    table = comparison_table(replicates, costs, baselines)
    verdict = verdict_markdown(effects, names, job.folds)

    write_text(folder / "comparison.csv", table.to_csv(index=False))
    write_text(folder / "comparison.md", comparison_markdown(table, names, effects))
    write_text(folder / "verdict.md", verdict)
    write_json(folder / "summary.json", summary(table, effects))

    shown = [r for r in replicates if r.arm in job.arms[:2] and (r.fold, r.seed) == (job.folds[0], job.seeds[0])]
    save_figure(draw_scores(replicates, list(baselines.values())), folder / "scores.png")
    save_figure(draw_training(replicates), folder / "training.png")
    save_figure(draw_thresholds(replicates, list(baselines.values())), folder / "thresholds.png")
    save_figure(draw_effects(effects, job.arms), folder / "effects.png")
    segmentations = draw_segmentations(shown, scored[job.folds[0]], job.report.slices_shown)
    guides = guides_of(shown, scored[job.folds[0]].labels)
    save_figure(draw_guides(guides), folder / "proofreading.png")
    save_figure(segmentations, folder / "segmentations.png", SEGMENTATION_DPI)
    log.info("%s: %s", folder, verdict.splitlines()[0])


if __name__ == "__main__":
    run(main)
