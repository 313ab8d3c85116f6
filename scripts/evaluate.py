"""Score a probability stack as the ISBI-2012 challenge did, or a volume of segments (see docs/evaluate.md)."""

import argparse
import logging
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fusionnet.errors import UserError, run
from fusionnet.evaluate.checks import ScoreWarning
from fusionnet.evaluate.error_maps import write_overlay
from fusionnet.evaluate.instances import score_volume
from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.metrics import metrics_of, origin_of, read_truth, slice_table, warping_metrics
from fusionnet.evaluate.warping import warping_errors
from fusionnet.files import named, require_apart, write_json, write_text
from fusionnet.logs import start_log
from fusionnet.volumes.stacks import require_same_shape
from fusionnet.volumes.volume import READABLE, read_volume

LOG = logging.getLogger("fusionnet")


def main() -> None:
    arguments = parse_arguments()
    require_apart(
        named(arguments, "labels", "probabilities", "segments"), named(arguments, "metrics", "slices", "overlay", "log")
    )
    start_log("evaluate", arguments.log)
    if arguments.segments and not arguments.instances:
        raise UserError("--segments are scored against instance numbers; add --instances and give such labels")
    if arguments.segments and (arguments.slices or arguments.overlay or arguments.warping):
        raise UserError("--slices, --overlay and --warping belong to thresholds; give --probabilities for them")
    labels = read_truth(arguments.labels, arguments.instances, arguments.label_slices)
    path = arguments.probabilities or arguments.segments
    proposal = read_volume(path)
    require_same_shape((arguments.labels, labels), (path, proposal))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ScoreWarning)
        if arguments.probabilities:
            metrics = score_probabilities(labels, proposal, arguments)
        else:
            metrics = score_segments(labels, proposal, arguments)
    notes = list(dict.fromkeys(str(each.message) for each in caught if each.category is ScoreWarning))
    for note in notes:
        LOG.warning("warning: %s", note)
    provenance = {
        "labels": origin_of(arguments.labels),
        "label_slices": arguments.label_slices,
        "instances": arguments.instances,
        "probabilities" if arguments.probabilities else "segments": origin_of(path),
    }
    write_json(arguments.metrics, metrics | {"warnings": notes, "provenance": provenance})


def score_probabilities(labels: np.ndarray, probabilities: np.ndarray, arguments: argparse.Namespace) -> dict:
    result = score_stack(labels, probabilities, instances=arguments.instances)
    metrics = metrics_of(result)
    if arguments.warping:
        errors = warping_errors(labels, probabilities)
        metrics |= warping_metrics(errors, result.thresholds)
    if arguments.overlay:
        write_overlay(arguments.overlay, labels, probabilities, result)
    if arguments.slices:
        write_text(arguments.slices, slice_table(result).to_csv(index=False))
    LOG.info(
        "V_rand %.6f at threshold %.1f, V_info %.6f at %.1f, pixel error %.6f, %d slices",
        *(result.v_rand, result.v_rand_threshold, result.v_info, result.v_info_threshold),
        *(result.pixel_error, len(labels)),
    )
    return metrics


def score_segments(labels: np.ndarray, segments: np.ndarray, arguments: argparse.Namespace) -> dict:
    result = score_volume(labels, segments, zero=arguments.zero)
    LOG.info("adapted Rand error %.6f, variation of information %.6f bits", result.adapted_rand_error, result.voi)
    return asdict(result) | {"zero": arguments.zero}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True, help=f"truth: 0 membrane, 1 or 255 inside; {READABLE}")
    parser.add_argument("--label-slices", metavar="FIRST-LAST", help="score these slices of the labels, counted from 0")
    parser.add_argument("--instances", action="store_true", help="the labels are instance numbers, 0 unlabelled")
    proposal = parser.add_mutually_exclusive_group(required=True)
    proposal.add_argument("--probabilities", type=Path, help=f"0..1 or 8 bits, 1 inside a cell; {READABLE}")
    proposal.add_argument("--segments", type=Path, help=f"segment numbers, scored in 3-D; {READABLE}")
    parser.add_argument(
        "--zero",
        choices=["segment", "voxels"],
        default="segment",
        help="what 0 is in --segments (default: %(default)s)",
    )
    parser.add_argument("--metrics", type=Path, required=True, help="JSON to write")
    parser.add_argument("--slices", type=Path, help="CSV to write: every score per slice and threshold")
    parser.add_argument("--overlay", type=Path, help="figure to write: merges and splits marked")
    parser.add_argument("--warping", action="store_true", help="add the warping error (takes a few times as long)")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
