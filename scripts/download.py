"""Obtain a dataset and write it as verified TIFF stacks; the rule `download` hands it the section of that name."""

import argparse
from pathlib import Path

import pooch

from fusionnet.config.experiment import DownloadSection
from fusionnet.config.schema import parse
from fusionnet.download.datasets import DATASETS, STACK_NAMES
from fusionnet.download.raw_stacks import prepare_dataset
from fusionnet.errors import run
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the configuration's download section (JSON)")
    parser.add_argument("--output-folder", required=True, type=Path, help="receives NAME.tif per stack and ORIGIN.json")
    parser.add_argument(
        "--cache-folder",
        type=Path,
        default=pooch.os_cache("fusionnet"),
        help="keeps fetched files (default: %(default)s)",
    )
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    section = parse(DownloadSection, arguments.config, "--config")
    files = [*(f"{name}.tif" for name in STACK_NAMES), "ORIGIN.json"]
    written = [("--output-folder", arguments.output_folder / file) for file in files]
    require_apart([("--config", path) for path in section.own_files()], [*written, *named(arguments, "log")])
    log = start_log("download", arguments.log)
    stacks = prepare_dataset(section, arguments.output_folder, arguments.cache_folder)
    dataset = DATASETS[section.dataset]
    log.info("%s: %s", dataset.name, dataset.description)
    log.info("cite: %s", dataset.citation)
    log.info("licence: %s", dataset.licence)
    for name, stack in stacks.items():
        log.info("%s.tif: %s (Z, Y, X), %s", arguments.output_folder / name, stack.shape, stack.dtype)


if __name__ == "__main__":
    run(main)
