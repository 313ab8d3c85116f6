"""Write a challenge's submission: the mean over an arm's trainings as one TIFF; with the truth, score it and say so."""

import argparse
from pathlib import Path

from fusionnet.errors import run
from fusionnet.evaluate.submission import enter, ledger_row, mean_probabilities
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log
from fusionnet.provenance import provenance
from fusionnet.volumes.stacks import require_same_shape, write_volume
from fusionnet.volumes.volume import read_labels


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arm", required=True, help="the arm's name, for the ledger")
    parser.add_argument("--probabilities", required=True, nargs="+", type=Path, help="one stack for each training")
    parser.add_argument("--submission", required=True, type=Path, help="TIFF to write: float32, 1 inside a cell")
    parser.add_argument("--labels", type=Path, help="the test stack's truth, if it is at hand")
    parser.add_argument("--ledger", type=Path, help="CSV that gets a line for each submission that was scored")
    parser.add_argument("--log", type=Path, help="log file to write")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart(named(arguments, "labels", "probabilities"), named(arguments, "submission", "ledger", "log"))
    log = start_log("submit", arguments.log)
    paths = arguments.probabilities
    mean = mean_probabilities(paths)
    row = None
    if arguments.labels:
        labels = read_labels(arguments.labels)
        require_same_shape((arguments.labels, labels), (paths[0], mean))
        row = ledger_row(arguments.arm, paths, mean, labels)
    inputs = {f"probabilities {number}": path for number, path in enumerate(paths)}
    write_volume(arguments.submission, mean, provenance("submit", {"arm": arguments.arm}, inputs))
    log.info("%s: mean of %d, %s (Z, Y, X), float32, 1 inside a cell", arguments.submission, len(paths), mean.shape)
    if row is None:
        log.info("no truth at hand, so no score and no line in the ledger")
        return
    log.info("V_rand %.4f, V_info %.4f", row["v_rand"], row["v_info"])
    if arguments.ledger:
        new = enter(arguments.ledger, row)
        log.info("%s: %s", arguments.ledger, "a new line" if new else "this submission is in it already")


if __name__ == "__main__":
    run(main)
