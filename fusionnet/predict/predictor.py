"""Probabilities of "inside a cell" from a trained network: mirrored borders, 8 orientations, exact tiles."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from fusionnet.augment.geometry import ORIENTATIONS, orient, orient_back
from fusionnet.config.stages import PredictSection
from fusionnet.devices import Machine
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.folding import fuse
from fusionnet.models.normalisation import normalise
from fusionnet.models.receptive_field import reach
from fusionnet.predict.tiles import Chunk, ChunkPlan, spans

MID_GREY = 127.5
NORMALISED = normalise(np.arange(256))  # of each 8-bit level
COMPILED_FROM_PIXELS = 10**10  # [ours] on CUDA; on a CPU, compiling the folded network gains next to nothing


@dataclass(frozen=True)
class Prediction:
    """What the network says of a region.

    Attributes:
        probability: Mean over the orientations, float32 in 0..1, shape (Y, X).
        deviation: Their standard deviation, the same shape; 0 where there is one orientation.
        missing: Number of pixels that were NaN and were predicted as if they were mid-grey.
    """

    probability: np.ndarray
    deviation: np.ndarray
    missing: int = 0


@dataclass(frozen=True)
class Window:
    """A tile's input.

    Attributes:
        x: Normalised grey values, (1, 1, H, W).
        inner: Where the tile lies in it.
        missing: Number of the tile's pixels that were NaN.
    """

    x: torch.Tensor
    inner: tuple[slice, slice]
    missing: int


def repays_compiling(device: str, pixels: int) -> bool:
    """Return whether a number of pixels, orientations counted, is worth the minute that compiling takes."""
    return device == "cuda" and pixels >= COMPILED_FROM_PIXELS


class Predictor:
    """A trained network ready for slices of any size.

    Args:
        network: In any state; it is copied, folded and put on the device.
        settings: Padding, tile size, orientations.
        machine: Where it computes; see `fusionnet.devices.set_up`.
    """

    def __init__(self, network: SegmentationNetwork, settings: PredictSection, machine: Machine):
        self.settings = settings
        self.machine = machine
        self.network: Callable[[torch.Tensor], torch.Tensor] = fuse(network).to(machine.device)
        self.reach = reach(network)

    def plan(self, slices: range, shape: tuple[int, ...], depth: int = 1) -> ChunkPlan:
        """Return the chunks of these slices, of shape (Y, X), of a volume that is stored in blocks of such a depth."""
        settings = self.settings
        rows, columns = (spans(size, settings.tile_pixels, settings.padding_pixels, self.reach) for size in shape)
        return ChunkPlan(slices, rows, columns, depth)

    def compile_for(self, plan: ChunkPlan) -> None:
        """Compile the network if the whole plan is long enough to repay it.

        What is left of the plan, or which part of it is predicted, plays no role: results must not depend on it.
        """
        if repays_compiling(self.machine.device.type, int(np.prod(plan.shape)) * self.orientations):
            self.network = torch.compile(self.network)

    def predict_slice(self, grey: np.ndarray) -> Prediction:
        """Predict a whole slice, tile by tile.

        Args:
            grey: Grey values (Y, X); 0 to 255, NaN where there is none.
        """
        probability = np.empty(grey.shape, np.float32)
        deviation = np.empty(grey.shape, np.float32)
        missing = 0
        plan = self.plan(range(1), grey.shape)
        for chunk in plan.chunks(range(len(plan))):
            picked = (s.picked(size) for s, size in zip((chunk.rows, chunk.columns), grey.shape, strict=True))
            part = self.predict(self.prepare(grey[np.ix_(*picked)], chunk))
            _, *region = chunk.region
            probability[*region], deviation[*region] = part.probability, part.deviation
            missing += part.missing
        return Prediction(probability, deviation, missing)

    def prepare(self, levels: np.ndarray, chunk: Chunk) -> Window:
        """Make a tile's window of grey levels, (Y, X), into input; another thread may do it.

        Args:
            levels: uint8, or floating-point 0..255 with NaN where there is none.
            chunk: The tile.
        """
        inner = chunk.rows.inner, chunk.columns.inner
        count = 0
        if levels.dtype == np.uint8:
            normalised = NORMALISED[levels]
        else:
            missing = np.isnan(levels)
            if missing.any():
                levels, count = np.where(missing, np.float32(MID_GREY), levels), int(missing[inner].sum())
            normalised = normalise(levels)
        x = torch.from_numpy(normalised)[None, None]
        pinned = x.pin_memory() if self.machine.device.type == "cuda" else x
        return Window(pinned, inner, count)

    @torch.inference_mode()
    def predict(self, window: Window) -> Prediction:
        """Predict a tile from its window."""
        x = window.x.to(self.machine.device, non_blocking=True)
        if self.orientations == 1:
            probability = self._forward(x)[0, 0][window.inner].cpu().numpy()
            return Prediction(probability, np.zeros_like(probability), window.missing)
        mean, squares = (each[window.inner] for each in self._average(x))
        deviation = torch.sqrt(squares / self.orientations)
        return Prediction(mean.cpu().numpy(), deviation.cpu().numpy(), window.missing)

    @property
    def orientations(self) -> int:
        """Number of orientations that are averaged over."""
        return ORIENTATIONS if self.settings.orientation_average else 1

    def _average(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the running mean over the orientations and the sum of squared differences from it (Welford 1962)."""
        mean = x.new_zeros(x.shape[2:])
        squares = torch.zeros_like(mean)
        for number in range(self.orientations):
            probability = orient_back(self._forward(orient(x, number)), number)[0, 0]
            difference = probability - mean
            mean += difference / (number + 1)
            squares += difference * (probability - mean)
        return mean, squares

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        with self.machine.autocast():
            logits = self.network(x.contiguous(memory_format=torch.channels_last))
        return torch.sigmoid(logits[:, -1:].to(x.dtype))
