"""Made-up results that all figures are drawn from."""

import numpy as np
import pytest
from fake_results import cell_labels, write_results

from fusionnet.report.results import Replicate, ScoredSlices, read_replicates, read_scored_slices


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Replicate], ScoredSlices]:
    folder = tmp_path_factory.mktemp("figures")
    labels = cell_labels(5, 96, np.random.default_rng(0), cells=10)
    job = write_results(folder / "demo", folder / "raw", labels, {"fusionnet": 2, "unet": 9, "mine": 5}, ("0-1", "3-4"))
    return read_replicates(job, folder / "demo"), read_scored_slices("0-1", folder / "raw")
