"""Score a probability stack against a label stack as the ISBI-2012 challenge did (see docs/scores.md)."""

import argparse
import logging
import re
import warnings
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError, run
from fusionnet.files import write_json, write_text
from fusionnet.scores import ScoreWarning, as_labels, metrics_of, origin_of, score_stack, slice_table, write_overlay
from fusionnet.volumes import read_labels, read_volume, require_same_shape

LOG = logging.getLogger("evaluate")


def main() -> None:
    arguments = parse_arguments()
    handlers = [logging.StreamHandler()]
    if arguments.log:
        arguments.log.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(arguments.log, mode="w"))
    logging.basicConfig(format="evaluate: %(message)s", handlers=handlers, force=True)
    LOG.setLevel(logging.INFO)
    labels = read_truth(arguments.labels, arguments.instances, arguments.label_slices)
    probabilities = read_volume(arguments.probabilities)
    require_same_shape((arguments.labels, labels), (arguments.probabilities, probabilities))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ScoreWarning)
        scores = score_stack(labels, probabilities, instances=arguments.instances)
    notes = [str(warning.message) for warning in caught if issubclass(warning.category, ScoreWarning)]
    for note in notes:
        LOG.warning("warning: %s", note)
    provenance = {
        "labels": origin_of(arguments.labels),
        "label_slices": arguments.label_slices,
        "instances": arguments.instances,
        "probabilities": origin_of(arguments.probabilities),
    }
    if arguments.overlay:
        write_overlay(arguments.overlay, labels, probabilities, scores)
    if arguments.slices:
        write_text(arguments.slices, slice_table(scores).to_csv(index=False))
    write_json(arguments.metrics, metrics_of(scores) | {"warnings": notes, "provenance": provenance})
    LOG.info(
        "V_rand %.6f at threshold %.1f, V_info %.6f at %.1f, pixel error %.6f, %d slices",
        *(scores.v_rand, scores.v_rand_threshold, scores.v_info, scores.v_info_threshold),
        *(scores.pixel_error, len(labels)),
    )


def read_truth(path: Path, instances: bool, slices: str | None) -> np.ndarray:
    """Read membranes or instance numbers, and cut out the slices ``A-B`` (inclusive, from 0) that were predicted."""
    labels = as_labels(read_volume(path), str(path)) if instances else read_labels(path)
    if slices is None:
        return labels
    written = re.fullmatch(r"(\d+)(?:-(\d+))?", slices)
    first, last = (int(written[1]), int(written[2] or written[1])) if written else (1, 0)
    if not first <= last < len(labels):
        raise UserError(
            f"--label-slices {slices}: expected A-B with 0 <= A <= B <= {len(labels) - 1}, the slices of {path}"
        )
    return labels[first : last + 1]


def parse_arguments() -> argparse.Namespace:
    stack = "TIFF stack, folder of PNG slices, OME-Zarr or file.h5:key"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True, help=f"truth: 0 membrane, 1 or 255 inside; {stack}")
    parser.add_argument("--label-slices", metavar="A-B", help="score these slices of the labels (from 0, inclusive)")
    parser.add_argument("--instances", action="store_true", help="the labels are instance numbers, 0 unlabelled")
    parser.add_argument("--probabilities", type=Path, required=True, help=f"0..1 or 8 bits, 1 inside; {stack}")
    parser.add_argument("--metrics", type=Path, required=True, help="JSON to write")
    parser.add_argument("--slices", type=Path, help="CSV to write: every score per slice and threshold")
    parser.add_argument("--overlay", type=Path, help="figure to write: merges and splits marked")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
