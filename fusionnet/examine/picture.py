"""The picture of an examined stack: sampled slices, grey levels, and the course of the sections."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fusionnet.examine.slices import SectionMeasures
from fusionnet.style import WIDTH_INCHES, arm_colours, save_figure, styled
from fusionnet.volumes.source import middle

SHOWN_PIXELS = 512
SHOWN_SLICES = 3
INK, MARK = arm_colours(["fusionnet", "unet"]).values()


def draw_examination(
    path: Path,
    slices: list[tuple[int, np.ndarray]],
    membranes: dict[int, np.ndarray],
    measures: SectionMeasures,
) -> None:
    """Draw what `fusionnet.examine` measured.

    Args:
        path: The PNG.
        slices: Sampled slices' numbers and grey levels 0..255, (Y, X).
        membranes: Labelled membranes of those slices by number, booleans (Y, X); none without labels.
        measures: Of all sections.
    """
    picked = [slices[round(index)] for index in np.linspace(0, len(slices) - 1, min(SHOWN_SLICES, len(slices)))]
    with styled():
        figure = Figure(figsize=(WIDTH_INCHES, 7.6), layout="constrained")
        grid = figure.add_gridspec(3, 6, height_ratios=[3.0, 1.5, 1.5])
        for column, (number, grey) in enumerate(picked):
            _draw_slice(figure.add_subplot(grid[0, 2 * column : 2 * column + 2]), number, grey, membranes.get(number))
        _draw_histogram(figure.add_subplot(grid[1, :2]), np.concatenate([grey.ravel() for _, grey in slices]))
        courses = [
            (grid[1, 2:4], "Mean grey level", measures.mean, (0, 255)),
            (grid[1, 4:], "Contrast (standard deviation)", measures.contrast, (0, None)),
            (grid[2, :2], "Sharpness", measures.sharpness, (0, None)),
            (grid[2, 2:4], "Likeness to the section before", measures.likeness, (0, 1.02)),
            (grid[2, 4:], "Displacement from it (pixels)", measures.shift, (0, None)),
        ]
        for place, title, values, limits in courses:
            _draw_course(figure.add_subplot(place), title, values, limits)
    save_figure(figure, path)


def _draw_slice(axes: Axes, number: int, grey: np.ndarray, membrane: np.ndarray | None) -> None:
    shown = tuple(middle(size, SHOWN_PIXELS) for size in grey.shape)
    axes.imshow(grey[shown], cmap="gray", vmin=0, vmax=255, interpolation="none")
    if membrane is not None:
        overlay = np.zeros((*membrane[shown].shape, 4))
        overlay[membrane[shown]] = (0.85, 0.52, 0.0, 0.45)  # amber, as MARK
        axes.imshow(overlay, interpolation="none")
    axes.set_title(f"Section {number}" + (", labelled membranes" if membrane is not None else ""))
    axes.set_axis_off()


def _draw_histogram(axes: Axes, levels: np.ndarray) -> None:
    counts, edges = np.histogram(levels[np.isfinite(levels)], bins=64, range=(0, 256))
    axes.fill_between(edges[:-1], counts / max(1, counts.sum()), step="post", color=INK, alpha=0.8)
    axes.set(title="Grey levels (share of pixels)", xlim=(0, 255), ylim=(0, None))
    axes.set_xticks([0, 64, 128, 192, 255])


def _draw_course(axes: Axes, title: str, values: np.ndarray, limits: tuple[float, float | None]) -> None:
    numbers = np.arange(len(values))
    missing = np.isnan(values)
    missing[0] = False  # the first has no section before it
    axes.plot(numbers, values, color=INK, linewidth=1.2, marker="o" if len(values) <= 60 else None, markersize=3)
    for number in numbers[missing]:
        axes.axvline(number, color=MARK, linewidth=1.0)
    axes.set(title=title, xlabel="section", ylim=limits)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
