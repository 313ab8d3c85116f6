"""Write a trained network for other programs: ONNX, or a BioImage Model Zoo package for deepImageJ and ilastik."""

import argparse
from pathlib import Path

import numpy as np

from fusionnet.augment.geometry import around
from fusionnet.errors import UserError, run
from fusionnet.export.bioimageio import Description, example_side, export_package
from fusionnet.export.onnx import export_onnx
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log
from fusionnet.models.pretrained import find, load_trained
from fusionnet.volumes.grey_values import choose_window, to_levels
from fusionnet.volumes.source import middle
from fusionnet.volumes.volume import open_volume


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, help="written by scripts/train.py, or fusionnet-isbi2012")
    parser.add_argument("--onnx", type=Path, help="the ONNX file: 8-bit grey levels in, probability out")
    parser.add_argument("--bioimageio", type=Path, help="the package (ZIP); tested before it is written")
    parser.add_argument("--example", help="a volume whose first slice the package shows and is tested with")
    parser.add_argument("--name", help="of the package; made of architecture and width if absent")
    parser.add_argument("--author", help="of the package")
    parser.add_argument("--licence", default="MIT", help="of the weights, as an SPDX identifier (default: %(default)s)")
    parser.add_argument(
        "--training-data", default="data of its author", help="what it was trained on, in words (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart(named(arguments, "checkpoint", "example"), named(arguments, "onnx", "bioimageio"))
    log = start_log("export", None)
    if not (arguments.onnx or arguments.bioimageio):
        raise UserError("nothing to write: name --onnx, --bioimageio or both")
    network, job, origin = load_trained(find(arguments.checkpoint))
    if arguments.onnx:
        export_onnx(arguments.onnx, network, {"job": job.model_dump(), "provenance": origin})
        channels = 1 + 2 * network.neighbours
        log.info("%s: input 'grey' (N, %d, H, W), 0 to 255; output 'probability'", arguments.onnx, channels)
    if arguments.bioimageio:
        if not (arguments.example and arguments.author):
            raise UserError("--bioimageio: needs --example VOLUME and --author NAME")
        name = arguments.name or f"{job.network.architecture} width {job.network.width} membranes"
        description = Description(name, arguments.author, arguments.licence, arguments.training_data)
        example = read_example(arguments.example, example_side(network), network.neighbours)
        export_package(arguments.bioimageio, network, job, example, description)
        log.info("%s: valid, and tested by bioimageio.core", arguments.bioimageio)


def read_example(volume: str, side: int, neighbours: int) -> np.ndarray:
    """Return the middle of the first slice, with its neighbours, as grey levels (1 + 2 * neighbours, Y, X)."""
    source = open_volume(volume)
    rows, columns = (middle(size, side) for size in source.shape[1:])
    block = source.read(slice(0, min(1 + neighbours, source.shape[0])), rows, columns)
    return to_levels(block[around(0, neighbours, source.shape[0])], choose_window(source))


if __name__ == "__main__":
    run(main)
