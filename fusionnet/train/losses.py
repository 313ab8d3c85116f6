"""Losses of a membrane segmentation, one for each unit in series: a table of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from fusionnet.arithmetic import cached_njit
from fusionnet.config.stages import TrainSection

BORDER_WEIGHT = 10.0  # w0 of Ronneberger et al. 2015, equation 2
BORDER_SIGMA_PIXELS = 5.0  # sigma, ibid.


def segmentation_loss(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, name: str = "bce"
) -> torch.Tensor:
    """Return the loss of a batch: the mean over the units, each of which has a loss of its own.

    Args:
        logits: (N, units, H, W).
        labels: (N, H, W), 1 inside a cell and 0 on a membrane.
        weights: (N, H, W), the weight of each pixel; only their ratios matter.
        name: A key of `LOSSES`.

    Returns:
        A scalar.
    """
    logits = logits.float()  # sums of bfloat16 would lose what the last epochs gain
    labels = labels.unsqueeze(1).expand_as(logits).float()
    weights = weights.unsqueeze(1).expand_as(logits).float()
    row = LOSSES[name]
    loss = (weights * row.of_pixels(logits, labels)).sum() / weights.sum()
    return loss if row.of_batch is None else loss + row.of_batch(logits, labels)


def pixel_weights(label: np.ndarray, settings: TrainSection) -> np.ndarray:
    """Return the weight of each pixel of a crop.

    Args:
        label: (H, W), 1 inside a cell and 0 on a membrane.
        settings: ``membrane_weight`` is the weight of a membrane's pixel beside a cell's of 1; the loss may add
            weights of its own.

    Returns:
        float32 (H, W).
    """
    weights = np.where(label > 0, np.float32(1.0), np.float32(settings.membrane_weight))
    added = LOSSES[settings.loss].added_weights
    return weights if added is None else weights + added(label)


def border_weights(
    label: np.ndarray, weight: float = BORDER_WEIGHT, sigma_pixels: float = BORDER_SIGMA_PIXELS
) -> np.ndarray:
    """Return U-Net's extra weight of pixels that separate two cells (Ronneberger et al. 2015, equation 2).

    ``weight * exp(-(d1 + d2)**2 / (2 * sigma**2))`` on membranes, d1 and d2 being the distances to the nearest and
    the second nearest cell; 0 inside cells, and where the second is farther than four sigma.

    Args:
        label: (H, W), 1 inside a cell and 0 on a membrane. What a crop cuts apart counts as two cells.
        weight: w0 of the paper.
        sigma_pixels: sigma of the paper.

    Returns:
        float32 (H, W).
    """
    cells, _ = ndimage.label(label)
    reach = int(4 * sigma_pixels)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    distances = np.hypot(dy, dx)
    order = np.argsort(distances, kind="stable")
    order = order[(distances[order] > 0) & (distances[order] <= reach)]
    sums = _distance_sums(cells, dy[order], dx[order], distances[order])
    return (weight * np.exp(-(sums**2) / (2 * sigma_pixels**2))).astype(np.float32)


@cached_njit
def _distance_sums(cells: np.ndarray, dy: np.ndarray, dx: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return d1 + d2 of each membrane pixel, infinite elsewhere; offsets come nearest first, so the search is short."""
    height, width = cells.shape
    sums = np.full((height, width), np.inf)
    for y in range(height):
        for x in range(width):
            if cells[y, x]:
                continue
            nearest, first = 0, 0.0
            for offset in range(len(distances)):
                row, column = y + dy[offset], x + dx[offset]
                if 0 <= row < height and 0 <= column < width and cells[row, column]:
                    if nearest == 0:
                        nearest, first = cells[row, column], distances[offset]
                    elif cells[row, column] != nearest:
                        sums[y, x] = first + distances[offset]
                        break
    return sums


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")


def _absolute_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (torch.sigmoid(logits) - labels).abs()


def _squared_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (torch.sigmoid(logits) - labels).square()


def _membrane_dice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the Dice loss of the membranes, the rarer class: the mean over the units."""
    found, truth = 1.0 - torch.sigmoid(logits), 1.0 - labels
    overlap = (found * truth).sum(dim=(0, 2, 3))
    return (1.0 - (2.0 * overlap + 1.0) / (found.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3)) + 1.0)).mean()


@dataclass(frozen=True)
class Loss:
    """One loss. Tensors are (N, units, H, W); labels are 1 inside a cell and 0 on a membrane.

    Args:
        of_pixels: From logits and labels to the loss of each pixel, of which the weighted mean is taken.
        of_batch: From logits and labels to a scalar that is added to that mean.
        added_weights: From the label of a crop, (H, W), to weights that are added to those of its pixels.
    """

    of_pixels: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    of_batch: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None
    added_weights: Callable[[np.ndarray], np.ndarray] | None = None


# A name stands in `fusionnet.config.stages.TrainSection` too: reading a configuration is to start no torch.
LOSSES = {
    "bce": Loss(_cross_entropy),
    "weighted_bce": Loss(_cross_entropy, added_weights=border_weights),
    "dice_bce": Loss(_cross_entropy, of_batch=_membrane_dice),
    "mae": Loss(_absolute_error),
    "mse": Loss(_squared_error),
}
