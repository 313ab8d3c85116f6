"""Probabilities of "inside a cell" from a trained network: mirrored borders, 8 orientations, exact tiles."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fusionnet.augment.geometry import ORIENTATIONS, around, orient, orient_back
from fusionnet.config.stages import PredictSection
from fusionnet.devices import Machine, cannot_be_compiled, out_of_memory
from fusionnet.errors import UserError
from fusionnet.models.blocks import SIDE_MULTIPLE, SegmentationNetwork
from fusionnet.models.folding import fuse
from fusionnet.models.normalisation import normalise
from fusionnet.models.receptive_field import reach
from fusionnet.predict.tiles import Chunk, ChunkPlan, spans

LOG = logging.getLogger(__name__)
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
        x: Normalised grey values, (1, C, H, W).
        inner: Where the tile lies in it.
        missing: Number of the tile's pixels that were NaN.
    """

    x: torch.Tensor
    inner: tuple[slice, slice]
    missing: int


def halves(window: Window, reach: int) -> tuple[Window, Window, int]:
    """Cut a tile in two along its longer side, each with a window that reaches as far.

    Args:
        window: Its origin lies at a multiple of `SIDE_MULTIPLE` of the padded slice, so that pooling cells stay whole.
        reach: See `fusionnet.models.receptive_field.reach`.

    Returns:
        Both halves, and the axis along which they are to be joined.

    Raises:
        UserError: The tile is not larger than `SIDE_MULTIPLE`.
    """
    sides = [part.stop - part.start for part in window.inner]
    axis = int(sides[1] > sides[0])
    if sides[axis] <= SIDE_MULTIPLE:
        raise UserError(
            f"out of memory with a window of {' x '.join(map(str, window.x.shape[2:]))} pixels, the smallest that this "
            "network can take; predict on the CPU (predict.device: cpu), or end what else uses this memory"
        )
    start, stop = window.inner[axis].start, window.inner[axis].stop
    cut = start + -(-sides[axis] // 2 // SIDE_MULTIPLE) * SIDE_MULTIPLE
    parts = []
    for first, last in ((start, cut), (cut, stop)):
        low = max(0, (first - reach) // SIDE_MULTIPLE * SIDE_MULTIPLE)
        high = min(window.x.shape[2 + axis], -(-(last + reach) // SIDE_MULTIPLE) * SIDE_MULTIPLE)
        inner = list(window.inner)
        inner[axis] = slice(first - low, last - low)
        parts.append(Window(window.x.narrow(2 + axis, low, high - low), (inner[0], inner[1]), 0))
    return parts[0], parts[1], axis


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
        self._plain = fuse(network).to(machine.device)
        self.network: Callable[[torch.Tensor], torch.Tensor] = self._plain
        self._most_pixels: int | None = None  # of a window, once the memory has not sufficed for one
        self.reach = reach(network)
        self.neighbours = network.neighbours

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
            self.network = torch.compile(self._plain)

    def predict_slice(self, grey: np.ndarray) -> Prediction:
        """Predict a whole slice, tile by tile.

        Args:
            grey: Grey values (Y, X); 0 to 255, NaN where there is none. Of a network with neighbours: the slice in the
                middle of them, (1 + 2 * neighbours, Y, X).
        """
        grey = grey.reshape(-1, *grey.shape[-2:])
        _, *shape = grey.shape
        probability, deviation = np.empty(shape, np.float32), np.empty(shape, np.float32)
        missing = 0
        plan = self.plan(range(1), tuple(shape))
        for chunk in plan.chunks(range(len(plan))):
            picked = (s.picked(size) for s, size in zip((chunk.rows, chunk.columns), shape, strict=True))
            part = self.predict(self.prepare(grey[np.ix_(np.arange(len(grey)), *picked)], chunk))
            _, *region = chunk.region
            probability[*region], deviation[*region] = part.probability, part.deviation
            missing += part.missing
        return Prediction(probability, deviation, missing)

    def predict_stack(self, grey: np.ndarray, slices: Sequence[int] | None = None) -> np.ndarray:
        """Return the probabilities of these slices, or all, of a stack of grey values (Z, Y, X), stacked likewise."""
        chosen = range(len(grey)) if slices is None else slices
        seen = (grey[around(z, self.neighbours, len(grey))].astype(np.float32) for z in chosen)
        return np.stack([self.predict_slice(each).probability for each in seen])

    def prepare(self, levels: np.ndarray, chunk: Chunk) -> Window:
        """Make a tile's window of grey levels, (C, Y, X), into input; another thread may do it.

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
                count = int(missing[self.neighbours][inner].sum())
                levels = np.where(missing, np.float32(MID_GREY), levels)
            normalised = normalise(levels)
        x = torch.from_numpy(normalised)[None]
        pinned = x.pin_memory() if self.machine.device.type == "cuda" else x
        return Window(pinned, inner, count)

    def predict(self, window: Window) -> Prediction:
        """Predict a tile from its window; where that does not fit in the memory, in halves, which are as exact.

        Raises:
            UserError: Not even a tile of `SIDE_MULTIPLE` pixels fits.
        """
        height, width = window.x.shape[2:]
        if self._most_pixels is None or height * width <= self._most_pixels:
            try:
                return self._predict(window)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
            self._use_less_memory(height, width)
        first, second, axis = halves(window, self.reach)
        parts = self.predict(first), self.predict(second)
        probability = np.concatenate([part.probability for part in parts], axis)
        return Prediction(probability, np.concatenate([part.deviation for part in parts], axis), window.missing)

    def _use_less_memory(self, height: int, width: int) -> None:
        if self._most_pixels is None:
            LOG.info(
                "out of memory with a window of %d x %d pixels: predicted in smaller ones, which are as exact; the "
                "last bits may differ. predict.tile_pixels sets the size",
                *(height, width),
            )
        self._most_pixels = height * width - 1
        torch.cuda.empty_cache()

    @torch.inference_mode()
    def _predict(self, window: Window) -> Prediction:
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
        try:
            with self.machine.autocast():
                logits = self.network(x.contiguous(memory_format=torch.channels_last))
        except RuntimeError as error:
            if self.network is self._plain or not cannot_be_compiled(error):
                raise
            self.network = self._plain
            return self._forward(x)
        return torch.sigmoid(logits[:, -1:].to(x.dtype))
