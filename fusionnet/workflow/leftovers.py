"""What lies among an experiment's results and belongs to none of them, such as those of a seed that was taken back.

A report depends on the folder of all replicates, and DVC hashes a folder with whatever is in it. A clone gets only what
stages make, so there it would look changed.
"""

from pathlib import Path

from fusionnet.errors import UserError


def leftovers(pipeline: Path) -> list[str]:
    """Return what no stage makes in the folders that stages both fill and read whole.

    Args:
        pipeline: The experiment's ``dvc.yaml``.

    Returns:
        Paths from the current folder, ascending: a folder where nothing in it is any stage's, else the file.

    Raises:
        UserError: DVC cannot read the pipeline.
    """
    from dvc.exceptions import DvcException  # a second to import
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            stages = repo.stage.load_all(str(pipeline))
            made = {Path(out.fs_path) for stage in stages for out in stage.outs}
            filled = {folder for out in made for folder in out.parents}
            read = {Path(dep.fs_path) for stage in stages for dep in stage.deps} & filled
            found = {Path(file) for folder in read for file in repo.dvcignore.find(repo.fs, str(folder))}
            root = Path(repo.root_dir)
    except DvcException as error:
        raise UserError(f"DVC cannot read {pipeline}: {' '.join(str(error).split())}") from error
    return sorted({_topmost(file, filled).relative_to(root).as_posix() for file in found - made})


def require_none(pipeline: Path) -> None:
    """Refuse results among which something lies that a clone could not have.

    Raises:
        UserError: It names them.
    """
    if left := leftovers(pipeline):
        raise UserError(
            f"no stage of {pipeline} makes {' '.join(left)}, yet DVC hashes them with the results, and no clone "
            "could have them; expected there what stages make: remove these, move them elsewhere, or add their stage"
        )


def _topmost(file: Path, filled: set[Path]) -> Path:
    """Return the largest folder around a file in which no stage makes anything, or the file."""
    return next(path for path in (file, *file.parents) if path.parent in filled)
