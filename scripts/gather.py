"""Gather the parts of a volume's prediction, made by scripts/predict.py --part, into one volume."""

import argparse
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError, run
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log
from fusionnet.predict.shards import gather, open_parts, plan_from_json
from fusionnet.predict.streaming import VolumeSink
from fusionnet.predict.summary import sentences
from fusionnet.volumes.output import OutputPlan


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=Path, nargs="+", required=True, help="the files of all parts, in any order")
    parser.add_argument("--probabilities", type=Path, required=True, help="the result: NAME.tif, .zarr or .h5:key")
    parser.add_argument("--deviation", type=Path, help="standard deviation over the orientations, if the parts have it")
    parser.add_argument(
        "--output-type", choices=["float32", "uint8"], default="float32", help="uint8: times 255 (default: %(default)s)"
    )
    parser.add_argument("--ome-zarr-version", choices=["0.4", "0.5"], help="that of the volume if absent, else 0.5")
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart(named(arguments, "parts"), named(arguments, "probabilities", "deviation", "log"))
    log = start_log("gather", arguments.log)
    parts = open_parts(arguments.parts)
    whole = parts[0].whole
    if arguments.deviation and not whole["deviation"]:
        raise UserError("--deviation: the parts were made without it; make them again with --deviation")
    plan = plan_from_json(whole["plan"])
    output = OutputPlan(
        plan.shape,
        np.dtype(arguments.output_type),
        max(plan[0].shape),
        tuple(whole["voxel_size_nm"]) if whole["voxel_size_nm"] else None,
        whole["provenance"],
        arguments.ome_zarr_version or whole["ome_version"] or "0.5",
    )
    sink = VolumeSink(arguments.probabilities, arguments.deviation, output, whole)
    summary = gather(parts, sink)
    log.info("%s: %s (Z, Y, X) from %d parts", arguments.probabilities, plan.shape, len(parts))
    for line in sentences(summary):
        log.info(line)


if __name__ == "__main__":
    run(main)
