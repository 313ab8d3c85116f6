"""Score each step from probabilities to cells as the challenge did, and superpixels merged by the truth above them."""

import argparse
from pathlib import Path

from fusionnet.errors import run
from fusionnet.evaluate.metrics import read_truth
from fusionnet.files import named, require_apart, write_text
from fusionnet.logs import start_log
from fusionnet.segment.ladder import BESIDE, EDGES, LINKAGE, RUNGS, THRESHOLD, score_ladder
from fusionnet.volumes.stacks import require_same_shape
from fusionnet.volumes.volume import READABLE, read_volume


def main() -> None:
    arguments = parse_arguments()
    given = named(arguments, "probabilities", "linkage", "edges", "segmentation")
    require_apart([*named(arguments, "labels"), *given], named(arguments, "ladder", "log"))
    log = start_log("evaluate_segmentation", arguments.log)
    labels = read_truth(arguments.labels, slices=arguments.label_slices)
    maps = {}
    for rung, (_, path) in zip((THRESHOLD, LINKAGE, EDGES, BESIDE), given, strict=True):
        maps[rung] = read_volume(path)
        require_same_shape((arguments.labels, labels), (path, maps[rung]))
    table = score_ladder(labels, maps)
    write_text(arguments.ladder, table.to_csv(index=False, float_format="%.6f"))
    for rung, (v_rand, v_info) in table.groupby("rung", sort=False)[["v_rand", "v_info"]].mean().iterrows():
        log.info("%-32s V_rand %.4f, V_info %.4f", f"{RUNGS[str(rung)]}:", v_rand, v_info)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True, help=f"truth: 0 membrane, 1 or 255 inside; {READABLE}")
    parser.add_argument("--label-slices", metavar="FIRST-LAST", help="score these slices of the labels, counted from 0")
    parser.add_argument("--probabilities", type=Path, required=True, help="of 'inside a cell', to be cut by thresholds")
    parser.add_argument("--linkage", type=Path, required=True, help="what scripts/segment.py wrote as --linkage-map")
    parser.add_argument("--edges", type=Path, required=True, help="--edges-map")
    parser.add_argument("--segmentation", type=Path, required=True, help="--map")
    parser.add_argument("--ladder", type=Path, required=True, help="CSV to write: scores of each step and slice")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
