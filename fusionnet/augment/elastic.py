"""Elastic deformation: deformed copies of every labelled slice, made ahead of training.

*Stated* by the paper: a random sparse 12 x 12 vector field that vanishes at the border. *Ours*: cubic interpolation
between the vectors, their size, that no tissue folds, and how grey values and labels are resampled.
"""

from collections.abc import Iterator

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates

from fusionnet.config.stages import AugmentSection

# Ours: where the deformed slice is squeezed to less than a fifth of its area, membranes merge.
LEAST_AREA_RATIO = 0.2


def displacement_field(
    rng: np.random.Generator, shape: tuple[int, int], grid: int, amplitude_pixels: float
) -> np.ndarray:
    """Draw a smooth field of displacements.

    Args:
        rng: Source of the random vectors.
        shape: (H, W) of the slice.
        grid: Vectors along each side; those on the border are zero.
        amplitude_pixels: Standard deviation of each component of the vectors inside.

    Returns:
        float32, (2, H, W): displacement along y and x in pixels, zero with its slope on the whole border. A field
        that would fold the tissue is weakened until it does not.
    """
    vectors = np.zeros((2, grid, grid))
    vectors[:, 1:-1, 1:-1] = rng.normal(0.0, amplitude_pixels, (2, grid - 2, grid - 2))
    along_y, along_x = (_interpolation(grid, side) for side in shape)
    field = along_y @ vectors @ along_x.T
    while least_area_ratio(field) < LEAST_AREA_RATIO:
        field *= 0.9
    return field.astype(np.float32)


def _interpolation(grid: int, side: int) -> np.ndarray:
    """Return the (side, grid) matrix that takes values on the grid to a cubic spline through them.

    Clamped ends: the field also vanishes with its slope, so a mirrored slice goes on smoothly across its border.
    """
    spline = CubicSpline(np.linspace(0, side - 1, grid), np.eye(grid), bc_type="clamped")
    return spline(np.arange(side))


def least_area_ratio(field: np.ndarray) -> float:
    """Return the least factor by which a field (2, H, W) scales areas; at or below zero the tissue folds."""
    (yy, yx), (xy, xx) = (np.gradient(component) for component in field)
    return float(((1 + yy) * (1 + xx) - yx * xy).min())


def deform(image: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Deform a slice of grey values by cubic interpolation.

    Args:
        image: uint8, (H, W).
        field: (2, H, W), in pixels; the result at p is the image at p + field(p).

    Returns:
        uint8, (H, W). What lies outside is mirrored.
    """
    deformed = map_coordinates(image.astype(np.float32), _positions(field), order=3, mode="mirror")
    return np.rint(deformed).clip(0, 255).astype(np.uint8)


def deform_labels(labels: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Deform a slice of labels as `deform` does an image: linear interpolation, cut at one half.

    Args:
        labels: Two values, 0 and any other, (H, W).
        field: (2, H, W), in pixels.

    Returns:
        uint8 of exactly 0 and 1, (H, W). The cut keeps contours smoother than the nearest label would.
    """
    return (map_coordinates((labels > 0).astype(np.float32), _positions(field), order=1, mode="mirror") > 0.5).astype(
        np.uint8
    )


def _positions(field: np.ndarray) -> np.ndarray:
    return np.indices(field.shape[1:], dtype=np.float32) + field


def elastic_copies(
    volume: np.ndarray, labels: np.ndarray, settings: AugmentSection
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Make the slices of the augmented stack, one after the other.

    Args:
        volume: uint8 grey values, (Z, Y, X).
        labels: Labels of the same shape.
        settings: Seed, number of copies, grid and amplitude.

    Yields:
        Slice and labels (0 and 1), (Y, X), ``(elastic_copies + 1) * Z`` pairs: first the original slices, then the
        first copy of each, and so on. Copy c of slice z depends on the seed, c and z, and on no other slice.
    """
    yield from ((image, (label > 0).astype(np.uint8)) for image, label in zip(volume, labels, strict=True))
    for copy in range(1, settings.elastic_copies + 1):
        for z, (image, label) in enumerate(zip(volume, labels, strict=True)):
            field = slice_field(settings, copy, z, image.shape)
            yield deform(image, field), deform_labels(label, field)


def slice_field(settings: AugmentSection, copy: int, z: int, shape: tuple[int, int]) -> np.ndarray:
    """Return the field (2, Y, X) that made copy ``copy`` (from 1) of slice ``z``."""
    rng = np.random.default_rng([settings.seed, copy, z])
    return displacement_field(rng, shape, settings.elastic_grid, settings.elastic_amplitude_pixels)
