"""The viewer for a person's own volume: a region of it, as large as a browser opens at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusionnet.config.schema import slice_range
from fusionnet.errors import UserError
from fusionnet.evaluate.checks import as_labels, as_probabilities
from fusionnet.report.page.document import Cell, Code, Section, Table, render
from fusionnet.report.page.galleries import error_galleries
from fusionnet.report.page.vega import Arms
from fusionnet.report.page.viewer import Prediction, Stack, viewer_data
from fusionnet.volumes.grey_values import choose_window, to_levels
from fusionnet.volumes.source import Shape, VolumeSource

MOST_SIDE = 1024  # pixels
MOST_PIXELS = 7_000_000  # of all slices together; a page has some two bytes for each
KEY = "network"
Region = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Volumes:
    """What is looked at.

    Args:
        volume: Grey values.
        probabilities: Of "inside a cell".
        labels: Membranes or instance numbers, of the whole volume or of the slices that were predicted; None if there
            are none.
        deviation: Beside the probabilities; None if it was not kept.
        first: The slice of the volume that is the first of the probabilities.
    """

    volume: VolumeSource
    probabilities: VolumeSource
    labels: VolumeSource | None = None
    deviation: VolumeSource | None = None
    first: int = 0


def first_slice(volume: VolumeSource, probabilities: VolumeSource, slices: str | None) -> int:
    """Return which slice of a volume is the first that was predicted.

    Args:
        volume: Grey values.
        probabilities: Theirs, or those of some slices.
        slices: Which slices those are: ``"FIRST-LAST"``, or None for all.

    Raises:
        UserError: The two do not fit together.
    """
    chosen = slice_range(slices, "--slices") if slices else range(volume.shape[0])
    expected = (len(chosen), *volume.shape[1:])
    if chosen[-1] >= volume.shape[0]:
        raise UserError(f"--slices {slices}: {volume.name} has slices 0-{volume.shape[0] - 1}")
    if probabilities.shape != expected:
        hint = "say by --slices FIRST-LAST which slices were predicted" if slices is None else "choose others"
        raise UserError(
            f"{probabilities.name} has shape {probabilities.shape}, expected {expected} for {volume.name}: {hint}"
        )
    return chosen[0]


def region_around(shape: Shape, centre: Sequence[int] | None = None) -> Region:
    """Return as much of a volume as is shown: at most `MOST_SIDE` across, and so many slices as `MOST_PIXELS` allow.

    Args:
        shape: (Z, Y, X).
        centre: What is in its middle, as far as the volume's edges allow; None for the volume's own middle.
    """
    sides = [min(size, MOST_SIDE) for size in shape[1:]]
    slices = min(shape[0], max(1, MOST_PIXELS // (sides[0] * sides[1])))
    starts = (
        int(np.clip(middle - side // 2, 0, size - side))
        for middle, side, size in zip(centre or [size // 2 for size in shape], (slices, *sides), shape, strict=True)
    )
    z, y, x = (slice(start, start + side) for start, side in zip(starts, (slices, *sides), strict=True))
    return z, y, x


def read_prediction(volumes: Volumes, region: Region, threshold: float) -> Prediction:
    """Read a region of what is looked at.

    Args:
        volumes: All of them.
        region: In the probabilities.
        threshold: A pixel above it is inside a cell.

    Raises:
        UserError: Labels or deviations of another shape than the probabilities, or values that are none.
    """
    z, y, x = region
    in_volume = slice(z.start + volumes.first, z.stop + volumes.first)
    grey = volumes.volume.read(in_volume, y, x)
    levels = np.nan_to_num(to_levels(grey, choose_window(volumes.volume))).astype(np.uint8)
    labels, deviation = None, None
    if volumes.labels:
        of_volume = volumes.labels.shape == volumes.volume.shape
        _require_shape(volumes.labels, volumes.volume if of_volume else volumes.probabilities)
        labels = as_labels(volumes.labels.read(in_volume if of_volume else z, y, x), volumes.labels.name)
    if volumes.deviation:
        _require_shape(volumes.deviation, volumes.probabilities)
        deviation = volumes.deviation.read(*region)
    if deviation is not None and deviation.dtype == np.uint8:
        deviation = deviation / np.float32(255)
    if deviation is not None and not deviation.any():  # of one orientation, which has none to disagree with
        deviation = None
    numbers = range(in_volume.start, in_volume.stop)
    stack = Stack("volume", levels, labels, numbers, [f"slice {number}" for number in numbers], (y.start, x.start))
    probability = as_probabilities(volumes.probabilities.read(*region), volumes.probabilities.name)
    return Prediction(KEY, stack, probability, threshold, deviation)


def _require_shape(source: VolumeSource, other: VolumeSource) -> None:
    if source.shape != other.shape:
        raise UserError(f"{source.name} has shape {source.shape}, expected {other.shape} as {other.name} has")


def volume_page(volumes: Volumes, region: Region, threshold: float) -> str:
    """Return the page as HTML; arguments and errors as for `read_prediction`."""
    prediction = read_prediction(volumes, region, threshold)
    names = {KEY: "network"}
    z, y, x = region
    spans = {
        "slices": (z.start + volumes.first, z.stop + volumes.first),
        "y": (y.start, y.stop),
        "x": (x.start, x.stop),
    }
    shown = ", ".join(f"{name} {start} to {stop - 1}" for name, (start, stop) in spans.items())
    whole = region == tuple(slice(0, size) for size in volumes.probabilities.shape)
    text = [
        f"{'All' if whole else 'A part'} of what was predicted: {shown}. Segments: what is above a probability of "
        f"{threshold:g}, grown until borders are one pixel wide. A segment has the same colour in every slice."
    ]
    sections = [
        Section("slices", "Slices", text, viewer=viewer_data([prediction], names)),
        Section("worst-errors", "Worst errors", galleries=error_galleries([prediction], names[KEY])),
        Section("files", "Files", tables=[_files(volumes)]),
    ]
    return render(Path(volumes.probabilities.name).name, [], sections, Arms(names))


def _files(volumes: Volumes) -> Table:
    rows: list[list[Cell]] = [
        [role, Code(source.name), " x ".join(map(str, source.shape)), str(source.dtype), source.scale]
        for role, source in vars(volumes).items()
        if isinstance(source, VolumeSource)
    ]
    return Table("What was read", ["what", "file", "shape (z, y, x)", "values", "scale"], rows)
