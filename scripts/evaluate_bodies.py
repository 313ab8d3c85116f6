"""Score nuclei or other bodies: Dice, IoU and instances, and a table of the size and shape of every section."""

import argparse
from pathlib import Path

import pandas as pd

from fusionnet.config.schema import slice_range
from fusionnet.errors import run
from fusionnet.evaluate.metrics import origin_of, read_truth
from fusionnet.evaluate.morphology import THRESHOLD, found_bodies, measure_sections, score_bodies, true_bodies
from fusionnet.files import named, require_apart, write_json, write_text
from fusionnet.logs import start_log
from fusionnet.volumes.stacks import require_same_shape
from fusionnet.volumes.volume import READABLE, read_volume


def main() -> None:
    arguments = parse_arguments()
    require_apart(named(arguments, "labels", "probabilities"), named(arguments, "metrics", "bodies", "log"))
    log = start_log("evaluate_bodies", arguments.log)
    labels = read_truth(arguments.labels, instances=True, slices=arguments.label_slices)
    probabilities = read_volume(arguments.probabilities)
    require_same_shape((arguments.labels, labels), (arguments.probabilities, probabilities))
    origins = {"labels": origin_of(arguments.labels), "probabilities": origin_of(arguments.probabilities)}
    first = slice_range(arguments.label_slices).start if arguments.label_slices else 0
    begins = origins["labels"]["made_by"].get("breaks", [])
    breaks = [begin - first for begin in begins if 0 < begin - first < len(labels)]
    bodies = {"truth": true_bodies(labels, breaks), "found": found_bodies(probabilities, breaks)}
    scores = score_bodies(**bodies)
    sections = pd.concat({name: measure_sections(numbers) for name, numbers in bodies.items()}, names=["of"])
    provenance = origins | {"label_slices": arguments.label_slices}
    table = sections.reset_index("of").to_csv(index=False, float_format="%.6g")
    write_text(arguments.bodies, table)
    write_json(arguments.metrics, scores | {"threshold": THRESHOLD, "provenance": provenance})
    log.info(
        "Dice %.6f, IoU %.6f, V_rand %.6f, V_info %.6f; %d bodies in the truth, %d found, %d matched",
        *(
            scores[name]
            for name in ("dice", "iou", "v_rand", "v_info", "bodies_true", "bodies_found", "bodies_matched")
        ),
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--labels", type=Path, required=True, help=f"truth: body numbers, or a mask, 0 outside; {READABLE}"
    )
    parser.add_argument("--label-slices", metavar="FIRST-LAST", help="score these slices of the labels, counted from 0")
    parser.add_argument(
        "--probabilities", type=Path, required=True, help=f"0..1 or 8 bits, 1 inside a body; {READABLE}"
    )
    parser.add_argument("--metrics", type=Path, required=True, help="JSON to write: scores")
    parser.add_argument("--bodies", type=Path, required=True, help="CSV to write: size and shape of every section")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
