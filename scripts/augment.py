"""Make elastically deformed copies of labelled slices: the augmented stack that training draws its samples from."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fusionnet.augment.contact_sheet import contact_sheet
from fusionnet.augment.elastic import elastic_copies
from fusionnet.augment.samples import require_crop_fits
from fusionnet.config.schema import parse
from fusionnet.config.stages import AugmentSection
from fusionnet.errors import UserError, run
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log
from fusionnet.provenance import provenance
from fusionnet.volumes.stacks import grey_window_of, read_pair, write_volume
from fusionnet.volumes.volume import read_volume


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the configuration's augment section (JSON)")
    parser.add_argument("--volume", required=True, type=Path, help="8-bit grey values, (Z, Y, X)")
    parser.add_argument("--labels", required=True, type=Path, help="0 on a membrane, 1 or 255 inside a cell")
    parser.add_argument("--output-volume", required=True, type=Path, help="slice z of copy c is at c * Z + z")
    parser.add_argument("--output-labels", required=True, type=Path, help="the copies' labels, 0 and 255")
    parser.add_argument("--contact-sheet", type=Path, help="a picture (PNG) of what the networks see")
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


def read_8_bits(volume_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    volume, labels = read_pair(volume_path, labels_path, read_volume)
    if volume.dtype != np.uint8:
        raise UserError(
            f"{volume_path}: values of type {volume.dtype}, expected uint8; download: {{dataset: files}} brings a "
            "stack of your own to 8 bits"
        )
    return volume, labels


def main() -> None:
    arguments = parse_arguments()
    require_apart(
        named(arguments, "volume", "labels"), named(arguments, "output_volume", "output_labels", "contact_sheet", "log")
    )
    log = start_log("augment", arguments.log)
    settings = parse(AugmentSection, arguments.config)
    volume, labels = read_8_bits(arguments.volume, arguments.labels)
    require_crop_fits(volume.shape, settings)
    slices = (settings.elastic_copies + 1) * len(volume)
    grown = np.empty((2, slices, *volume.shape[1:]), np.uint8)
    pairs = tqdm(elastic_copies(volume, labels, settings), "augment", slices, unit="slice", disable=None)
    for number, (image, label) in enumerate(pairs):
        grown[:, number] = image, label * 255
    inputs = {"volume": arguments.volume, "labels": arguments.labels}
    # Every training is built on these bytes: they are not to change with a format or the colours of the contact sheet.
    made = provenance("augment", settings.model_dump(), inputs, code=("fusionnet.augment.elastic",))
    made |= grey_window_of(arguments.volume)
    write_volume(arguments.output_volume, grown[0], made)
    write_volume(arguments.output_labels, grown[1], made)
    if arguments.contact_sheet:
        contact_sheet(arguments.contact_sheet, *grown, settings)
    log.info("%d slices and %d elastic copies of each, %s", len(volume), settings.elastic_copies, volume.shape[1:])


if __name__ == "__main__":
    run(main)
