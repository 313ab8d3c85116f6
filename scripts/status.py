"""Show where the trainings of an experiment are; `make status EXPERIMENT=NAME` calls it."""

import argparse
import time
from itertools import product
from pathlib import Path

from fusionnet.config.experiment import DEFAULT_EXPERIMENT, load
from fusionnet.errors import run
from fusionnet.workflow.status import find_replicates, table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "experiment", nargs="?", default=DEFAULT_EXPERIMENT, help="a name in config/experiments (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    experiment = parse_arguments().experiment
    config = load(experiment)
    names = list(product(config.arms, config.folds, config.seeds))
    replicates = find_replicates(names, Path("work") / experiment, Path("results") / experiment)
    print(table(replicates, time.time()))


if __name__ == "__main__":
    run(main)
