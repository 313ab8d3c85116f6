"""How a network does on slices that it never saw, while it is trained; it steers nothing."""

import warnings

import numpy as np
import torch

from fusionnet.devices import Machine
from fusionnet.losses import segmentation_loss
from fusionnet.models import SegmentationNetwork
from fusionnet.normalisation import normalise
from fusionnet.scores import ScoreWarning, score_stack


@torch.no_grad()
def validate(
    network: SegmentationNetwork, machine: Machine, volume: np.ndarray, labels: np.ndarray, slices: list[int]
) -> tuple[float, float]:
    """Return the loss (plain cross-entropy of the last unit, whatever is trained with) and V_rand.

    Args:
        network: In evaluation mode.
        machine: Where to compute.
        volume: Grey values, (Z, Y, X); slices are seen whole, once, in their own orientation.
        labels: (Z, Y, X), 1 inside a cell.
        slices: The validation block.
    """
    probabilities, losses = [], []
    for number in slices:
        image = torch.from_numpy(normalise(volume[number])).to(machine.device)[None, None]
        truth = torch.from_numpy(labels[number]).to(machine.device)[None]
        with machine.autocast():
            logits = network(image.contiguous(memory_format=torch.channels_last))[:, -1:].float()
        losses.append(float(segmentation_loss(logits, truth, torch.ones_like(truth))))
        probabilities.append(torch.sigmoid(logits)[0, 0].cpu().numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # early epochs are wrong in ways that warn of bad input
        scores = score_stack(labels[slices], np.stack(probabilities))
    return sum(losses) / len(losses), scores.v_rand
