"""Where to proofread first: whether pixels on which the 8 orientations disagree are those that are wrong."""

from dataclasses import dataclass

import numpy as np

LOOKED_AT = (0.01, 0.02, 0.05, 0.1, 0.2)  # shares of the pixels
CURVE_POINTS = 201


@dataclass(frozen=True)
class Guide:
    """How well an order of the pixels leads to the errors.

    Attributes:
        looked_at: Share of the pixels that were looked at, first ones first; 0..1, (K,).
        found: Share of all wrong pixels among them, (K,). Looking at random gives the diagonal.
        by_share: `found` at 1, 2, 5, 10 and 20 % of the pixels.
    """

    looked_at: np.ndarray
    found: np.ndarray
    by_share: dict[float, float]


def guide(suspicion: np.ndarray, wrong: np.ndarray) -> Guide:
    """Return how many errors are found by looking at the most suspicious pixels first.

    Args:
        suspicion: The greater, the sooner a pixel is looked at; any shape.
        wrong: Booleans of the same shape.

    Raises:
        ValueError: No pixel is wrong, so that there is nothing to find.
    """
    if not wrong.any():
        raise ValueError("no pixel is wrong")
    # Equal suspicion (as where all orientations agree) is a tie: within it errors count as evenly spread.
    values, group = np.unique(-suspicion.ravel(), return_inverse=True)
    pixels = np.cumsum(np.bincount(group, minlength=len(values))) / wrong.size
    errors = np.cumsum(np.bincount(group, wrong.ravel(), minlength=len(values))) / wrong.sum()
    pixels, errors = np.concatenate([[0.0], pixels]), np.concatenate([[0.0], errors])
    looked_at = np.linspace(0.0, 1.0, CURVE_POINTS)
    shares = {share: float(np.interp(share, pixels, errors)) for share in LOOKED_AT}
    return Guide(looked_at, np.interp(looked_at, pixels, errors), shares)


def wrong_pixels(probability: np.ndarray, labels: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Return where a prediction is wrong, as booleans.

    Args:
        probability: 0..1, any shape.
        labels: 0 on membranes, anything else inside cells; the same shape.
        threshold: At and above, a pixel is called inside.
    """
    return (probability >= threshold) != (labels > 0)


def uncertainty(probability: np.ndarray) -> np.ndarray:
    """Return how near a mean probability is to undecided, 0..0.5: the guide that costs nothing more than the mean."""
    return 0.5 - np.abs(probability - 0.5)
