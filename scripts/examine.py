"""Look a stack over before hours are spent on it: axes, grey values, labels, sections; and what to do about each."""

import argparse
import sys
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError, run
from fusionnet.examine.contrast import examine_volume, sampled_slices
from fusionnet.examine.findings import Finding
from fusionnet.examine.labels import LabelReport, examine_labels
from fusionnet.examine.picture import draw_examination
from fusionnet.examine.slices import examine_sections, measure_sections
from fusionnet.files import named, require_apart
from fusionnet.volumes.grey_values import choose_window
from fusionnet.volumes.source import VolumeSource, middle
from fusionnet.volumes.stacks import write_volume
from fusionnet.volumes.volume import READABLE, open_volume


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volume", required=True, help=READABLE)
    parser.add_argument("--labels", help="its labels, of any coding")
    parser.add_argument("--figure", type=Path, help="a picture (PNG) of slices, grey levels and sections")
    parser.add_argument(
        "--mended-labels", type=Path, help="write labels as training wants them: 0 on membranes, 255 else"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart(named(arguments, "volume", "labels"), named(arguments, "figure", "mended_labels"))
    volume = open_volume(arguments.volume)
    window = choose_window(volume)
    show(arguments.volume, examine_volume(volume))
    measures = measure_sections(volume, window)
    show("sections", examine_sections(measures))
    labels = open_volume(arguments.labels) if arguments.labels else None
    report = examine_labels(labels, volume) if labels else None
    if report:
        show(arguments.labels, report.findings)
    if arguments.mended_labels:
        write_mended(arguments.mended_labels, labels, report)
    if arguments.figure:
        slices = list(sampled_slices(volume, window))
        draw_examination(arguments.figure, slices, drawn_membranes(labels, report, slices), measures)


def show(what: str, findings: list[Finding]) -> None:
    sys.stdout.write(f"{what}\n" + "".join(f"  {line}\n" for each in findings for line in str(each).split("\n")))


def write_mended(path: Path, labels: VolumeSource | None, report: LabelReport | None) -> None:
    if labels is None or report is None:
        raise UserError("--mended-labels: needs --labels")
    if report.coding == "unclear":
        raise UserError(f"{labels.name}: cannot be mended: {report.findings[0].seen}")
    write_volume(path, report.mended(labels.read_all()), {"stage": "examine", "coding": report.coding})


def drawn_membranes(
    labels: VolumeSource | None, report: LabelReport | None, slices: list[tuple[int, np.ndarray]]
) -> dict[int, np.ndarray]:
    """Return the labelled membranes of the slices that are shown, cut as they are."""
    if labels is None or report is None or report.coding == "unclear":
        return {}
    membranes = {}
    for z, grey in slices:
        rows, columns = (middle(size, side) for size, side in zip(labels.shape[1:], grey.shape, strict=True))
        inside = report.inside(labels.read(slice(z, z + 1), rows, columns))[0]
        membranes[z] = inside == report.inverted
    return membranes


if __name__ == "__main__":
    run(main)
