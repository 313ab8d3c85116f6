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
    for name, fault in _without_one_mirror(plans).items():
        del plans[name]
        faults[name] = fault
    return plans, faults


def plans_by_stacks(plans: Mapping[str, Plan]) -> dict[str, Plan]:
    """Return a plan for each folder of raw stacks, by the folder's name: that to fetch them by.

    Experiments on a published dataset share its stacks; a mirror that one of them names is all that may differ.
    """
    by_stacks: dict[str, Plan] = {}
    for plan in plans.values():
        if plan.raw_name not in by_stacks or plan.config.download.mirror:
            by_stacks[plan.raw_name] = plan
    return by_stacks


def _without_one_mirror(plans: Mapping[str, Plan]) -> dict[str, UserError]:
    """Return what is wrong with experiments whose shared stacks are to come from two places."""
    faults: dict[str, UserError] = {}
    for raw_name in {plan.raw_name for plan in plans.values()}:
        shared = {name: plan.config.download.mirror for name, plan in plans.items() if plan.raw_name == raw_name}
        named = {mirror: name for name, mirror in shared.items() if mirror}
        if len(named) > 1:
            got = " and ".join(f"{mirror!r} in {name}.yaml" for mirror, name in named.items())
            error = UserError(
                f"config/experiments: data/raw/{raw_name} is fetched once for {', '.join(shared)}, but download.mirror "
                f"is {got}; expected one folder: name the same in each, or in one alone"
            )
            faults |= dict.fromkeys(shared, error)
    return faults


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
