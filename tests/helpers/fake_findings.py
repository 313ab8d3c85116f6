"""An experiment that nobody trained, as its page is given it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fake_results import cell_labels, write_results

from fusionnet.models.cost import network_cost
from fusionnet.report.comparison import compare, comparison_table, pairs_of
from fusionnet.report.page.material import Findings
from fusionnet.report.proofreading import guides_of
from fusionnet.report.results import (
    baseline_metrics,
    one_of_each,
    raw_files,
    read_networks,
    read_replicates,
    read_scored_slices,
)
from fusionnet.style import display_names


def fake_findings(
    folder: Path,
    errors: dict[str, int],
    folds: Sequence[str] = ("0-1", "2-3"),
    seeds: Sequence[int] = (0, 1),
    side: int = 96,
    cells: int = 12,
) -> Findings:
    """Write results and return what a report finds in them.

    Args:
        folder: Receives ``fake/replicates`` and ``raw``.
        errors: For each arm, the errors that are put into a slice.
        folds: Scored slices.
        seeds: One replicate for each.
        side: Width and height of a slice, in pixels.
        cells: Of a slice.
    """
    last = max(int(fold.split("-")[1]) for fold in folds)
    labels = cell_labels(last + 1, side, np.random.default_rng(0), cells)
    job = write_results(folder / "fake/replicates", folder / "raw", labels, errors, folds, seeds)
    replicates = read_replicates(job, folder / "fake/replicates")
    scored = {fold: read_scored_slices(fold, folder / "raw") for fold in folds}
    baselines = {fold: baseline_metrics(part, 2.0) for fold, part in scored.items()}
    networks = read_networks(job, folder / "fake/replicates")
    costs = {arm: network_cost(network) for arm, network in networks.items()}
    one_fold = one_of_each(replicates)
    return Findings(
        experiment="fake",
        job=job,
        replicates=replicates,
        scored=scored,
        baselines=baselines,
        networks=networks,
        effects=compare(replicates, pairs_of(networks)),
        table=comparison_table(replicates, costs, baselines),
        guides=guides_of(one_fold, scored[one_fold[0].fold].labels),
        names=display_names(job.arms),
        texts=("comparison.csv", "summary.json"),
        stacks=raw_files(folds, folder / "raw"),
    )
