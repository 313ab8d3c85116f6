"""Neurons: the segments of all slices of a volume, linked from slice to slice, under numbers that go on through it.

A slice is cut into segments by itself (with a look at those beside it), a link depends on two slices alone, and numbers
are given in the order in which neurons begin. So the labels are the same in whatever blocks a volume is read, and
memory holds three slices and two numbers for each segment.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numba import njit

from fusionnet.segment.cutting import CutStack
from fusionnet.segment.forest import Forest

COMMON_OF_ALL = 0.1  # least intersection over union of two segments that are linked [ours: 0.1 and 0.2 were the same]


def links_between(upper: np.ndarray, lower: np.ndarray, least: float = COMMON_OF_ALL) -> np.ndarray:
    """Return which segments of two neighbouring slices are one neuron: those that each fit the other best.

    How well two fit is their intersection over union; of equal ones the lower number counts. So a neuron has one
    segment in each slice, and its branches are neurons of their own; but a segment that is wrong in one slice does not
    merge what it touches in the next.

    Args:
        upper: Segments of a slice, from 1, and 0 for none, (Y, X).
        lower: Those of the next.
        least: Of the intersection over union.

    Returns:
        int32 (L, 2): a number of the upper and one of the lower slice, sorted.
    """
    one, other = upper.ravel(), lower.ravel()
    base, inside = int(other.max()) + 1, (one > 0) & (other > 0)
    keys, common = np.unique(one[inside].astype(np.int64) * base + other[inside], return_counts=True)
    pairs = np.stack(np.divmod(keys, base), axis=1)
    sizes = [np.bincount(each)[pairs[:, side]] for side, each in enumerate((one, other))]
    fit = common / (sizes[0] + sizes[1] - common)
    best = fit >= least
    for side in (0, 1):
        order = np.lexsort((pairs[:, 1 - side], -fit, pairs[:, side]))  # of each segment the best first
        _, first = np.unique(pairs[order, side], return_index=True)
        foremost = np.zeros(len(pairs), bool)
        foremost[order[first]] = True
        best &= foremost
    return pairs[best].astype(np.int32)


class Families:
    """Segments that are joined: a union-find over the segments of all slices, which grows slice by slice."""

    def __init__(self) -> None:
        self._parents = np.arange(1, dtype=np.int64)
        self.starts = [0]  # of each slice, and one more: how many segments there are before it

    def add(self, count: int) -> None:
        """Add a slice of so many segments."""
        first = self.starts[-1] + 1
        self.starts.append(self.starts[-1] + count)
        if self.starts[-1] >= len(self._parents):  # room for twice as many, so that growing costs little
            grown = np.arange(2 * self.starts[-1] + 1, dtype=np.int64)
            grown[:first] = self._parents[:first]
            self._parents = grown

    def join(self, z: int, pairs: np.ndarray) -> None:
        """Join segments of slice ``z`` with some of slice ``z + 1``, int (J, 2), each by its number in its slice."""
        _join(self._parents, pairs[:, 0].astype(np.int64) + self.starts[z], pairs[:, 1] + self.starts[z + 1])

    def numbers(self) -> np.ndarray:
        """Return the neuron of each segment of all slices, uint32 (S + 1), from 1 in the order in which they begin."""
        return _number(self._parents[: self.starts[-1] + 1])


@njit(cache=True)
def _root(parents: np.ndarray, node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@njit(cache=True)
def _join(parents: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    for pair in range(len(first)):
        one, other = _root(parents, first[pair]), _root(parents, second[pair])
        parents[max(one, other)] = min(one, other)  # the root is where the neuron begins, in whatever order pairs come


@njit(cache=True)
def _number(parents: np.ndarray) -> np.ndarray:
    numbers = np.zeros(len(parents), np.uint32)
    count = 0
    for node in range(1, len(parents)):
        root = _root(parents, node)
        if root == node:
            count += 1
            numbers[node] = count
        else:
            numbers[node] = numbers[root]
    return numbers


def segmented_slices(stack: CutStack, edges: Forest | None, level: float) -> Iterator[np.ndarray]:
    """Return the segments of all slices of a stack, int32 (Y, X) from 1, one slice after another.

    Args:
        stack: Probabilities and grey values.
        edges: Learned edges; None for the linkage that needs no learning.
        level: Height up to which superpixels are joined.
    """
    for z in range(len(stack)):
        yield stack.cut(z).segments(stack.heights(z, edges), level)


def link_slices(slices: Iterable[np.ndarray], keep: Callable[[int, np.ndarray], None]) -> Families:
    """Join the segments of a volume across its slices.

    Args:
        slices: The segments of each, in order; from 1, and 0 for none.
        keep: Is given each slice's number and segments, for `neurons_of` later.
    """
    families = Families()
    above: np.ndarray | None = None
    for z, here in enumerate(slices):
        families.add(int(here.max()))
        keep(z, here)
        if above is not None:
            families.join(z - 1, links_between(above, here))
        above = here
    return families


def neurons_of(families: Families, numbers: np.ndarray, z: int, segments: np.ndarray) -> np.ndarray:
    """Return the neurons of a slice's segments, uint32, of their shape; 0 for none.

    Args:
        families: Of all slices.
        numbers: Their `Families.numbers`.
        z: The slice.
        segments: Its segments, or a part of them.
    """
    return np.where(segments > 0, numbers[families.starts[z] + segments], np.uint32(0))
