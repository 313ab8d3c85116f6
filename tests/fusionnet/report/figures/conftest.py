"""Made-up results that all figures are drawn from."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from fake_results import cell_labels, write_results

from fusionnet.models.cost import Cost
from fusionnet.report.comparison import comparison_table
from fusionnet.report.results import Replicate, ScoredSlices, baseline_metrics, read_replicates, read_scored_slices


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Replicate], ScoredSlices]:
    folder = tmp_path_factory.mktemp("figures")
    labels = cell_labels(5, 96, np.random.default_rng(0), cells=10)
    job = write_results(folder / "demo", folder / "raw", labels, {"fusionnet": 2, "unet": 9, "mine": 5}, ("0-1", "3-4"))
    return read_replicates(job, folder / "demo"), read_scored_slices("0-1", folder / "raw")


@pytest.fixture
def table_of(results: tuple) -> Callable[..., pd.DataFrame]:
    """A function that returns the comparison table, with other numbers of the classical baseline if given."""
    replicates, scored = results
    costs = {arm: Cost(1000, flops * 10**9) for arm, flops in (("fusionnet", 100), ("unet", 20), ("mine", 50))}
    return lambda **numbers: comparison_table(replicates, costs, {"0-1": baseline_metrics(scored, 2.0) | numbers})
