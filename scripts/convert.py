"""Convert a volume of any format that is read into any that is written, region by region; voxels keep their values."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError, run
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log
from fusionnet.provenance import provenance
from fusionnet.volumes.fingerprint import volume_fingerprint
from fusionnet.volumes.grey_values import finite_sample, window_of
from fusionnet.volumes.output import WRITABLE, OutputPlan
from fusionnet.volumes.source import VolumeSource, with_voxel_size
from fusionnet.volumes.volume import READABLE, open_volume, save_volume

CHUNK = (16, 256, 256)
NAMES_RATHER_THAN_GREY = ("uint32", "int32", "uint64", "int64")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="IN", help=READABLE)
    parser.add_argument("result", metavar="OUT", help=WRITABLE)
    parser.add_argument(
        "--labels",
        action="store_true",
        help="values are names, of which coarser levels hold no means; always of 32 or 64 bits",
    )
    parser.add_argument("--voxel-size", help="Z,Y,X in nanometres; that of the volume if absent")
    parser.add_argument("--ome-zarr-version", choices=["0.4", "0.5"], help="that of the volume if absent, else 0.5")
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart([("IN", arguments.source)], [("OUT", arguments.result), *named(arguments, "log")])
    log = start_log("convert", arguments.log)
    source = with_voxel_size(open_volume(arguments.source), arguments.voxel_size)
    if source.dtype.kind == "b":
        source = replace(source, dtype=np.dtype(np.uint8))
    labels = arguments.labels or source.dtype.name in NAMES_RATHER_THAN_GREY
    if labels and source.dtype.kind == "f":
        raise UserError(f"--labels: {source.name} holds {source.dtype}, and names are whole numbers; leave it out")
    origin = provenance("convert", {"labels": labels, "voxel_size": arguments.voxel_size}, {})
    origin["inputs"]["volume"] = volume_fingerprint(arguments.source)
    plan = OutputPlan(
        source.shape,
        source.dtype,
        CHUNK,
        source.voxel_size_nm,
        origin,
        arguments.ome_zarr_version or source.ome_version or "0.5",
        labels,
        None if labels else shown_window(source),
        "labels" if labels else "image",
    )
    save_volume(arguments.result, plan, source)
    kind = "labels" if labels else "grey values"
    log.info("%s: %s (Z, Y, X), %s %s, %s", arguments.result, source.shape, source.dtype, kind, source.scale)


def shown_window(source: VolumeSource) -> tuple[float, float] | None:
    """Return the grey values that viewers are to show as black and white."""
    if source.dtype == np.uint8:
        return 0.0, 255.0
    sample = finite_sample(source)
    window = window_of(sample) if sample.size else None
    return (window.low, window.high) if window and window.low < window.high else None


if __name__ == "__main__":
    run(main)
