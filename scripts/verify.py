"""Run an experiment again in a copy of the project and say whether its record is met; `make verify` calls it."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fusionnet.config.experiment import DEFAULT_EXPERIMENT, load
from fusionnet.devices import available_processors
from fusionnet.errors import UserError, run
from fusionnet.files import write_json
from fusionnet.logs import start_log
from fusionnet.report.results import read_json
from fusionnet.workflow.verify import CAUSES, make_record, verdict

PROJECT = ("config", "fusionnet", "scripts", "workflow", "pyproject.toml")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "experiment", nargs="?", default=DEFAULT_EXPERIMENT, help="a name in config/experiments (default: %(default)s)"
    )
    parser.add_argument(
        "--record-file", type=Path, default=Path("repro.json"), help="the record (default: %(default)s)"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--record", action="store_true", help="write the record of the results that are here")
    how.add_argument("--existing", action="store_true", help="compare the results that are here; run nothing")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    log = start_log("verify", None)
    config = load(arguments.experiment)
    if arguments.record:
        write_json(arguments.record_file, make_record(arguments.experiment, config, Path.cwd()))
        log.info("%s: written", arguments.record_file)
        return
    if not arguments.record_file.is_file():
        raise UserError(f"{arguments.record_file}: no such record; write one with --record after a run")
    expected = read_json(arguments.record_file, ("experiment", "outputs", *CAUSES))
    if expected["experiment"] != arguments.experiment:
        raise UserError(f"{arguments.record_file} is of {expected['experiment']!r}, not of {arguments.experiment!r}")
    if arguments.existing:
        found = make_record(arguments.experiment, config, Path.cwd())
    else:
        with tempfile.TemporaryDirectory(prefix="fusionnet-verify-") as folder:
            rerun(arguments.experiment, Path(folder), expected["machine"]["threads"])
            found = make_record(arguments.experiment, config, Path(folder))
    same, report = verdict(expected, found)
    print(report)
    sys.exit(0 if same else 1)


def rerun(experiment: str, folder: Path, threads: int) -> None:
    for name in PROJECT:
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    # Sums are split among threads and their number decides the last bits: Snakemake gives a job at most its cores.
    cores = str(min(threads, available_processors()))
    command = ["snakemake", experiment, "--cores", cores, "--resources", "gpu=1"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        raise UserError(f"{' '.join(command)} failed; see its messages above")


if __name__ == "__main__":
    run(main)
