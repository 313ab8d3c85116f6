"""All experiments of the workflow, what is wrong with some of them, and which of them a command line asks for."""

import re
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr
from io import StringIO
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from fusionnet.config.experiment import DEFAULT_EXPERIMENT, experiments, load
from fusionnet.config.schema import slice_range
from fusionnet.errors import UserError
from fusionnet.workflow.plan import Plan

TARGETS_OF_DEFAULT = {"all", "figures"}


def load_plans(overrides: Mapping[str, Any], own_files: bool = False) -> tuple[dict[str, Plan], dict[str, UserError]]:
    """Plan every experiment in ``config/experiments``.

    Args:
        overrides: Keys that win over every overlay (Snakemake's ``--configfile`` and ``--config``).
        own_files: Whether the person's own files that an overlay names must be there.

    Returns:
        The plans by the experiments' names; and what is wrong with the others: a faulty overlay stops its own
        experiment alone.
    """
    plans, faults = {}, {}
    for name in experiments():
        try:
            plans[name] = Plan(name, load(name, dict(overrides)))
            _require_test_stack(plans[name])
            _require_distinct_arms(plans[name])
            _require_separate_folds(plans[name])
            if own_files:
                plans[name].config.download.require_own_files()
        except UserError as error:
            plans.pop(name, None)
            faults[name] = error
    return plans, faults


def _require_test_stack(plan: Plan) -> None:
    if "test" in plan.config.folds and "test-volume" not in plan.stacks:
        raise UserError(
            f"config/experiments/{plan.name}.yaml: fold 'test' is a test stack, and "
            f"{plan.config.download.dataset!r} has none here; name slices in `folds`, such as ['25-29']"
        )
    if plan.config.report.submission and "test" not in plan.config.folds:
        raise UserError(
            f"config/experiments/{plan.name}.yaml: report.submission writes the predictions of the test stack; "
            "add 'test' to `folds`, or leave it out"
        )


def _require_distinct_arms(plan: Plan) -> None:
    """See that no two arms have one name in reports (`unet` is shown as U-Net), or one folder where case is ignored."""
    by_word: dict[str, str] = {}
    for arm in plan.config.arms:
        first = by_word.setdefault(re.sub("[-_]", "", arm).casefold(), arm)
        if first != arm:
            raise UserError(
                f"config/experiments/{plan.name}.yaml: arms {first!r} and {arm!r} look alike in reports; rename one"
            )


def _require_separate_folds(plan: Plan) -> None:
    """See that no slice is scored in two folds: the verdict takes each fold for a block of its own."""
    blocks = sorted((fold for fold in plan.config.folds if fold != "test"), key=lambda fold: slice_range(fold).start)
    for one, next_one in pairwise(blocks):
        if slice_range(next_one).start < slice_range(one).stop:
            raise UserError(
                f"config/experiments/{plan.name}.yaml: folds {one!r} and {next_one!r} both have slice "
                f"{slice_range(next_one).start}; expected each slice in one fold at most, since the verdict counts "
                "every fold as evidence of its own; change one of them"
            )


def targets_of(arguments: list[str]) -> list[str]:
    """Return the rules and files that a command line asks Snakemake for, as Snakemake itself reads it.

    Args:
        arguments: What follows ``snakemake``. Rules are read before `Workflow` knows its targets.
    """
    from snakemake.cli import parse_args  # a second to import, and only needed once something is wrong

    with redirect_stderr(StringIO()):  # Snakemake has named the profile already
        _, parsed = parse_args(arguments)
    jobs = [value for job in parsed.target_jobs for value in job.wildcards_dict.values()]
    return [*parsed.targets, *jobs]


def asked_for(targets: Iterable[str]) -> set[str]:
    """Return the experiments that targets belong to: by name, or by a folder on a file's path."""
    words = {word for target in targets for word in PurePosixPath(target).parts}
    default = {DEFAULT_EXPERIMENT} if not words or words & TARGETS_OF_DEFAULT else set()
    return words.intersection(experiments()) | default
