"""Look at a prediction in a browser: slices, probabilities and segments as one HTML file that opens offline."""

import argparse
import logging
from pathlib import Path

from fusionnet.errors import UserError, run
from fusionnet.files import file_of, named, require_apart, write_text
from fusionnet.logs import start_log
from fusionnet.report.page.own_volume import Volumes, first_slice, region_around, volume_page
from fusionnet.volumes.places import is_address
from fusionnet.volumes.volume import READABLE, open_volume

LOG = logging.getLogger("fusionnet")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--volume", required=True, help=READABLE)
    parser.add_argument(
        "--probabilities", required=True, help="written by scripts/predict.py, or of any of these formats"
    )
    parser.add_argument("--labels", help="the truth, of the volume or of what was predicted: then errors are shown too")
    parser.add_argument("--deviation", help="written by scripts/predict.py --deviation")
    parser.add_argument("--slices", help="FIRST-LAST: those of the volume that were predicted; all if absent")
    parser.add_argument("--around", help="Z,Y,X of the probabilities: the middle of what is shown of a large volume")
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="of a cell's probability, 0..1 (default: %(default)s)"
    )
    parser.add_argument("--page", type=Path, help="HTML to write; beside the probabilities if absent")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if not 0 <= arguments.threshold <= 1:
        raise UserError(f"--threshold: got {arguments.threshold:g}, expected a probability of 0 to 1")
    if not arguments.page and is_address(arguments.probabilities):
        raise UserError(f"{arguments.probabilities} is an address; say with --page which file to write")
    page = arguments.page or file_of(arguments.probabilities).with_suffix(".html")
    require_apart(named(arguments, "volume", "probabilities", "labels", "deviation"), [("--page", page)])
    start_log("view", None)
    sources = {
        role: open_volume(path)
        for role in ("volume", "probabilities", "labels", "deviation")
        if (path := getattr(arguments, role))
    }
    first = first_slice(sources["volume"], sources["probabilities"], arguments.slices)
    shape = sources["probabilities"].shape
    region = region_around(shape, parse_place(arguments.around) if arguments.around else None)
    write_text(page, volume_page(Volumes(**sources, first=first), region, arguments.threshold))
    LOG.info("%s: %.1f MB; open it in a browser", page, page.stat().st_size / 1e6)


def parse_place(text: str) -> list[int]:
    try:
        z, y, x = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(f"--around: got {text!r}, expected Z,Y,X, such as 12,800,640") from error
    return [z, y, x]


if __name__ == "__main__":
    run(main)
