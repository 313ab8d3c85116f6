"""Superpixels: pieces of a slice so small that none crosses a membrane, cut along the crests of the boundary map."""

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.measure import label
from skimage.morphology import local_minima
from skimage.segmentation import watershed

SMOOTHING_PIXELS = 2.0  # of the map that is flooded; less makes more superpixels


def superpixels(boundary: np.ndarray, sigma_pixels: float = SMOOTHING_PIXELS) -> np.ndarray:
    """Divide a slice into superpixels: a watershed of the smoothed boundary map from all its minima.

    Scikit-image's watershed floods from all minima at equal pace, so that flat ground, as a sure network leaves it, is
    shared; others give it whole to one of them (findings/watershed_plateaus.sh).

    Args:
        boundary: Probability of a membrane, float32 in 0..1, shape (Y, X).
        sigma_pixels: Standard deviation of the Gaussian that smooths it.

    Returns:
        int32 (Y, X): numbers from 1, none missing; every pixel belongs to a superpixel.
    """
    smooth = gaussian_filter(np.asarray(boundary, np.float32), sigma_pixels)
    # A minimum of flat ground is one piece. A slice that is flat everywhere has no minimum, and is one superpixel.
    seeds = label(local_minima(smooth, connectivity=2), connectivity=2)
    if not seeds.any():
        return np.ones(smooth.shape, np.int32)
    return watershed(smooth, seeds).astype(np.int32)
