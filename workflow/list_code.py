"""Bring the code that dvc.yaml lists up to date with what the scripts import; `make pipelines` runs it."""

import re
import sys
import textwrap
from pathlib import Path

from fusionnet.files import write_text
from fusionnet.workflow.code import code_of

DEPENDENCIES = re.compile(r"^    deps: \[([^\]]*)\]", flags=re.M)
WIDTH = 150
IS_CODE = re.compile(r"(fusionnet|scripts)/")


def main() -> None:
    """Rewrite each pipeline named on the command line."""
    for name in sys.argv[1:]:
        write_text(Path(name), DEPENDENCIES.sub(_listed, Path(name).read_text(encoding="utf-8")))


def _listed(found: re.Match[str]) -> str:
    """Return a stage's dependencies: the code of its script, folders first, then the data as it was listed."""
    dependencies = [item for item in re.split(r"[,\s]+", found[1]) if item]
    (script,) = (item for item in dependencies if item.startswith("scripts/"))
    code = sorted(code_of(script), key=lambda path: (Path(path).is_file(), path))
    data = [item for item in dependencies if not IS_CODE.match(item)]
    wrapped = textwrap.fill(", ".join([*code, *data]), WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"    deps: [\n{textwrap.indent(wrapped, ' ' * 6)}]"


if __name__ == "__main__":
    main()
