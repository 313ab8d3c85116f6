"""Datasets: declared in `declarations`, obtained and verified in `fetching`, written as stacks in `preparing`."""

from fusionnet.datasets.declarations import DATASETS, STACK_NAMES, Dataset
from fusionnet.datasets.preparing import prepare_dataset, stacks_of

__all__ = ["DATASETS", "STACK_NAMES", "Dataset", "prepare_dataset", "stacks_of"]
