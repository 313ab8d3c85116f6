"""Report the bodies of an experiment: a table of scores and shapes, and the distributions as a figure."""

from fusionnet.errors import run
from fusionnet.files import write_text
from fusionnet.report.bodies import bodies_markdown, draw_bodies, read_bodies, whole_sections
from fusionnet.report.command import begin_report
from fusionnet.style import display_names, save_figure


def main() -> None:
    arguments, job, log = begin_report("report_bodies", __doc__, "--report-folder")
    bodies = read_bodies(job, arguments.results)
    write_text(arguments.report_folder / "bodies.md", bodies_markdown(bodies, display_names(job.arms)))
    save_figure(draw_bodies(whole_sections(bodies)), arguments.report_folder / "bodies.png")
    log.info("%s: bodies.md and bodies.png of %d replicates", arguments.report_folder, len(bodies))


if __name__ == "__main__":
    run(main)
