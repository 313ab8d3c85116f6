"""A stack cut into superpixels slice by slice, in the memory of three slices."""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from fusionnet.evaluate.checks import as_probabilities
from fusionnet.segment.edges import is_cut
from fusionnet.segment.features import BESIDE_NAMES, NAMES, CutSlice, beside, cut_slice
from fusionnet.segment.forest import Forest, fit
from fusionnet.segment.linkage import average_linkage

LOG = logging.getLogger(__name__)
BOTH_SIDES = (-1, 1)
ENOUGH_SLICES = 5  # with fewer, learned edges were no better than a threshold (docs/segment.md)


class Planes(Protocol):
    """Slices (Y, X) by their number: an array (Z, Y, X), or what reads them from a disk."""

    def __len__(self) -> int:
        """Return their number."""

    def __getitem__(self, z: int) -> np.ndarray:
        """Return slice ``z``."""


class CutStack:
    """Slices cut into superpixels when they are asked for; those that were asked for last are kept.

    Args:
        probabilities: Of "inside a cell": 0..1, or 8 bits; (Z, Y, X).
        grey: Grey values of any range, (Z, Y, X); membranes are dark.
    """

    def __init__(self, probabilities: Planes, grey: Planes):
        self.probabilities, self.grey = probabilities, grey
        self.cut = lru_cache(maxsize=3)(self._cut)

    def __len__(self) -> int:
        return len(self.probabilities)

    def _cut(self, z: int) -> CutSlice:
        return cut_slice(as_probabilities(self.probabilities[z])[0], self.grey[z])

    def features(self, z: int, looks_beside: bool, sides: tuple[int, ...] = BOTH_SIDES) -> np.ndarray:
        """Return what is known of the edges of a slice.

        Args:
            z: Its number.
            looks_beside: Whether the slices above and below are looked at too.
            sides: At which of them, if so.

        Returns:
            float32 (E, F), columns as `columns_of`.
        """
        here = self.cut(z)
        if not looks_beside:
            return here.features
        others = [self.cut(number) for number in (z + side for side in sides) if 0 <= number < len(self)]
        return np.concatenate([here.features, beside(here, [(other, other.heights) for other in others])], axis=1)

    def heights(self, z: int, forest: Forest | None) -> np.ndarray:
        """Return at which height each edge of a slice disappears: of learned edges, or without learning.

        Args:
            z: The slice.
            forest: From `learn`; None for the linkage of the boundary's lower quartile.
        """
        here = self.cut(z)
        if forest is None:
            return here.heights
        features = self.features(z, forest.features == columns_of(True))
        return average_linkage(here.edges.pairs, forest.probabilities(features), here.edges.lengths)


def columns_of(looks_beside: bool) -> tuple[str, ...]:
    """Return the names of the features, of a slice alone or with the slices beside it."""
    return (*NAMES, *BESIDE_NAMES) if looks_beside else NAMES


def learn(
    stack: CutStack,
    cells: Mapping[int, np.ndarray],
    looks_beside: Sequence[bool],
    generators: Sequence[np.random.Generator],
    about: dict[str, Any],
    **settings: int,
) -> list[Forest]:
    """Fit classifiers of edges on labelled slices.

    The slices beside them are looked at without labels: both, and once more one of them alone, since the first and the
    last slice of a stack have no other.

    Args:
        stack: Holds the labelled slices, and those beside them.
        cells: For each labelled slice its cells: whole numbers, 0 on membranes, (Y, X). No other label is read.
        looks_beside: For each classifier, whether it is told of the slices above and below.
        generators: One for each classifier.
        about: Kept in the classifiers.
        **settings: ``trees`` and ``leaf`` of `fusionnet.segment.forest.fit`.
    """
    if len(cells) < ENOUGH_SLICES:
        LOG.warning(
            "edges are learned from %d slices; from fewer than %d they may be worse than a plain threshold",
            len(cells),
            ENOUGH_SLICES,
        )
    features: dict[bool, list[np.ndarray]] = {each: [] for each in looks_beside}
    cut = []
    for z in sorted(cells):
        here = stack.cut(z)
        cut.append(is_cut(here.edges, here.pieces, cells[z]))
        for each, rows in features.items():
            rows.append(stack.features(z, each))
            if each:
                rows.append(stack.features(z, each, BOTH_SIDES[z % 2 : z % 2 + 1]))
    kinds = {False: np.concatenate(cut), True: np.concatenate([each for each in cut for _ in BOTH_SIDES])}
    about = about | {"slices": sorted(cells), "edges": int((kinds[False] >= 0).sum())}
    return [
        fit(np.concatenate(features[each]), kinds[each], columns_of(each), generator, about, **settings)
        for each, generator in zip(looks_beside, generators, strict=True)
    ]
