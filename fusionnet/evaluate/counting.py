"""What the challenge's scores are computed from: the counts of each slice at each threshold."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fusionnet.evaluate.kernels import count_slice, framed, number_components
from fusionnet.evaluate.overlaps import sort_by_cell


def challenge_thresholds() -> tuple[float, ...]:
    """Return the challenge's eleven thresholds: 0.1 added up in double while the sum is at most 1.

    The fourth is 0.30000000000000004 and the last 0.9999999999999999, so pixels of exactly 1 survive it.
    """
    thresholds, threshold = [], 0.0
    while threshold <= 1:
        thresholds.append(threshold)
        threshold += 0.1
    return tuple(thresholds)


THRESHOLDS = challenge_thresholds()


def count_stack(
    truth: np.ndarray, proposal: np.ndarray, thresholds: tuple[float, ...] = THRESHOLDS, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segment a stack at each threshold and count its overlap with the truth, slice by slice; nothing is checked here.

    Args:
        truth: (Z, Y, X), booleans, true inside a cell, or instance numbers, 0 unlabelled.
        proposal: float32, (Z, Y, X), 1 = inside.
        thresholds: Those to try.
        threads: Worker threads over slices; as many as `ThreadPoolExecutor` likes by default.

    Returns:
        int64 counts, (Z, T, 6), as `fusionnet.evaluate.kernels.count_slice` gives them, and the seven sums of
        `fusionnet.evaluate.overlaps.Overlap`, thinned and not, (Z, T, 7).
    """
    levels = np.asarray(thresholds, dtype=float)
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(_count_slice, truth, proposal, [levels] * len(truth)))
    counts, thinned, unthinned = (np.stack(part) for part in zip(*results, strict=True))
    return counts, thinned, unthinned


def _count_slice(truth: np.ndarray, proposal: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, ...]:
    values = framed(truth.view(np.uint8) if truth.dtype == bool else truth)
    cells = np.empty(values.size, np.int32)
    number_components(values, truth.shape[0] + 2, cells, np.empty(values.size, np.int32))
    pixels, starts = sort_by_cell(cells)
    return count_slice(framed(proposal), truth.shape[0] + 2, pixels, starts, thresholds)
