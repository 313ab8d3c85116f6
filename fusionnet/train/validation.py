"""How a network does on slices that it never saw, while it is trained; it steers nothing."""

import copy
import logging
from itertools import product

import numpy as np
import torch

from fusionnet.augment.geometry import around
from fusionnet.devices import Machine, out_of_memory
from fusionnet.errors import UserError
from fusionnet.evaluate.counting import count_stack
from fusionnet.evaluate.overlaps import scores_of
from fusionnet.models.blocks import SIDE_MULTIPLE, SegmentationNetwork
from fusionnet.models.normalisation import normalise
from fusionnet.train.folds import Stacks
from fusionnet.train.losses import segmentation_loss

LOG = logging.getLogger(__name__)
TILE = 1024  # pixels; smaller slices are seen whole


def validate(network: SegmentationNetwork, machine: Machine, stacks: Stacks) -> tuple[float, float | None]:
    """Return the loss (plain cross-entropy of the last unit, whatever is trained with) and V_rand, None without cells.

    Args:
        network: In evaluation mode.
        machine: Where to compute. A slice that does not fit the GPU's memory sends the validation to the CPU.
        stacks: The validation slices are seen once, in their own orientation.
    """
    try:
        return _validate_on(network, machine, stacks)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    torch.cuda.empty_cache()
    LOG.info("out of GPU memory in validation: these slices are validated on the CPU")
    return _validate_on(_copy_on_cpu(network), machine.cpu(), stacks)


def _copy_on_cpu(network: SegmentationNetwork) -> SegmentationNetwork:
    """Copy a network to the CPU, without a copy on the GPU on the way, for which there may be no memory."""
    copies = {id(each): torch.nn.Parameter(each.detach().cpu(), requires_grad=False) for each in network.parameters()}
    return copy.deepcopy(network, copies | {id(each): each.cpu() for each in network.buffers()})


@torch.no_grad()
def _validate_on(network: SegmentationNetwork, machine: Machine, stacks: Stacks) -> tuple[float, float | None]:
    slices = stacks.fold.validation
    seen = [_validate_slice(network, machine, stacks, number) for number in slices]
    losses, probabilities = zip(*seen, strict=True)
    if np.isnan(losses).any():
        raise UserError(
            "validation: the network's output is no number; lower train.learning_rate or set train.gradient_clip"
        )
    if not stacks.labels[slices].any():  # nothing to score against; validation steers nothing, so it ends no training
        return sum(losses) / len(losses), None
    _, sums, _ = count_stack(stacks.labels[slices] > 0, np.stack(probabilities))
    return sum(losses) / len(losses), float(scores_of(sums)["v_rand"].mean(axis=0).max())


def _validate_slice(
    network: SegmentationNetwork, machine: Machine, stacks: Stacks, number: int
) -> tuple[float, np.ndarray]:
    """Return loss and probabilities (Y, X) of a slice, a large one tile by tile: memory does not grow with it."""
    truth, channels = stacks.labels[number], around(number, network.neighbours, stacks.depth)
    loss, probability = 0.0, np.empty(truth.shape, np.float32)
    for (rows, seen_rows), (columns, seen_columns) in product(*(_tiles(size, network.reach) for size in truth.shape)):
        grey = stacks.volume[channels, seen_rows, seen_columns]
        image = torch.from_numpy(normalise(grey)).to(machine.device)[None]
        labels = torch.from_numpy(truth[rows, columns]).to(machine.device)[None]
        with machine.autocast():
            logits = network(image.contiguous(memory_format=torch.channels_last))[:, -1:].float()
        top, left = rows.start - seen_rows.start, columns.start - seen_columns.start
        logits = logits[..., top : top + labels.shape[1], left : left + labels.shape[2]]
        loss += float(segmentation_loss(logits, labels, torch.ones_like(labels))) * (labels.numel() / truth.size)
        probability[rows, columns] = torch.sigmoid(logits)[0, 0].cpu().numpy()
    return loss, probability


def _tiles(size: int, reach: int) -> list[tuple[slice, slice]]:
    """Return tiles along one axis, and for each what the network has to see so that the tile is as in the whole."""
    parts = [(start, min(start + TILE, size)) for start in range(0, size, TILE)]
    reach = -(-reach // SIDE_MULTIPLE) * SIDE_MULTIPLE  # so that every pooling cell holds the same pixels
    return [(slice(a, b), slice(max(0, a - reach), min(size, b + reach))) for a, b in parts]
