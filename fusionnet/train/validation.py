"""How a network does on slices that it never saw, while it is trained; it steers nothing."""

import copy
import logging

import numpy as np
import torch

from fusionnet.devices import Machine, out_of_memory
from fusionnet.errors import UserError
from fusionnet.evaluate.counting import count_stack
from fusionnet.evaluate.overlaps import scores_of
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.normalisation import normalise
from fusionnet.train.folds import Stacks
from fusionnet.train.losses import segmentation_loss

LOG = logging.getLogger(__name__)


def validate(network: SegmentationNetwork, machine: Machine, stacks: Stacks) -> tuple[float, float | None]:
    """Return the loss (plain cross-entropy of the last unit, whatever is trained with) and V_rand.

    V_rand is None where the labels have no cell to score against: validation steers nothing, so it ends no training.

    Args:
        network: In evaluation mode.
        machine: Where to compute. A slice that does not fit the GPU's memory sends the validation to the CPU.
        stacks: The validation slices are seen whole, once, in their own orientation.
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
    tensors = [*network.parameters(), *network.buffers()]
    copies = {
        id(tensor): torch.nn.Parameter(tensor.detach().cpu(), requires_grad=False)
        if isinstance(tensor, torch.nn.Parameter)
        else tensor.cpu()
        for tensor in tensors
    }
    return copy.deepcopy(network, copies)


@torch.no_grad()
def _validate_on(network: SegmentationNetwork, machine: Machine, stacks: Stacks) -> tuple[float, float | None]:
    slices = stacks.fold.validation
    probabilities, losses = [], []
    for number in slices:
        image = torch.from_numpy(normalise(stacks.volume[number])).to(machine.device)[None, None]
        truth = torch.from_numpy(stacks.labels[number]).to(machine.device)[None]
        with machine.autocast():
            logits = network(image.contiguous(memory_format=torch.channels_last))[:, -1:].float()
        losses.append(float(segmentation_loss(logits, truth, torch.ones_like(truth))))
        probabilities.append(torch.sigmoid(logits)[0, 0].cpu().numpy())
    if np.isnan(losses).any():
        raise UserError(
            "validation: the network's output is no number; lower train.learning_rate or set train.gradient_clip"
        )
    if not stacks.labels[slices].any():
        return sum(losses) / len(losses), None
    _, sums, _ = count_stack(stacks.labels[slices] > 0, np.stack(probabilities))
    return sum(losses) / len(losses), float(scores_of(sums)["v_rand"].mean(axis=0).max())
