"""DVC's lock file: which outputs a commit has a record of."""

import re
from pathlib import Path

import yaml

from fusionnet.errors import UserError
from fusionnet.files import whole_or_absent

MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


def outputs_of(lock: Path) -> set[str]:
    """Return the outputs of all stages together; it raises what `outputs_by_stage` does."""
    return {out for outs in outputs_by_stage(lock).values() for out in outs}


def outputs_by_stage(lock: Path) -> dict[str, list[str]]:
    """Return the outputs of each stage that a DVC lock file records, as paths from the project's root.

    Raises:
        UserError: It is damaged; so is a hash that is cut off, which DVC would take for that of another file.
    """
    try:
        stages = yaml.load(lock.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader).get("stages", {})
        outs = {name: stage.get("outs", []) for name, stage in stages.items()}
        if cut := [out["path"] for each in outs.values() for out in each if not MD5.fullmatch(str(out["md5"]))]:
            raise ValueError(f"{cut[0]} has no whole MD5")
        return {name: [str(out["path"]) for out in each] for name, each in outs.items()}
    except (yaml.YAMLError, ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        what = " ".join(str(error).split())
        raise UserError(f"{lock}: damaged ({what}); get it from git again: git checkout {lock}") from error


def drop_stages(lock: Path, kept: set[str]) -> list[str]:
    """Take out of a DVC lock file what it has of stages that the pipeline no longer has; DVC leaves them in it.

    Args:
        lock: A sound lock file.
        kept: The names of the pipeline's stages.

    Returns:
        The names of those that were taken out, ascending.
    """
    from dvc.utils.serialize import dump_yaml, load_yaml  # a second to import

    gone = sorted(set(outputs_by_stage(lock)) - kept)
    if gone:
        recorded = load_yaml(str(lock))
        for name in gone:
            del recorded["stages"][name]
        with whole_or_absent(lock) as temporary:
            dump_yaml(str(temporary), recorded)
    return gone
