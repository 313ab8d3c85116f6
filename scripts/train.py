"""Train one network of an experiment; killed at any moment, the same command goes on and ends in the same bytes."""

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from fusionnet.config.schema import parse
from fusionnet.config.stages import TrainingJob
from fusionnet.devices import set_up
from fusionnet.errors import run
from fusionnet.files import named, require_apart, whole_or_absent, write_json
from fusionnet.logs import start_log
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.provenance import fingerprint, provenance
from fusionnet.train.folds import read_stacks
from fusionnet.train.loop import StoppedError, Training, train
from fusionnet.train.progress import HEARTBEAT, Progress
from fusionnet.train.states import StateFolder, StopRequest
from fusionnet.volumes.stacks import grey_window_of


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="arm, fold, seed and configuration sections (JSON)")
    parser.add_argument("--volume", required=True, type=Path, help="the augment stage's grey values")
    parser.add_argument("--labels", required=True, type=Path, help="the augment stage's labels")
    parser.add_argument("--checkpoint", required=True, type=Path, help="receives the trained network (.pt)")
    parser.add_argument("--history", required=True, type=Path, help="receives one row an epoch (.csv)")
    parser.add_argument("--work-folder", required=True, type=Path, help="keeps states to go on from")
    parser.add_argument("--timing", type=Path, help="receives seconds, rate, device and memory (.json)")
    parser.add_argument("--log", type=Path, help="also write the messages to this file")
    parser.add_argument("--save-every-seconds", type=float, default=30.0, help="between states (default: %(default)s)")
    parser.add_argument(
        "--loader-workers",
        type=int,
        choices=range(65),
        metavar="N",
        help="processes that draw samples (default: none on a CPU, up to 4 on CUDA); no result depends on it",
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart(named(arguments, "volume", "labels"), named(arguments, "checkpoint", "history", "timing", "log"))
    log = start_log("train", arguments.log, append=True)  # a resumed training goes on in the same log
    job = parse(TrainingJob, arguments.config)
    progress = Progress((job.arm, job.fold, job.seed), job.train.steps, arguments.work_folder / HEARTBEAT)
    with progress.until_the_end():
        machine = set_up(job.train.device, job.train.precision, job.train.arithmetic, job.train.threads)
        log.info("training %s, fold %s, seed %d on %s", job.arm, job.fold, job.seed, machine.name)
        stacks = read_stacks(arguments.volume, arguments.labels, job)
        made_from = provenance("train", job.model_dump(), {"volume": arguments.volume, "labels": arguments.labels})
        made_from |= grey_window_of(arguments.volume)
        training = Training.begin(job, machine)
        states = StateFolder(arguments.work_folder, fingerprint(made_from))
        with states.alone():
            stop = StopRequest()
            try:
                pace = arguments.save_every_seconds, arguments.loader_workers
                train(training, stacks, states, progress, stop.asked, *pace)
            except StoppedError as stopped:
                log.info(str(stopped))
                sys.exit(128 + stop.signal)
        write_outputs(arguments, training, made_from)


def write_outputs(arguments: argparse.Namespace, training: Training, made_from: dict[str, Any]) -> None:
    with whole_or_absent(arguments.history) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, training.history[0], lineterminator="\n")
        table.writeheader()
        table.writerows(training.history)
    if arguments.timing:
        write_json(arguments.timing, training.timing())
    save_checkpoint(arguments.checkpoint, training.average.network, training.job, made_from)


if __name__ == "__main__":
    run(main)
