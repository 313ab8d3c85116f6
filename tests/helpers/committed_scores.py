"""The scores of committed reports as a test compares them."""

import numpy as np
import pandas as pd
from pages import ROOT

from fusionnet.report.statistics import interval


def scores_by_arm(experiment: str, rung: str, score: str) -> pd.DataFrame:
    """Return a column for each arm and a row for each (fold, seed), of one way from probabilities to cells."""
    table = pd.read_csv(ROOT / f"results/{experiment}/report/segmentation.csv")
    return table[table["rung"] == rung].pivot(index=["fold", "seed"], columns="arm", values=score)


def interval_of(differences: pd.Series) -> tuple[float, float]:
    """Return the interval of the mean of paired differences, one for each (fold, seed)."""
    return interval({key: np.array([value]) for key, value in differences.items()})
