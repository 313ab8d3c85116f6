"""Draw the score against the number of annotated slices, from the arms that are trained on few."""

from fusionnet.errors import run
from fusionnet.report.annotation import draw_annotation
from fusionnet.report.command import begin_report
from fusionnet.report.results import read_networks, read_replicates
from fusionnet.style import save_figure


def main() -> None:
    arguments, job, log = begin_report("report_annotation", __doc__, "--figure")
    replicates = read_replicates(job, arguments.results)
    save_figure(draw_annotation(replicates, read_networks(job, arguments.results)), arguments.figure)
    log.info("%s: %d replicates of %d arms", arguments.figure, len(replicates), len(job.arms))


if __name__ == "__main__":
    run(main)
