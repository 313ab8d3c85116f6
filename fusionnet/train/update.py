"""One change of the weights: the gradients of a batch, in parts that fit the GPU's memory, and the optimizer's step."""

import logging
import math
from collections.abc import Callable

import torch

from fusionnet.config.stages import TrainSection
from fusionnet.devices import Machine, cannot_be_compiled, out_of_memory
from fusionnet.errors import UserError
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.train.batches import Batch
from fusionnet.train.losses import segmentation_loss
from fusionnet.train.optimisation import learning_rate, make_optimizer

LOG = logging.getLogger(__name__)


class WeightUpdate:
    """Changes the weights of a network, a batch at a time.

    Args:
        network: On its device, in training mode.
        settings: Loss, optimizer, schedule, batch size.
        machine: Where.

    Attributes:
        micro_batch: Samples that go through the network at once.
        may_run_out: Whether memory may not suffice and be asked for less of: a GPU's.
    """

    def __init__(self, network: SegmentationNetwork, settings: TrainSection, machine: Machine):
        self.network, self.settings, self.machine = network, settings, machine
        self.optimizer = make_optimizer(network, settings)
        self.forward = compiled(network, settings.compile, machine.device)
        self.micro_batch = math.ceil(settings.batch_size / settings.accumulation)
        self.may_run_out = machine.device.type == "cuda"

    def __call__(self, batch: Batch, step: int) -> torch.Tensor:
        """Change the weights by a batch in the CPU's memory, at a step counted from 0, and return its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(step, self.settings)
        while (loss := self._try(batch)) is None:
            self._use_less_memory(batch, step)
        return loss

    def _try(self, batch: Batch) -> torch.Tensor | None:
        """Change the weights and return the loss; None, with the network as it was, if memory did not suffice."""
        # Each part's forward pass changes them.
        can_fail = self.may_run_out or self.forward is not self.network
        statistics = [buffer.clone() for buffer in self.network.buffers()] if can_fail else []
        try:
            loss = self.gradients(batch)
            if self.settings.gradient_clip:
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_clip)
            self.optimizer.step()
            return loss
        except RuntimeError as error:
            not_compiled = self.forward is not self.network and cannot_be_compiled(error)
            if not (not_compiled or (self.may_run_out and out_of_memory(error))):
                raise
            for buffer, before in zip(self.network.buffers(), statistics, strict=True):
                buffer.copy_(before)
            if not_compiled:
                self.forward = self.network
                return self._try(batch)
            return None

    def _use_less_memory(self, batch: Batch, step: int) -> None:
        """Halve the parts; called outside of any `except`, where the error would keep the failed part's memory."""
        if self.micro_batch == 1:
            raise UserError(
                f"out of GPU memory at step {step + 1} with a single sample of {batch.images.shape[-1]} "
                "pixels; make augment.crop_pixels or the network's width smaller"
            )
        self.micro_batch = math.ceil(self.micro_batch / 2)
        self.optimizer.zero_grad(set_to_none=True)
        if step == 0:
            self.optimizer.state.clear()  # a first step may have got half of the memory that it keeps
        torch.cuda.empty_cache()
        LOG.info("out of GPU memory at step %d: batches go in parts of %d from now", step + 1, self.micro_batch)

    def gradients(self, batch: Batch) -> torch.Tensor:
        """Fill the gradients with those of a batch, part by part, and return its loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.machine.device)
        for part in batch.split(self.micro_batch):
            share = len(part.images) / len(batch.images)
            part = part.to(self.machine.device)
            with self.machine.autocast():
                logits = self.forward(part.images)
            part_loss = share * segmentation_loss(logits, part.labels, part.weights, self.settings.loss)
            part_loss.backward()
            loss += part_loss.detach()
        return loss


def compiled(network: SegmentationNetwork, wanted: str, device: torch.device) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network's forward pass, compiled or as it is.

    Args:
        network: On its device.
        wanted: ``train.compile``: ``always``, ``never``, or ``auto``: on CUDA.
        device: Its device.
    """
    if wanted == "never" or (wanted == "auto" and device.type != "cuda"):
        return network
    # The compiler is told that results are to be deterministic; on a CPU nothing has loaded it before.
    torch.use_deterministic_algorithms(True, warn_only=torch.is_deterministic_algorithms_warn_only_enabled())
    # Each size of a batch has code of its own, so that it does not matter which sizes a process has seen before.
    return torch.compile(network, dynamic=False)
