"""A picture of what the networks see in training: random samples, and one elastic deformation step by step."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from fusionnet.augment.elastic import deform, deform_labels, slice_field
from fusionnet.augment.samples import draw_sample
from fusionnet.config.stages import AugmentSection
from fusionnet.files import whole_or_absent
from fusionnet.models.normalisation import normalise

ROWS, COLUMNS = 4, 6
CONTOUR_COLOUR = "#ff9500"
ARROWS_PER_SIDE = 23


def contact_sheet(path: Path, volume: np.ndarray, labels: np.ndarray, settings: AugmentSection) -> None:
    """Draw the contact sheet.

    Args:
        path: PNG file, written whole or not at all.
        volume: uint8 grey values of the augment stage, ((elastic_copies + 1) * Z, Y, X).
        labels: Its labels, same shape.
        settings: What the samples are drawn with.
    """
    figure = Figure(figsize=(9.6, 9.6), layout="constrained")
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 2.3)))
    _draw_deformation(np.asarray(above.subplots(1, 4)), volume[0], labels[0], settings)
    above.suptitle("Elastic deformation of slice 0: image and label move together", fontsize=11)
    slices = list(range(len(volume) // (settings.elastic_copies + 1)))
    for sample, axes in enumerate(np.asarray(below.subplots(ROWS, COLUMNS)).flat):
        rng = np.random.default_rng([settings.seed, sample])
        (image,), label = draw_sample(rng, volume, labels, slices, settings.elastic_copies, settings)
        _draw_sample(axes, image, label)
    side = settings.crop_pixels
    below.suptitle(f"Training samples, {side} x {side} pixels; orange: contour of the label", fontsize=11)
    with whole_or_absent(path) as temporary:
        figure.savefig(temporary, dpi=110)
        # A palette of 256 colours halves a picture that is mostly grey texture.
        Image.open(temporary).convert("RGB").quantize(256).save(temporary, optimize=True)


def _draw_deformation(row: np.ndarray, image: np.ndarray, label: np.ndarray, settings: AugmentSection) -> None:
    field = slice_field(settings, 1, 0, image.shape)
    _show(row[0], image, "original")
    _draw_field(row[1], field)
    _show(row[2], deform(image, field), "deformed")
    _show(row[3], deform_labels(label, field) * 255, "deformed label")


def _draw_field(axes: Axes, field: np.ndarray) -> None:
    """Show each displacement's length as a colour, and the directions of some as arrows."""
    length = np.hypot(*field)
    # The contour's own colour, so that a small palette serves the whole picture.
    colours = LinearSegmentedColormap.from_list("length", ["#202020", CONTOUR_COLOUR])
    picture = axes.imshow(length, cmap=colours)
    y, x = (np.linspace(0, side - 1, ARROWS_PER_SIDE).round().astype(int) for side in length.shape)
    at = np.ix_(y, x)
    # Image rows grow downwards, hence angles in data units.
    axes.quiver(x, y, field[1][at], field[0][at], color="white", angles="xy", scale_units="xy", scale=0.6, width=0.006)
    axes.figure.colorbar(picture, ax=axes, location="bottom", shrink=0.8, pad=0.02).ax.tick_params(labelsize=7)
    _finish(axes, "displacement (pixels)")


def _draw_sample(axes: Axes, image: np.ndarray, label: np.ndarray) -> None:
    # Fixed limits, so that the jitter of contrast and brightness shows.
    black, white = normalise(np.array([0, 255])).tolist()
    axes.imshow(image, cmap="gray", vmin=black, vmax=white)
    _finish(axes)
    if label.min() < label.max():
        axes.contour(label, levels=[0.5], colors=CONTOUR_COLOUR, linewidths=0.6)


def _show(axes: Axes, image: np.ndarray, title: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    _finish(axes, title)


def _finish(axes: Axes, title: str | None = None) -> None:
    """Leave a thin frame instead of numbered axes: a white label would melt into the page."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(linewidth=0.4, color="gray")
    if title:
        axes.set_title(title, fontsize=9)
