"""Scores of whole label volumes: adapted Rand error and variation of information, with merge and split parts.

Peers disagree on three points, and most of what separates published numbers is there: which truth labels are
left out, whether the segmentation's 0 is one segment or none, and whether a voxel pairs with itself. Here each is
an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np

from fusionnet.errors import UserError
from fusionnet.evaluate.kernels import count_overlap
from fusionnet.evaluate.overlaps import Overlap, scores_of, sort_by_cell


class Sliceable(Protocol):
    """An array in memory or on disk (HDF5, Zarr, memory map): read one slice of Z at a time."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __getitem__(self, z: int) -> np.ndarray:
        """Return slice ``z``."""


class OverlapTable(NamedTuple):
    """Voxels shared by a truth label and a segment, for each pair that meets; all arrays of shape (K,)."""

    truth: np.ndarray
    segments: np.ndarray
    voxels: np.ndarray


@dataclass(frozen=True)
class VolumeScores:
    """Scores of a label volume against a truth."""

    adapted_rand_error: float
    """1 - 2 P / (P_T + P_S), P pairs of voxels together in both, P_T in the truth, P_S in the segmentation."""
    rand_merge: float
    """P / P_S, the precision: 1 without mergers. scikit-image calls it recall."""
    rand_split: float
    """P / P_T, the recall: 1 without splits. scikit-image calls it precision."""
    voi: float
    """Variation of information in bits: `voi_merge` + `voi_split`, 0 for equal partitions."""
    voi_merge: float
    """H(truth | segmentation) in bits: 0 without mergers."""
    voi_split: float
    """H(segmentation | truth) in bits: 0 without splits."""
    voxels: int
    """Voxels that count."""


def score_volume(
    truth: Sliceable,
    segments: Sliceable,
    *,
    ignore: Sequence[int] = (0,),
    zero: Literal["segment", "voxels"] = "segment",
    self_pairs: bool = False,
) -> VolumeScores:
    """Score a label volume: adapted Rand error and variation of information.

    With n_ij voxels in truth label i and segment j, a_i and b_j their sums and n the voxels that count:
    P = sum n_ij^2 - n, P_T = sum a_i^2 - n, P_S = sum b_j^2 - n (Arganda-Carreras et al. 2015, doi
    10.3389/fnana.2015.00142, as scikit-image counts); voi_split = H(a, b) - H(a), voi_merge = H(a, b) - H(b) with
    entropies of n_ij / n to base 2 (Meila 2007, doi 10.1016/j.jmva.2006.11.013).

    The defaults count as scikit-image does; ``self_pairs=True, zero="voxels"`` counts as the ISBI challenge's
    V_rand does, of which 1 - adapted Rand error is then the value.

    Args:
        truth: Integer labels, shape (Z, Y, X) or (Y, X); read slice by slice, so it may lie on disk.
        segments: Integer labels of the same shape.
        ignore: Truth labels whose voxels do not count. The segmentation's labels are never ignored.
        zero: ``segment``: the segmentation's 0 is a segment like any other; ``voxels``: each voxel of 0 is a
            segment of its own, as boundaries that belong to nobody.
        self_pairs: Count each voxel as a pair with itself (no "- n" above); matters in small volumes only.

    Returns:
        The scores. Where no voxel has a partner, in truth or segmentation, the part is 1: nothing was
        split, or nothing merged.

    Raises:
        UserError: Shapes differ, labels are not integers, or no voxel is left to count.
    """
    table = overlap_table(truth, segments, ignore=ignore)
    n = int(table.voxels.sum())
    alone = table.segments == 0 if zero == "voxels" else np.zeros(len(table.voxels), bool)
    single = int(table.voxels[alone].sum())
    of_truth, of_segments = _sums(table.truth, table.voxels), _sums(table.segments[~alone], table.voxels[~alone])
    shared = table.voxels[~alone]
    own = 0 if self_pairs else n
    pairs, pairs_truth, pairs_segments = (
        _squares(shared) + single - own,
        _squares(of_truth) - own,
        _squares(of_segments) + single - own,
    )
    single_bits = single / n * np.log2(n)
    joint = _entropy(shared, n) + single_bits
    merge, split = joint - _entropy(of_segments, n) - single_bits, joint - _entropy(of_truth, n)
    both = pairs_truth + pairs_segments
    return VolumeScores(
        adapted_rand_error=1 - 2 * pairs / both if both else 0.0,
        rand_merge=pairs / pairs_segments if pairs_segments else 1.0,
        rand_split=pairs / pairs_truth if pairs_truth else 1.0,
        voi=float(max(merge, 0) + max(split, 0)),
        voi_merge=float(max(merge, 0)),
        voi_split=float(max(split, 0)),
        voxels=n,
    )


