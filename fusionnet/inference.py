"""Probabilities of "inside a cell" from a trained network: mirrored borders, 8 orientations, exact tiles."""

from dataclasses import dataclass

import numpy as np
import torch

from fusionnet.config import PredictSection
from fusionnet.errors import UserError
from fusionnet.fusing import fuse
from fusionnet.mirroring import mirrored
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.normalisation import normalise
from fusionnet.orientations import ORIENTATIONS, orient, orient_back
from fusionnet.receptive_field import reach
from fusionnet.tiles import Span, spans

MID_GREY = 127.5


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


def choose_device(name: str) -> torch.device:
    """Return the device for ``auto``, ``cuda`` or ``cpu``; a `UserError` where CUDA is asked for and absent."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device: got 'cuda', but torch sees no CUDA device; use 'auto' or 'cpu'")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class Predictor:
    """A trained network ready for slices of any size.

    Args:
        network: In any state; it is copied, folded and put on the device.
        settings: Padding, tile size, orientations, device and precision.
    """

    def __init__(self, network: SegmentationNetwork, settings: PredictSection):
        self.settings = settings
        self.device = choose_device(settings.device)
        self.network = fuse(network).to(self.device)
        self.reach = reach(network)
        low = settings.precision == "bfloat16" or (settings.precision == "auto" and self.device.type == "cuda")
        self.precision = torch.bfloat16 if low else torch.float32

    def spans(self, size: int) -> list[Span]:
        """Return the tiles along an axis of so many pixels."""
        return spans(size, self.settings.tile_pixels, self.settings.padding_pixels, self.reach)

    def predict_slice(self, grey: np.ndarray) -> Prediction:
        """Predict a whole slice, tile by tile.

        Args:
            grey: Grey values (Y, X); 0 to 255, NaN where there is none.
        """
        probability = np.empty(grey.shape, np.float32)
        deviation = np.empty(grey.shape, np.float32)
        missing = 0
        for rows in self.spans(grey.shape[0]):
            for columns in self.spans(grey.shape[1]):
                part = self.predict_window(window(grey, rows, columns), rows, columns)
                region = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
                probability[region], deviation[region] = part.probability, part.deviation
                missing += part.missing
        return Prediction(probability, deviation, missing)

    @torch.inference_mode()
    def predict_window(self, grey: np.ndarray, rows: Span, columns: Span) -> Prediction:
        """Predict one tile from its window of grey values, as `window` gives it."""
        missing = np.isnan(grey)
        x = torch.from_numpy(normalise(np.where(missing, np.float32(MID_GREY), grey)))
        mean, squares = self._average(x.to(self.device)[None, None])
        inner = rows.inner, columns.inner
        deviation = torch.sqrt(squares / self._orientations)
        return Prediction(mean[inner].cpu().numpy(), deviation[inner].cpu().numpy(), int(missing[inner].sum()))

    @property
    def _orientations(self) -> int:
        return ORIENTATIONS if self.settings.orientation_average else 1

    def _average(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the running mean over the orientations and the sum of squared differences from it (Welford 1962)."""
        mean = torch.zeros(x.shape[2:], device=self.device)
        squares = torch.zeros_like(mean)
        for number in range(self._orientations):
            probability = orient_back(self._forward(orient(x, number)), number)[0, 0]
            difference = probability - mean
            mean += difference / (number + 1)
            squares += difference * (probability - mean)
        return mean, squares

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            logits = self.network(x.contiguous(memory_format=torch.channels_last))
        return torch.sigmoid(logits[:, -1:].float())


def window(grey: np.ndarray, rows: Span, columns: Span) -> np.ndarray:
    """Return a tile's window from a whole slice (Y, X), its outside mirrored."""
    picked = (mirrored(s.window_start, s.window_stop, n) for s, n in zip((rows, columns), grey.shape, strict=True))
    return grey[np.ix_(*picked)]
