"""Names beside marks, marks beside one another, and readable ticks on short logarithmic axes."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from scipy.optimize import isotonic_regression

LABEL_INCHES = 0.19  # height of a name with some air


def name_beside(
    axis: Axes,
    points: Mapping[str, tuple[float, float]],
    names: Mapping[str, str],
    colours: Mapping[str, str],
    height_inches: float,
) -> None:
    """Write names to the right of an axis, each joined to its point by a line, none upon another.

    Args:
        axis: Its scales are final.
        points: Place of each arm, in data coordinates.
        names: Display name of each arm.
        colours: Colour of each arm.
        height_inches: Height of the axis, roughly.
    """
    to_axes = axis.transScale + axis.transLimits
    levels = {arm: float(to_axes.transform(point)[1]) for arm, point in points.items()}
    arms = sorted(points, key=lambda arm: levels[arm])
    heights = spread([levels[arm] for arm in arms], LABEL_INCHES / height_inches)
    for arm, height in zip(arms, heights, strict=True):
        axis.annotate(
            names[arm],
            points[arm],
            (1.06, height),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=colours[arm],
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colours[arm], "linewidth": 0.8, "alpha": 0.5, "relpos": (0, 0.5)},
        )


def spread(places: list[float], gap: float) -> list[float]:
    """Return ascending places moved as little as possible so that they lie at least a gap apart.

    Least squares, which with a gap taken off before each place is an isotonic regression. They stay in 0..1 where
    there is room.

    Args:
        places: Ascending.
        gap: Least distance.
    """
    steps = gap * np.arange(len(places))
    level = isotonic_regression(np.asarray(places) - steps).x
    return (np.clip(level, 0, max(0.0, 1 - steps[-1])) + steps).tolist()


def side_by_side(places: Mapping[str, float], factor: float) -> dict[str, float]:
    """Return places on a logarithmic axis, those that are nearly equal set apart about their common middle.

    Args:
        places: Of each arm, above 0.
        factor: What lies nearer together than this is set apart by it.
    """
    groups: list[list[str]] = []
    for arm in sorted(places, key=lambda arm: places[arm]):
        if groups and places[arm] < factor * places[groups[-1][-1]]:
            groups[-1].append(arm)
        else:
            groups.append([arm])
    apart = {}
    for group in groups:
        middle = np.exp(np.mean([np.log(places[arm]) for arm in group]))
        for position, arm in enumerate(group):
            apart[arm] = float(middle * factor ** (position - (len(group) - 1) / 2))
    return apart


def logarithmic(axis: Axes) -> None:
    """Make the x axis logarithmic, with plain numbers at its ticks even where it spans less than a decade."""
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    steps = (1.0, 2.0, 5.0) if high > 10 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
    axis.xaxis.set_major_locator(LogLocator(subs=steps) if high > 2 * low else MaxNLocator(4))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
