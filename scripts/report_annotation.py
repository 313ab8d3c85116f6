"""Draw the score against the number of annotated slices, from the arms that are trained on few."""

import argparse
from pathlib import Path

from fusionnet.config.reporting import ReportJob
from fusionnet.config.schema import parse
from fusionnet.errors import run
from fusionnet.logs import start_log
from fusionnet.report.annotation import draw_annotation
from fusionnet.report.results import read_networks, read_replicates
from fusionnet.style import save_figure


def main() -> None:
    arguments = parse_arguments()
    log = start_log("report_annotation", arguments.log)
    job = parse(ReportJob, arguments.config, "--config")
    replicates = read_replicates(job, arguments.results)
    save_figure(draw_annotation(replicates, read_networks(job, replicates)), arguments.figure)
    log.info("%s: %d replicates of %d arms", arguments.figure, len(replicates), len(job.arms))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="arms, folds, seeds and the section 'report' (JSON)")
    parser.add_argument("--results", required=True, type=Path, help="holds ARM/FOLD/seed-SEED/ of each replicate")
    parser.add_argument("--figure", required=True, type=Path, help="PNG to write")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
