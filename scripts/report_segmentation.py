"""Report what each step from probabilities to cells adds: tables, the ladder as a figure, and pictures of errors."""

from fusionnet.errors import run
from fusionnet.files import write_text
from fusionnet.report.cells import read_ladders, segmentation_markdown, segmentation_table
from fusionnet.report.command import begin_report
from fusionnet.report.comparison import pairs_of
from fusionnet.report.figures.mergers import choose_cases, draw_mergers
from fusionnet.report.figures.rungs import draw_ladder
from fusionnet.report.figures.segmentations import SEGMENTATION_DPI
from fusionnet.report.results import raw_files, read_networks, read_scored_slices
from fusionnet.style import display_names, save_figure
from fusionnet.volumes.volume import read_volume


def main() -> None:
    arguments, job, log = begin_report("report_segmentation", __doc__, "--raw", "--report-folder")
    folder = arguments.report_folder
    ladders = read_ladders(job, arguments.results)
    table = segmentation_table(ladders)
    write_text(folder / "segmentation.csv", table.to_csv(index=False, float_format="%.6f"))
    pairs = pairs_of(read_networks(job, arguments.results))
    write_text(folder / "segmentation.md", segmentation_markdown(ladders, display_names(job.arms), pairs))
    save_figure(draw_ladder(table), folder / "ladder.png")
    scored = {fold: read_scored_slices(fold, arguments.raw) for fold in job.folds}
    stacks = {fold: read_volume(raw_files([fold], arguments.raw)[0]) for fold in job.folds}
    mergers = draw_mergers(choose_cases(ladders, job.report.slices_shown), scored, stacks)
    save_figure(mergers, folder / "mergers.png", SEGMENTATION_DPI)
    log.info("%s: segmentation.md, ladder.png and mergers.png of %d replicates", folder, len(ladders))


if __name__ == "__main__":
    run(main)
