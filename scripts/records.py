"""Record results, put a commit's results in place, send them to DVC's remote or get them from there.

`make record`, `make sync`, `make push` and `make pull` call it; docs/dvc.md says when.
"""

import argparse
import sys

from fusionnet.errors import UserError, run
from fusionnet.logs import start_log
from fusionnet.workflow import records

ACTIONS = {
    "record": "after snakemake: let DVC record the results without computing them again",
    "sync": "after git checkout: put that commit's results in place and tell Snakemake that they are current",
    "pull": "after git clone or git pull: get the commit's results from DVC's remote, and sync",
    "push": "send the recorded results to DVC's remote",
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, purpose in ACTIONS.items():
        action = actions.add_parser(name, help=purpose, description=purpose)
        every = "the default experiment" if name == "record" else "every recorded experiment"
        action.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help=f"without any: {every}")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    start_log(arguments.action, None)
    try:
        done = records.run_action(arguments.action, arguments.experiments)
    except UserError as error:
        records.log.error("%s", error)
        done = False
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    run(main)
