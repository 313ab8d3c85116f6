"""The classifier of edges: extremely randomised trees, fitted by scikit-learn, kept and evaluated as plain arrays.

A pickle runs code when it is loaded; arrays in a safetensors file do not. Trees: Geurts, Ernst and Wehenkel 2006, doi
10.1007/s10994-006-6226-1.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fusionnet.errors import UserError, did_you_mean
from fusionnet.files import whole_or_absent

LOG = logging.getLogger(__name__)

TREES, LEAF = 100, 10  # number of trees, and fewest training edges in a leaf
ARRAYS = ("roots", "feature", "value", "right")
KEY = "edges"
NOTHING_TO_LEARN = (
    "edges within cells and between cells %s in the training slices: nothing is learned, all edges count the same; "
    "name more slices, or check labels and probabilities"
)
# Learned edges that come with the package, each by the name of the network whose probabilities it was fitted on.
LEARNED_EDGES = {path.stem: path for path in sorted((Path(__file__).parent / "weights").glob("*.safetensors"))}


@dataclass(frozen=True)
class Forest:
    """T trees of M nodes in all; the left branch of a node is the node after it."""

    roots: np.ndarray
    """int32 (T): the first node of each tree."""
    feature: np.ndarray
    """int16 (M): which column a node asks for, -1 in a leaf."""
    value: np.ndarray
    """float32 (M): to the left goes what is not above it; in a leaf the share of cut edges among its training edges."""
    right: np.ndarray
    """int32 (M): the right branch; 0 in a leaf."""
    features: tuple[str, ...]
    """Names of the F columns."""
    about: dict[str, Any]
    """What it was fitted on; JSON-ready."""

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return the probability that each edge parts two cells, float64 (E).

        Args:
            features: float32 (E, F), finite.
        """
        if features.shape[1] != len(self.features):
            raise ValueError(f"got {features.shape[1]} features, expected {len(self.features)}")
        return _mean_share(np.ascontiguousarray(features, np.float32), self.roots, self.feature, self.value, self.right)


def fit(
    features: np.ndarray,
    cut: np.ndarray,
    names: Sequence[str],
    generator: np.random.Generator,
    about: dict[str, Any],
    trees: int = TREES,
    leaf: int = LEAF,
) -> Forest:
    """Fit a classifier of edges.

    Args:
        features: float32 (E, F), finite.
        cut: 1 where an edge parts two cells, 0 where it parts one, -1 where that is unknown, (E).
        names: Of the columns.
        generator: Draws the trees.
        about: What the edges are; kept.
        trees: Their number.
        leaf: Fewest training edges in a leaf.

    Returns:
        The classifier; a single leaf, with a warning, where there are no two kinds to tell apart.
    """
    from sklearn.ensemble import ExtraTreesClassifier  # a second to import, and only needed here

    known = cut >= 0
    if len(kinds := np.unique(cut[known])) < 2:
        share = float(kinds[0]) if len(kinds) else 0.5
        LOG.warning(NOTHING_TO_LEARN, "are all of one kind" if len(kinds) else "are not there")
        leaf_alone = np.array([-1], np.int16), np.array([share], np.float32), np.zeros(1, np.int32)
        return Forest(np.zeros(1, np.int32), *leaf_alone, tuple(names), about)
    seed = int(generator.integers(2**31))
    fitted = ExtraTreesClassifier(trees, min_samples_leaf=leaf, max_features="sqrt", random_state=seed)
    fitted.fit(features[known], cut[known])
    parts = [_plain(tree.tree_) for tree in fitted.estimators_]
    roots = np.cumsum([0, *(len(part[0]) for part in parts[:-1])]).astype(np.int32)
    feature, value, right = (np.concatenate(each) for each in zip(*parts, strict=True))
    shift = np.repeat(roots, [len(part[0]) for part in parts])
    right = np.where(feature < 0, 0, right + shift).astype(np.int32)
    return Forest(roots, feature, value, right, tuple(names), about)


def _plain(tree: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the arrays of a scikit-learn tree, whose nodes stand in depth-first order."""
    leaf = tree.children_left < 0
    if not np.array_equal(tree.children_left[~leaf], np.flatnonzero(~leaf) + 1):
        raise RuntimeError("this release of scikit-learn orders the nodes of a tree in another way than is known here")
    # It compares float32 values with a float64 threshold; the greatest float32 not above it gives the same answers.
    rounded = tree.threshold.astype(np.float32)
    threshold = np.where(rounded > tree.threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    counts = tree.value[:, 0, :]
    value = np.where(leaf, counts[:, 1] / counts.sum(axis=1), threshold)
    return np.where(leaf, -1, tree.feature).astype(np.int16), value.astype(np.float32), tree.children_right


@njit(cache=True, nogil=True)
def _mean_share(
    features: np.ndarray, roots: np.ndarray, feature: np.ndarray, value: np.ndarray, right: np.ndarray
) -> np.ndarray:
    sums = np.zeros(len(features))
    for root in roots:  # tree by tree: a tree stays in the processor's cache
        for row in range(len(features)):
            node = root
            while feature[node] >= 0:
                node = node + 1 if features[row, feature[node]] <= value[node] else right[node]
            sums[row] += value[node]
    return sums / len(roots)


def save_forest(path: Path, forest: Forest) -> None:
    """Write a classifier as safetensors; equal content gives equal bytes; whole or not at all."""
    about = json.dumps({"features": forest.features, "about": forest.about}, sort_keys=True)
    with whole_or_absent(path) as temporary:
        # Its save_file would let nobody else read the file: findings/safetensors_private_files.sh.
        temporary.write_bytes(save({name: getattr(forest, name) for name in ARRAYS}, {KEY: about}))


def load_forest(path: Path) -> Forest:
    """Read a classifier that `save_forest` wrote.

    Raises:
        UserError: There is no such file, or it is damaged or another one.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})[KEY])
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
        return Forest(**arrays, features=tuple(about["features"]), about=about["about"])
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: no such file, and no learned edges of the package{did_you_mean(str(path), list(LEARNED_EDGES))}; "
            "expected what scripts/segment.py --save-edges wrote, or fusionnet-isbi2012"
        ) from error
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise UserError(f"{path}: damaged, or no classifier of edges; fit it again with scripts/segment.py") from error


def find_learned(name: str) -> Path:
    """Return the file of learned edges: a path, or a name of the package's; a file of that path wins.

    Raises:
        UserError: Neither.
    """
    if Path(name).exists() or name not in LEARNED_EDGES:
        return Path(name)
    return LEARNED_EDGES[name]
