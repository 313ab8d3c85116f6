"""Warping error: what stays wrong after the truth was bent towards the proposal without changing its topology.

Jain et al. 2010, "Boundary learning by optimization with topological constraints", CVPR, doi
10.1109/CVPR.2010.5539950; the order of relaxation is that of the ISBI-2012 challenge's program.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from fusionnet.arithmetic import cached_njit
from fusionnet.evaluate.checks import as_labels, as_probabilities, warn_of_swapped_polarity
from fusionnet.evaluate.counting import THRESHOLDS
from fusionnet.evaluate.kernels import framed
from fusionnet.evaluate.thinning import unframed
from fusionnet.volumes.stacks import require_same_shape


def warping_errors(
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    thresholds: tuple[float, ...] = THRESHOLDS,
    threads: int | None = None,
) -> np.ndarray:
    """Return the warping error of every slice at every threshold.

    The truth's mask is warped towards the binarised proposal: pixels where the two differ are flipped one by
    one, as long as a flip changes no topology (a *simple* pixel: cells 4-connected, background 8-connected).
    The error is the share of pixels that still differ when nothing more can be flipped. So a boundary that is
    displaced by less than its thickness costs nothing. Of a merger there remains the wall, one pixel thick, that
    parts the cells: the width of the gap in the membrane. Of a split there remains the thread that holds the
    cell together: the thickness of the membrane across it. A cell or hole that the proposal lacks costs one
    pixel, but one that it adds costs its whole area, for nothing can grow where there was nothing.

    Its limits: a merger of two big cells costs no more than one of two specks; the numbers are tiny and count
    pixels, not errors; a boundary displaced by more than its thickness is an error like a split beside a merger;
    and the result depends on the order of flips, since a warp that is stuck need not be the best one. The
    challenge came to rank by V_rand and V_info instead.

    The order, pass after pass until one flips nothing: pixels whose probability is furthest from the threshold
    first (differences taken in double, compared as float32), equal ones in column-major order.

    Args:
        labels: (Z, Y, X), > 0 inside a cell.
        probabilities: (Z, Y, X), floats in 0..1 or uint8 (scaled by 1/255); 1 = inside a cell.
        thresholds: Those to try; the challenge reported the smallest mean over slices among its eleven.
        threads: Worker threads over slices; as many as `ThreadPoolExecutor` likes by default.

    Returns:
        float64 array (Z, T), shares of a slice's pixels: ``.mean(axis=0).min()`` is the challenge's number.

    Raises:
        UserError: As for `fusionnet.evaluate.isbi.score_stack`.
    """
    truth = as_labels(labels) > 0
    proposal = as_probabilities(probabilities)
    require_same_shape(("labels", truth), ("probabilities", proposal))
    warn_of_swapped_polarity(truth, proposal)
    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(partial(_slice_errors, thresholds=thresholds), truth, proposal)))


def _slice_errors(truth: np.ndarray, proposal: np.ndarray, thresholds: tuple[float, ...]) -> list[float]:
    warped = (warp(truth, proposal, threshold) for threshold in thresholds)
    return [
        float(np.mean(mask != (proposal > np.float64(threshold))))
        for mask, threshold in zip(warped, thresholds, strict=True)
    ]


def warp(truth: np.ndarray, proposal: np.ndarray, threshold: float) -> np.ndarray:
    """Bend the truth's mask towards a binarised proposal by flipping simple pixels.

    Args:
        truth: bool, shape (Y, X), true inside cells.
        proposal: float32 in 0..1, shape (Y, X).
        threshold: A pixel strictly above it is inside a cell.

    Returns:
        The warped mask, bool (Y, X), of the same topology as ``truth``.
    """
    column = truth.shape[0] + 2
    mask, target = framed(truth), framed(proposal > np.float64(threshold))
    distance = framed(np.abs(proposal.astype(float) - threshold).astype(np.float32))
    flips = 1
    while flips:
        wrong = np.flatnonzero(mask != target)
        order = np.argsort(-distance[wrong], kind="stable")
        flips = _flip_simple(mask, wrong[order], column)
    return unframed(mask, truth.shape)


@cached_njit(nogil=True, error_model="numpy")
def _flip_simple(mask: np.ndarray, pixels: np.ndarray, column: int) -> int:
    """Flip, in order, those of the pixels of a framed flat mask that are simple when their turn comes.

    In a plane, with cells 4-connected, a pixel is simple if its cell neighbours form one piece around it: as
    many 4-neighbours inside a cell as there are corners that join two of them, and one more.

    Returns:
        How many were flipped.
    """
    flips = 0
    for pixel in pixels:
        left, right = mask[pixel - column], mask[pixel + column]
        up, down = mask[pixel - 1], mask[pixel + 1]
        joins = (
            (left and up and mask[pixel - column - 1])
            + (left and down and mask[pixel - column + 1])
            + (right and up and mask[pixel + column - 1])
            + (right and down and mask[pixel + column + 1])
        )
        if int(left) + right + up + down - joins == 1:
            mask[pixel] = not mask[pixel]
            flips += 1
    return flips
