"""Run an experiment again in a copy of the project and say whether its record is met; `make verify` calls it."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from fusionnet.arithmetic import ATEN, ONEDNN, available_processors
from fusionnet.config.experiment import DEFAULT_EXPERIMENT, EXPERIMENTS, OWN_STACKS, DownloadSection, load
from fusionnet.config.reading import merge, read_yaml
from fusionnet.download.fetch import MIRROR_VARIABLE, mirror_folder
from fusionnet.errors import UserError, run
from fusionnet.files import FORMAT, file_of, write_json
from fusionnet.logs import start_log
from fusionnet.volumes.places import is_address
from fusionnet.workflow.plan import Plan
from fusionnet.workflow.plans import load_plans
from fusionnet.workflow.repro_record import read_record
from fusionnet.workflow.verify import make_record, only, paths_recorded, verdict

PROJECT = ("config", "fusionnet", "scripts", "workflow", "pyproject.toml")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "experiment", nargs="?", default=DEFAULT_EXPERIMENT, help="a name in config/experiments (default: %(default)s)"
    )
    parser.add_argument("--replicate", metavar="ARM/FOLD/seed-N", help="run and compare this one alone")
    parser.add_argument(
        "--record-file", type=Path, help="the record (default: repro.json, or results/EXPERIMENT/repro.json of others)"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--record", action="store_true", help="write the record of the results that are here")
    how.add_argument("--existing", action="store_true", help="compare the results that are here; run nothing")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    log = start_log("verify", None)
    if arguments.record and arguments.replicate:
        raise UserError("--record writes the record of a whole experiment; leave --replicate out")
    config = load(arguments.experiment)
    file = arguments.record_file or default_record(arguments.experiment)
    if arguments.record:
        write_json(file, make_record(arguments.experiment, config, Path.cwd()))
        log.info("%s: written", file)
        return
    expected = read_record(file, arguments.experiment)
    if arguments.replicate:
        expected = only(expected, arguments.replicate)
    if arguments.existing:
        found = make_record(arguments.experiment, config, Path.cwd(), arguments.replicate)
    else:
        with tempfile.TemporaryDirectory(prefix="fusionnet-verify-") as folder:
            plan = Plan(arguments.experiment, config)
            targets = paths_recorded(plan, arguments.replicate) if arguments.replicate else [arguments.experiment]
            copy_project(Path(folder))
            rerun(targets, Path(folder), expected["machine"])
            found = make_record(arguments.experiment, config, Path(folder), arguments.replicate)
    same, report = verdict(expected, found)
    print(report)
    sys.exit(0 if same else 1)


def default_record(experiment: str) -> Path:
    return Path("repro.json") if experiment == DEFAULT_EXPERIMENT else Path("results") / experiment / "repro.json"


def copy_project(folder: Path) -> None:
    """Copy code and configuration; in the copy, files outside of it have absolute paths."""
    for name in PROJECT:
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for name, plan in load_plans({})[0].items():  # of all: a mirror of shared stacks may be another experiment's
        if paths := absolute_paths(plan.config.download):
            overlay = EXPERIMENTS / f"{name}.yaml"
            write_json(folder / overlay, merge(read_yaml(overlay), {"download": paths}))  # JSON is YAML


def absolute_paths(section: DownloadSection) -> dict[str, str]:
    """Return the keys of a section that name relative paths, with absolute ones: ``FORMAT://`` and ``:key`` stay."""
    paths = {}
    for key in ("mirror", *OWN_STACKS):
        path = getattr(section, key)
        if path and not is_address(path) and not path.startswith("~") and not file_of(path).is_absolute():
            prefix = found[0] if (found := FORMAT.match(path)) else ""
            paths[key] = f"{prefix}{Path.cwd()}/{path.removeprefix(prefix)}"
    return paths


def rerun(targets: list[str], folder: Path, machine: dict[str, Any]) -> None:
    # Sums are split among threads and their number decides the last bits: Snakemake gives a native job its cores.
    cores = available_processors() if machine["kind"] == "portable" else min(machine["threads"], available_processors())
    command = ["snakemake", *targets, "--cores", str(cores), "--resources", "gpu=1"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    if mirror := mirror_folder(None):
        environment |= {MIRROR_VARIABLE: str(mirror.absolute())}
    if machine["kind"] == "native" and machine.get("onednn"):
        environment |= {ATEN: machine["aten"].lower(), ONEDNN: machine["onednn"]}  # the limits of the recorded run
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        raise UserError(f"{' '.join(command)} failed; see its messages above")


if __name__ == "__main__":
    run(main)
