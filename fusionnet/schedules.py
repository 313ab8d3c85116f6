"""Learning rates: a function of the step alone, so that a resumed training cannot get them wrong."""

import math

from fusionnet.jobs import TrainSection

WARM_UP = 0.1  # share of the steps in which one_cycle rises
START = 0.04  # one_cycle's first rate, as a share of its highest (Smith & Topin 2017 start at 1/25)
END = 1e-3  # the last rate of cosine and one_cycle, as a share of the highest


def learning_rate(step: int, settings: TrainSection) -> float:
    """Return the learning rate of a step.

    Args:
        step: Counted from 0, over all epochs.
        settings: Has the schedule, its highest rate and the number of steps.

    Returns:
        ``constant``: always the highest. ``cosine``: falls from it along half a cosine (Loshchilov & Hutter 2017,
        equation 5, one period). ``one_cycle``: rises along half a cosine in the first tenth, then falls like it.
    """
    progress = step / max(1, settings.steps - 1)
    if settings.schedule == "constant":
        share = 1.0
    elif settings.schedule == "cosine":
        share = _half_cosine(1.0, END, progress)
    elif progress < WARM_UP:
        share = _half_cosine(START, 1.0, progress / WARM_UP)
    else:
        share = _half_cosine(1.0, END, (progress - WARM_UP) / (1.0 - WARM_UP))
    return settings.learning_rate * share


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * progress)) / 2.0
