"""The results that DVC has a record of: recorded after Snakemake made them, put in place, sent away and taken in.

What to do is decided by exit codes, by ``dvc ... --json`` and by the table of ``snakemake --summary``, never by the
words of either tool; those are passed on to the person.
"""

import csv
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fusionnet.config.experiment import DEFAULT_EXPERIMENT
from fusionnet.errors import UserError
from fusionnet.workflow.dvc_lock import drop_stages, outputs_by_stage, outputs_of
from fusionnet.workflow.leftovers import require_none

UP_TO_DATE = "no update"  # what Snakemake's summary says of a file that it would not make again
NAMES_SHOWN = 3

log = logging.getLogger("records")


def run_action(action: str, experiments: list[str]) -> bool:
    """Do one of the things that a record is for.

    Args:
        action: ``record``, ``sync``, ``pull`` or ``push``.
        experiments: Names. Without any, ``record`` takes the default experiment, the others every recorded one, and
            those then pass over experiments whose results are nowhere to be had.

    Returns:
        Whether something was done and nothing was refused. Each experiment's outcome is logged in a line.

    Raises:
        UserError: Nothing can be done for any experiment.
    """
    if action == "record":
        outcomes = [_attempt(_record, name) for name in experiments or [DEFAULT_EXPERIMENT]]
        return all(outcomes)
    remote = "" if action == "sync" else default_remote()
    if action == "pull":
        _prepare_pull(remote)
    names = experiments or recorded_experiments()
    if not names:
        raise UserError("DVC has no record of any experiment here; make one: snakemake, then make record")
    one = _push if action == "push" else _sync
    outcomes = [_attempt(lambda name: one(name, remote, bool(experiments)), name) for name in names]
    return True in outcomes and False not in outcomes


def recorded_experiments(root: Path = Path()) -> list[str]:
    """Return the experiments that DVC has a record of, the default one first."""
    default = [DEFAULT_EXPERIMENT] if (root / "dvc.lock").is_file() else []
    return default + sorted(lock.parent.name for lock in root.glob("results/*/dvc.lock"))


def pipeline_of(experiment: str) -> Path:
    """Return the DVC pipeline of an experiment."""
    return Path("dvc.yaml") if experiment == DEFAULT_EXPERIMENT else Path("results") / experiment / "dvc.yaml"


def default_remote() -> str:
    """Return the name of DVC's remote.

    Raises:
        UserError: None is set; the message says how to.
    """
    name = _setting("core.remote")
    if not name:
        raise UserError(
            "no DVC remote is set; name one: dvc remote add --default store ADDRESS"
            " (a folder, ssh://... or s3://..., see docs/dvc.md)"
        )
    return name


def has_work(experiment: str) -> bool:
    """Return whether Snakemake would make any file of an experiment.

    Its dry run ends with exit code 0 either way; its summary is a table whose column ``plan`` tells it for each file.

    Raises:
        UserError: Snakemake cannot read the workflow, or its table is not the one that is known here.
    """
    done = _call("snakemake", "--summary", "--", experiment)
    if done.returncode:
        raise UserError(f"Snakemake cannot tell whether the results are current: {_words(done)}")
    rows = list(csv.DictReader(done.stdout.splitlines(), delimiter="\t"))
    if not rows or "plan" not in rows[0]:
        raise UserError("Snakemake's summary has no column 'plan': this release of Snakemake is not known here")
    return any(row["plan"] != UP_TO_DATE for row in rows)


def _require_whole(pipeline: Path) -> None:
    """Refuse a lock that lacks stages: DVC would take their results away, as if this commit had none.

    Raises:
        UserError: It is damaged, or lacks stages of the pipeline.
    """
    lock = pipeline.with_suffix(".lock")
    recorded = outputs_by_stage(lock)
    if lacking := _stages_of(pipeline) - set(recorded):
        raise UserError(
            f"{lock} lacks {_some(lacking)}; if it is damaged, get it from git again: git checkout {lock}; "
            "if they were never recorded: make record"
        )


def _stages_of(pipeline: Path) -> set[str]:
    """Return the names of a pipeline's stages.

    Raises:
        UserError: DVC cannot read it.
    """
    done = _call("dvc", "stage", "list", "--name-only", str(pipeline))
    if done.returncode:
        raise UserError(f"DVC cannot read {pipeline}: {_words(done)}")
    return {name.rpartition(":")[2] for name in done.stdout.split()}


def _attempt(action: Callable[[str], bool | None], experiment: str) -> bool | None:
    try:
        return action(experiment)
    except UserError as error:
        log.error("%s: %s", experiment, error)
        return False


def _record(experiment: str) -> bool:
    """Let DVC take what is there for the experiment's results, if Snakemake calls all of it current."""
    pipeline = pipeline_of(experiment)
    if not pipeline.is_file():
        raise UserError(f"{pipeline} does not exist, so DVC does not follow this experiment")
    if has_work(experiment):
        raise UserError(f"Snakemake has work to do for {experiment}; run it first: snakemake {experiment}")
    require_none(pipeline)
    done = _call("dvc", "commit", "--quiet", "--force", str(pipeline))
    if done.returncode:
        raise UserError(f"DVC did not record it: {_words(done)}")
    if gone := drop_stages(pipeline.with_suffix(".lock"), _stages_of(pipeline)):
        log.info("%s: taken out of the record, since no stage makes it any more: %s", experiment, _some(gone))
    if changed := _changed_stages(pipeline):
        raise UserError(f"DVC still sees changes in {_some(changed)}; look at: dvc status {pipeline}")
    log.info("%s: DVC has recorded the results", experiment)
    if subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=False).stdout:
        lock = pipeline.with_suffix(".lock")
        log.info("commit %s together with the configuration and code that made the results", lock)
    return True


