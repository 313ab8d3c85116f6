"""Random samples for training: slice, crop, orientation, contrast and noise, drawn in under a millisecond.

*Stated* by the paper: 8 orientations, mirror padding of 64 pixels, Gaussian noise. *Ours*: crops instead of whole
slices (the paper trains on 640 x 640), the amount of noise, and the jitter of contrast and brightness.
"""

import numpy as np

from fusionnet.augment.geometry import ORIENTATIONS, around, mirrored, orient
from fusionnet.config.stages import AugmentSection
from fusionnet.errors import UserError
from fusionnet.models.normalisation import GREY_SPREAD, normalise

GREY_LEVELS = np.arange(256, dtype=np.uint8)


def draw_sample(
    rng: np.random.Generator,
    volume: np.ndarray,
    labels: np.ndarray,
    slices: list[int],
    copies: int,
    settings: AugmentSection,
    neighbours: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one training sample.

    Args:
        rng: Decides everything: key it by seed, step and sample.
        volume: uint8 grey values of the augment stage, ((copies + 1) * Z, Y, X); slice z of copy c is at c * Z + z.
        labels: 0 on a membrane, anything else inside a cell; same shape.
        slices: Slices z that may be drawn.
        copies: Number of elastic copies beside the original.
        settings: Crop, padding, orientations, noise and jitter.
        neighbours: Slices above, and as many below, that are cropped from the same place.

    Returns:
        Image, float32 as `fusionnet.models.normalisation.normalise` makes it, (1 + 2 * neighbours, crop_pixels,
        crop_pixels), and label, uint8 of 0 and 1, (crop_pixels, crop_pixels).

    Raises:
        UserError: The crop is larger than a padded slice.
    """
    depth = len(volume) // (copies + 1)
    first, z = int(rng.integers(copies + 1)) * depth, slices[int(rng.integers(len(slices)))]
    rows, columns = (_draw_positions(rng, side, settings) for side in volume.shape[1:])
    orientation = int(rng.integers(ORIENTATIONS)) if settings.orientations else 0
    grey = np.stack([_crop(volume[first + number], rows, columns) for number in around(z, neighbours, depth)])
    image, label = (orient(crop, orientation) for crop in (grey, _crop(labels[first + z], rows, columns)))
    # In C order, since torch takes no array with reversed axes and a DataLoader stacks such ones slowly.
    sample = jittered_levels(rng, settings.contrast_jitter)[np.ascontiguousarray(image)]
    if settings.noise_sigma > 0:
        sample += rng.standard_normal(sample.shape, np.float32) * np.float32(settings.noise_sigma / GREY_SPREAD)
    return sample, (np.ascontiguousarray(label) > 0).astype(np.uint8)


def require_crop_fits(shape: tuple[int, ...], settings: AugmentSection) -> None:
    """Raise a `UserError` if a crop is larger than a slice with its mirrored border.

    Args:
        shape: (Z, Y, X) of the stack.
        settings: Crop and padding.
    """
    room = min(shape[-2:]) + 2 * settings.padding_pixels
    if settings.crop_pixels > room:
        raise UserError(
            f"augment.crop_pixels is {settings.crop_pixels}, but slices of {shape[-2]} x {shape[-1]} pixels with a "
            f"border of {settings.padding_pixels} have only {room}; make the crop smaller"
        )


def _draw_positions(rng: np.random.Generator, side: int, settings: AugmentSection) -> np.ndarray:
    """Return the positions along one side that a crop takes, already mirrored into the slice."""
    require_crop_fits((side, side), settings)
    first = int(rng.integers(-settings.padding_pixels, side + settings.padding_pixels - settings.crop_pixels + 1))
    return mirrored(first, first + settings.crop_pixels, side)


def _crop(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    # Two one-dimensional selections touch less memory than one of (rows, columns) pairs.
    return image[rows][:, columns]


def jittered_levels(rng: np.random.Generator, jitter: float) -> np.ndarray:
    """Return what each of the 256 grey values becomes.

    Args:
        rng: Draws contrast, brightness and gamma.
        jitter: Greatest relative change of contrast and of gamma, and twice the greatest shift of brightness in
            units of the grey range; 0 for the plain normalised values.

    Returns:
        float32, (256,). One look-up replaces arithmetic on every pixel.
    """
    contrast, brightness, gamma = rng.uniform(-jitter, jitter, 3)
    levels = (GREY_LEVELS / 255) ** np.exp(gamma)
    changed = (levels - 0.5) * (1 + contrast) + 0.5 + brightness / 2
    return normalise(changed * 255)
