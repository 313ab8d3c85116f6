"""Smooth random fields, the raw material of everything irregular in the phantom."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


class SmoothNoise:
    """Gaussian random field of unit variance over a stack, evaluated plane by plane at any depth.

    A plane is ``K W K^T`` with ``W`` white noise on a coarse grid and ``K`` a matrix of Gaussian kernels, so
    that filtering and interpolation are one matrix product.
    """

    def __init__(
        self, rng: np.random.Generator, size_pixels: int, scale_pixels: float, depth: float = 0, depth_scale: float = 1
    ) -> None:
        """Draw the field.

        Args:
            rng: Where the white noise comes from.
            size_pixels: Side of the square planes.
            scale_pixels: Standard deviation of the kernel within the plane; structures are some four times as wide.
            depth: Depth of the stack, in slices; 0 for a single plane.
            depth_scale: Standard deviation of the kernel through depth, in slices.
        """
        self._kernel = _kernel_matrix(np.arange(size_pixels), size_pixels - 1, scale_pixels)
        self._depth, self._depth_scale = depth, depth_scale
        knots = _knots(depth, depth_scale).size
        self._white = rng.standard_normal((knots, self._kernel.shape[1], self._kernel.shape[1]))

    def plane(self, depth: float = 0) -> Image:
        """Return the field at one depth as (Y, X), mean 0 and variance 1."""
        weights = _kernel_matrix(np.array([depth]), self._depth, self._depth_scale)[0]
        white = np.tensordot(weights, self._white, axes=1)
        return (self._kernel @ white @ self._kernel.T).astype(np.float32)


def smooth_plane(rng: np.random.Generator, size_pixels: int, scale_pixels: float) -> Image:
    """Return one (Y, X) plane of smooth noise with mean 0 and variance 1; see `SmoothNoise`."""
    return SmoothNoise(rng, size_pixels, scale_pixels).plane()


def _knots(extent: float, scale: float) -> NDArray[np.float64]:
    """Return grid points at most one scale apart that reach three scales beyond ``0 .. extent``."""
    count = int(np.ceil(extent / scale)) + 7
    return np.arange(-3.0, count - 3.0) * np.float64(scale)


def _kernel_matrix(positions: NDArray, extent: float, scale: float) -> NDArray[np.float64]:
    """Return Gaussian weights of shape (positions, knots), each row of unit length so that variance stays 1."""
    weights: NDArray[np.float64] = np.exp(-0.5 * ((positions[:, None] - _knots(extent, scale)[None, :]) / scale) ** 2)
    weights /= np.sqrt(np.square(weights).sum(axis=1, keepdims=True))
    return weights