def _sync(experiment: str, remote: str, named: bool) -> bool | None:
    """Put this commit's results in place and mark them as current for Snakemake; from a remote if one is given.

    Snakemake's own memory may stem from another commit. It is overwritten only where DVC finds everything unchanged.
    """
    pipeline = pipeline_of(experiment)
    lock = pipeline.with_suffix(".lock")
    if not lock.is_file():
        raise UserError(f"this commit has no record of it; make its results: snakemake {experiment}")
    _require_whole(pipeline)
    if remote and (done := _call("dvc", "fetch", "--quiet", str(pipeline))).returncode:
        raise UserError(f"the remote '{remote}' did not send: {_words(done)}; look at: dvc remote list")
    done = _call("dvc", "checkout", "--quiet", str(pipeline))
    if done.returncode:
        return _explain_checkout(experiment, remote, named, _words(done))
    if _changed_stages(pipeline):
        require_none(pipeline)
        raise UserError(
            "configuration or code differ from this commit's record, so nothing was marked as current; "
            f"undo the change (git stash) or take it up: dvc repro {pipeline}"
        )
    done = _call("snakemake", "--touch", "--forceall", "--cores", "1", "--quiet", "all", "--", experiment)
    if done.returncode:
        raise UserError(f"Snakemake did not mark the results as current: {_words(done)}")
    log.info("%s: the results are this commit's", experiment)
    return True


def _explain_checkout(experiment: str, remote: str, named: bool, words: str) -> bool | None:
    """Say why DVC did not put an experiment's results in place, from what is in place now.

    DVC changes nothing where a file would be lost, so that this file still differs from the record. A file that it
    cannot have is left out.
    """
    pipeline = pipeline_of(experiment)
    outputs = outputs_of(pipeline.with_suffix(".lock"))
    changes = _json_of("dvc", "data", "status", "--json")
    if outputs.intersection(changes.get("uncommitted", {}).get("modified", [])):
        raise UserError(
            "results that are not recorded would be lost; go back to the commit that made them and keep them there: "
            f"make record EXPERIMENT={experiment}, or drop them: dvc checkout --force {pipeline}"
        )
    missing = outputs.intersection(changes.get("not_in_cache", []))
    if not missing:
        raise UserError(words)
    if remote:
        reason = f"missing or damaged in the remote '{remote}': {_some(missing)}; push them again where they were made"
    else:
        reason = f"this commit's results are not here: {_some(missing)}; get them: make pull"
    log.error("%s: %s, or make them: snakemake %s", experiment, reason, experiment)
    return False if named else None


def _push(experiment: str, remote: str, named: bool) -> bool | None:
    """Send an experiment's recorded results to the remote."""
    pipeline = pipeline_of(experiment)
    lock = pipeline.with_suffix(".lock")
    if not lock.is_file():
        raise UserError(f"DVC has no record of it; make one: make record EXPERIMENT={experiment}")
    _require_whole(pipeline)
    done = _call("dvc", "push", "--quiet", str(pipeline))
    if done.returncode:
        raise UserError(f"the remote '{remote}' did not take it: {_words(done)}; look at: dvc remote list")
    not_here = outputs_of(lock).intersection(_json_of("dvc", "data", "status", "--json").get("not_in_cache", []))
    if not_here:
        log.error(
            "%s: recorded results are not here, so they were not sent; make them: snakemake %s", *[experiment] * 2
        )
        return False if named else None
    log.info("%s: what is recorded is in the remote '%s'", experiment, remote)
    if _changed_stages(pipeline):
        log.warning("%s: what is here now is not what is recorded; to send it: make record, then make push", experiment)
    if subprocess.run(["git", "diff", "--quiet", "HEAD", "--", str(lock)], check=False).returncode:
        log.warning("%s: commit %s, which tells a clone what to ask the remote for", experiment, lock)
    return True


def _prepare_pull(remote: str) -> None:
    address = _setting(f"remote.{remote}.url")
    if address.startswith("/") and not Path(address).is_dir():
        raise UserError(f"no folder {address} (the remote '{remote}'); is its disk mounted?")
    # Else DVC takes whatever the remote sends for what was asked, and calls a damaged file up to date.
    if _setting(f"remote.{remote}.verify") != "true":
        _call("dvc", "remote", "modify", "--local", remote, "verify", "true").check_returncode()


def _changed_stages(pipeline: Path) -> set[str]:
    return set(_json_of("dvc", "status", "--json", str(pipeline)))


def _setting(key: str) -> str:
    """Return a setting of DVC, or an empty string; it has no other answer for one that is not set than an error."""
    done = _call("dvc", "config", key)
    return done.stdout.strip() if done.returncode == 0 else ""


def _json_of(*command: str) -> dict[str, Any]:
    done = _call(*command)
    if done.returncode:
        raise UserError(f"`{' '.join(command)}` failed: {_words(done)}")
    return json.loads(done.stdout)


def _call(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", tool, *arguments], capture_output=True, text=True, check=False)


def _words(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last lines of a tool's messages, on one."""
    lines = [line.strip().removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.strip()]
    return " ".join(lines[-3:]) or "it gave no reason; `dvc status` may"  # as for a pipeline that is no YAML


def _some(names: Iterable[str]) -> str:
    names = sorted(names)
    return " ".join(names[:NAMES_SHOWN]) + (" ..." if len(names) > NAMES_SHOWN else "")