def overlap_table(truth: Sliceable, segments: Sliceable, *, ignore: Sequence[int] = (0,)) -> OverlapTable:
    """Count the voxels shared by each truth label and segment, slice by slice, in the memory of one slice.

    Args:
        truth: Integer labels, shape (Z, Y, X) or (Y, X).
        segments: Integer labels of the same shape.
        ignore: Truth labels whose voxels do not count.

    Returns:
        One entry per pair that meets, sorted by truth label, then segment.

    Raises:
        UserError: As for `score_volume`.
    """
    if tuple(truth.shape) != tuple(segments.shape) or len(truth.shape) not in (2, 3):
        raise UserError(
            f"truth has shape {tuple(truth.shape)} but segments {tuple(segments.shape)}; expected the same (Z, Y, X)"
        )
    for name, volume in (("truth", truth), ("segments", segments)):
        if volume.dtype.kind not in "bui":
            raise UserError(f"{name}: got {volume.dtype}, expected integer labels; convert the volume first")
    tables = [_table_of_slice(np.asarray(truth[z]), np.asarray(segments[z]), ignore) for z in range(truth.shape[0])]
    table = _merged(*(np.concatenate(part) for part in zip(*tables, strict=True)))
    if not len(table.voxels):
        raise UserError(
            f"no voxel counts: every truth label is in ignore={tuple(ignore)}; pass another ignore, or check the file"
        )
    return table


def _table_of_slice(truth: np.ndarray, segments: np.ndarray, ignore: Sequence[int]) -> OverlapTable:
    if truth.dtype == bool:
        truth = truth.astype(np.uint8)
    limits = np.iinfo(truth.dtype)
    counts = ~np.isin(truth, np.array([label for label in ignore if limits.min <= label <= limits.max], truth.dtype))
    truth, segments = truth[counts], segments[counts]
    if not truth.size:
        return OverlapTable(truth, segments, np.zeros(0, np.int64))
    # labels change rarely along a row: count runs, not voxels
    starts = np.flatnonzero(np.r_[True, (truth[1:] != truth[:-1]) | (segments[1:] != segments[:-1])])
    return _merged(truth[starts], segments[starts], np.diff(starts, append=truth.size))


def _merged(truth: np.ndarray, segments: np.ndarray, voxels: np.ndarray) -> OverlapTable:
    """Add up the entries of equal pairs. Labels stay in their own dtype: uint64 does not fit a float."""
    truth_labels, truth_codes = np.unique(truth, return_inverse=True)
    segment_labels, segment_codes = np.unique(segments, return_inverse=True)
    pairs, codes = np.unique(truth_codes * len(segment_labels) + segment_codes, return_inverse=True)
    total = np.zeros(len(pairs), np.int64)
    np.add.at(total, codes, voxels)
    first, second = np.divmod(pairs, max(len(segment_labels), 1))
    return OverlapTable(truth_labels[first], segment_labels[second], total)


def _sums(labels: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    total = np.zeros(len(np.unique(labels)), np.int64)
    np.add.at(total, np.unique(labels, return_inverse=True)[1], voxels)
    return total


def _squares(sizes: np.ndarray) -> int:
    """Return the sum of squares as a Python integer: large volumes exceed 64 bits."""
    return sum(size * size for size in sizes.tolist())


def _entropy(sizes: np.ndarray, n: int) -> float:
    shares = sizes[sizes > 0] / n
    return float(-(shares * np.log2(shares)).sum())


def score_segments(truth: np.ndarray, segments: np.ndarray) -> dict[str, float]:
    """Score one finished segmentation with the challenge's V_rand and V_info, without thresholds or thinning.

    Args:
        truth: Cell numbers; 0 does not count. Any shape: one slice, or a volume.
        segments: Segment numbers of the same shape; each pixel of 0 is a segment of its own.

    Returns:
        ``v_rand``, ``v_rand_merge``, ``v_rand_split``, ``v_info``, ``v_info_merge`` and ``v_info_split``.

    Raises:
        UserError: Shapes differ, or labels are not whole numbers from 0.
    """
    if np.shape(truth) != np.shape(segments):
        raise UserError(f"truth has shape {np.shape(truth)} but segments {np.shape(segments)}; expected the same")
    pixels, starts = sort_by_cell(_numbered(truth))
    numbers = _numbered(segments)
    sums = np.zeros(len(Overlap._fields))
    count_overlap(numbers, pixels, starts, int(numbers.max()), sums)
    return {name: float(value) for name, value in scores_of(sums).items()}


def _numbered(labels: np.ndarray) -> np.ndarray:
    """Flatten labels, renumbered if they are too great to serve as positions in a tally; 0 stays 0."""
    labels = np.asarray(labels).ravel()
    if labels.dtype.kind not in "bui" or labels.min() < 0:
        raise UserError(f"labels: got {labels.dtype} from {labels.min()}, expected whole numbers from 0")
    if labels.max() <= labels.size:
        return labels.astype(np.int32)
    values, numbers = np.unique(labels, return_inverse=True)
    return numbers.astype(np.int32) + (0 if values[0] == 0 else 1)
