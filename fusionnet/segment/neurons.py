"""Neurons: the segments of all slices of a volume, linked from slice to slice, under numbers that go on through it.

A slice is cut into segments by itself (with a look at those beside it), a link depends on two slices alone, and numbers
are given in the order in which neurons begin. So the labels are the same in whatever blocks a volume is read, and
memory holds three slices and two numbers for each segment.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit

from fusionnet.segment.cutting import CutStack
from fusionnet.segment.forest import Forest, fit
from fusionnet.segment.links import LINK_NAMES, Links, SegmentedSlice, find_links, parts


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


def segmented_slices(stack: CutStack, edges: Forest | None, level: float) -> Iterator[SegmentedSlice]:
    """Return all slices of a stack, cut into segments, one after another.

    Args:
        stack: Probabilities and grey values.
        edges: Learned edges; None for the linkage that needs no learning.
        level: Height up to which superpixels are joined.
    """
    for z in range(len(stack)):
        here = stack.cut(z)
        yield segmented(here.segments(stack.heights(z, edges), level), here.smooth, stack.grey[z])


def segmented(segments: np.ndarray, boundary: np.ndarray, grey: np.ndarray) -> SegmentedSlice:
    """Return a slice's segments with what links are told of it; grey values of any range, (Y, X)."""
    levels = np.asarray(grey, np.float64)
    relative = (levels - levels.mean()) / max(float(levels.std()), 1e-6)
    return SegmentedSlice(segments, boundary, relative.astype(np.float32))


def link_slices(
    slices: Iterable[SegmentedSlice],
    join: Callable[[Links], np.ndarray],
    keep: Callable[[int, np.ndarray], None],
) -> Families:
    """Join the segments of a volume across its slices.

    Args:
        slices: In order.
        join: Tells which links are one neuron; see `fusionnet.segment.links.joined_pairs`.
        keep: Is given each slice's number and segments, int32 (Y, X), for `neurons_of` later.
    """
    families = Families()
    above: SegmentedSlice | None = None
    for z, here in enumerate(slices):
        families.add(int(here.segments.max()))
        keep(z, here.segments)
        if above is not None:
            families.join(z - 1, join(find_links(above, here)))
        above = here
    return families


def neurons_of(families: Families, numbers: np.ndarray, z: int, segments: np.ndarray) -> np.ndarray:
    """Return the neurons of a slice's segments, uint32, of their shape.

    Args:
        families: Of all slices.
        numbers: Their `Families.numbers`.
        z: The slice.
        segments: Its segments, or a part of them.
    """
    return np.where(segments > 0, numbers[families.starts[z] + segments], np.uint32(0))


def learn_links(
    stack: CutStack,
    neurons: Mapping[int, np.ndarray],
    edges: Forest | None,
    level: float,
    generator: np.random.Generator,
    about: dict[str, Any],
    **settings: int,
) -> Forest:
    """Fit a classifier of links on slices whose neurons are known.

    Args:
        stack: Holds these slices.
        neurons: Of each such slice the truth: numbers that go on from slice to slice, 0 on membranes, (Y, X). Links of
            two that follow one another are learned from; no other truth is read.
        edges: As in `segmented_slices`.
        level: As in `segmented_slices`.
        generator: Draws the trees.
        about: Kept in the classifier.
        **settings: ``trees`` and ``leaf`` of `fusionnet.segment.forest.fit`.

    Raises:
        UserError: As for `fusionnet.segment.forest.fit`.
    """
    features, cut = [np.empty((0, len(LINK_NAMES)), np.float32)], [np.empty(0, np.int8)]
    cuts = {z: stack.cut(z).segments(stack.heights(z, edges), level) for z in sorted(neurons)}
    for z, following in pairwise(sorted(neurons)):
        if following == z + 1:
            upper, lower = (segmented(cuts[each], stack.cut(each).smooth, stack.grey[each]) for each in (z, following))
            links = find_links(upper, lower)
            features.append(links.features)
            cut.append(parts(links, upper, lower, (neurons[z], neurons[following])))
    return fit(np.concatenate(features), np.concatenate(cut), LINK_NAMES, generator, about, **settings)
