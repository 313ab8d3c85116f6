"""Obtain a dataset and write it as verified TIFF stacks; the rule `download` hands it the section of that name."""

import argparse
import sys
from pathlib import Path

import pooch

from fusionnet.config.experiment import DownloadSection
from fusionnet.config.schema import parse
from fusionnet.download.datasets import DATASETS
from fusionnet.download.raw_stacks import prepare_dataset
from fusionnet.errors import run
from fusionnet.files import write_text


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the configuration's download section (JSON)")
    parser.add_argument("--output-folder", required=True, type=Path, help="receives NAME.tif per stack and ORIGIN.json")
    parser.add_argument("--cache-folder", type=Path, default=pooch.os_cache("fusionnet"), help="keeps fetched files")
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    section = parse(DownloadSection, arguments.config, "--config")
    stacks = prepare_dataset(section, arguments.output_folder, arguments.cache_folder)
    dataset = DATASETS[section.dataset]
    lines = [f"{dataset.name}: {dataset.description}", f"cite: {dataset.citation}", f"licence: {dataset.licence}"]
    for name, stack in stacks.items():
        lines.append(f"{arguments.output_folder / name}.tif: {stack.shape} (Z, Y, X), {stack.dtype}")
    report = "\n".join(lines) + "\n"
    sys.stderr.write(report)
    if arguments.log:
        write_text(arguments.log, report)


if __name__ == "__main__":
    run(main)
