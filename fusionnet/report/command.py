"""The command line that the reports share."""

import argparse
import logging
from pathlib import Path

from fusionnet.config.reporting import ReportJob
from fusionnet.config.schema import parse
from fusionnet.files import named, require_apart
from fusionnet.logs import start_log

OPTIONS: dict[str, tuple[type, str]] = {
    "--raw": (Path, "holds {train,test}-{volume,labels}.tif"),
    "--predict": (str, "section 'predict' (JSON)"),
    "--report-folder": (Path, "receives tables, texts and figures"),
    "--figure": (Path, "PNG to write"),
    "--also": (Path, "files of further reports, which the page shows too"),
}
SEVERAL = ("--also",)  # none or more; the others are needed


def begin_report(
    name: str, description: str | None, *options: str
) -> tuple[argparse.Namespace, ReportJob, logging.Logger]:
    """Read a report script's command line and start its log.

    Args:
        name: The script's word, such as ``"report_bodies"``.
        description: What it does, for ``--help``.
        *options: Of `OPTIONS`, those that the report needs.

    Returns:
        The arguments, the arms, folds and seeds that are compared, and the log.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", required=True, help="arms, folds, seeds and the section 'report' (JSON)")
    parser.add_argument("--results", required=True, type=Path, help="holds ARM/FOLD/seed-SEED/ of each replicate")
    for option in options:
        kind, explanation = OPTIONS[option]
        number = {"nargs": "*", "default": []} if option in SEVERAL else {"required": True}
        parser.add_argument(option, type=kind, help=explanation, **number)
    parser.add_argument("--log", type=Path, help="also write the messages to this file")
    arguments = parser.parse_args()
    require_apart(named(arguments, "results"), named(arguments, *{"figure", "log"}.intersection(vars(arguments))))
    log = start_log(name, arguments.log)
    return arguments, parse(ReportJob, arguments.config, "--config"), log
