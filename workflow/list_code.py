"""Bring the code files that dvc.yaml lists up to date with what the scripts import; `make pipelines` runs it."""

import re
import sys
from pathlib import Path

from fusionnet.files import write_text
from fusionnet.workflow.code import project_files

CODE = re.compile(r"((?: {6}- (?:fusionnet|scripts)/\S+\n)+)")


def main() -> None:
    """Rewrite each pipeline named on the command line."""
    for name in sys.argv[1:]:
        write_text(Path(name), CODE.sub(_listed, Path(name).read_text(encoding="utf-8")))


def _listed(block: re.Match[str]) -> str:
    script = re.search(r"scripts/\S+", block[0])
    return "".join(f"      - {file}\n" for file in project_files(script[0])) if script else block[0]


if __name__ == "__main__":
    main()
