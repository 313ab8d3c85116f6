"""Report the bodies of an experiment: a table of scores and shapes, and the distributions as a figure."""

import argparse
from pathlib import Path

from fusionnet.config.reporting import ReportJob
from fusionnet.config.schema import parse
from fusionnet.errors import run
from fusionnet.files import write_text
from fusionnet.logs import start_log
from fusionnet.report.bodies import bodies_markdown, draw_bodies, read_bodies, whole_sections
from fusionnet.style import display_names, save_figure


def main() -> None:
    arguments = parse_arguments()
    log = start_log("report_bodies", arguments.log)
    job = parse(ReportJob, arguments.config, "--config")
    bodies = read_bodies(job, arguments.results)
    write_text(arguments.report_folder / "bodies.md", bodies_markdown(bodies, display_names(job.arms)))
    save_figure(draw_bodies(whole_sections(bodies)), arguments.report_folder / "bodies.png")
    log.info("%s: bodies.md and bodies.png of %d replicates", arguments.report_folder, len(bodies))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="arms, folds, seeds and the section 'report' (JSON)")
    parser.add_argument("--results", required=True, type=Path, help="holds ARM/FOLD/seed-SEED/ of each replicate")
    parser.add_argument("--report-folder", required=True, type=Path, help="receives bodies.md and bodies.png")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
