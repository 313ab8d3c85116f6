"""The challenge's scores as compiled loops over one slice: components, border thinning, and the overlap with the truth.

The flood is two-level, first in first out and 4-connected. Its result depends on the order in which pixels
are visited, so no general watershed reproduces it; this module states that order and keeps it. Every kernel
works on one slice, transposed to (X, Y) and framed by one pixel, as a flat array: memory order is then the
challenge's column-major order, and a neighbour is a fixed distance away without a test for the border.

All kernels that call one another, and the constants that they use, stand in this one file: numba's cache looks at the
file of the outermost function alone, and would go on with the old code of what that function calls.
"""

import numpy as np

from fusionnet.arithmetic import cached_njit

DAM = 0
LARGEST_SEGMENT = 65535  # the challenge kept segments in 16 bits and clamped greater numbers
_FREE, _QUEUED, _OUTSIDE = -1, -2, -3


def framed(plane: np.ndarray) -> np.ndarray:
    """Return a slice (Y, X) transposed, framed by one pixel of 0 and flat: length (X + 2) * (Y + 2)."""
    return np.pad(plane.T, 1).ravel()


@cached_njit(nogil=True, error_model="numpy")
def number_components(values: np.ndarray, column: int, segments: np.ndarray, queue: np.ndarray) -> int:
    """Number the 4-connected components of equal non-zero values in memory order.

    Args:
        values: Framed flat slice, integers; 0 is background. The frame must be 0.
        column: Length of one framed column, Y + 2.
        segments: int32, framed like ``values``; receives 1, 2, ... in components and 0 elsewhere.
        queue: int32 work space, at least as long as there are pixels.

    Returns:
        The number of components.
    """
    segments[:] = 0
    count = 0
    for seed in range(values.size):
        if values[seed] == 0 or segments[seed] != 0:
            continue
        count += 1
        segments[seed] = count
        queue[0] = seed
        waiting = 1
        while waiting:
            waiting -= 1
            pixel = queue[waiting]
            for step in (-column, -1, column, 1):
                neighbour = pixel + step
                if values[neighbour] == values[seed] and segments[neighbour] == 0:
                    segments[neighbour] = count
                    queue[waiting] = neighbour
                    waiting += 1
    return count


@cached_njit(nogil=True, error_model="numpy")
def flood(segments: np.ndarray, column: int, queue: np.ndarray) -> None:
    """Grow numbered components over the background, in place, until only dams remain between them.

    The queue starts with every background pixel that touches a component, in column-major order. A popped
    pixel looks left, up, right and down: background pixels not yet queued join the queue, and if exactly one
    segment is met the pixel takes it; otherwise it becomes a dam. Dams pass the flood on.

    Args:
        segments: int32 framed flat slice, as `number_components` leaves it, with at least one component.
        column: Length of one framed column, Y + 2.
        queue: int32 work space, at least as long as there are pixels.
    """
    size = segments.size
    for pixel in range(size):
        outside = pixel < column or pixel >= size - column or pixel % column == 0 or pixel % column == column - 1
        if outside:
            segments[pixel] = _OUTSIDE
        elif segments[pixel] == 0:
            segments[pixel] = _FREE
    last = 0
    for pixel in range(column, size - column):
        if segments[pixel] == _FREE and (
            segments[pixel - column] > 0
            or segments[pixel - 1] > 0
            or segments[pixel + column] > 0
            or segments[pixel + 1] > 0
        ):
            segments[pixel] = _QUEUED
            queue[last] = pixel
            last += 1
    first = 0
    while first < last:
        pixel = queue[first]
        first += 1
        met = DAM
        several = False
        for step in (-column, -1, column, 1):
            state = segments[pixel + step]
            if state > 0:
                several = several or (met != DAM and met != state)
                met = state
            elif state == _FREE:
                segments[pixel + step] = _QUEUED
                queue[last] = pixel + step
                last += 1
        segments[pixel] = DAM if several else met


@cached_njit(nogil=True, error_model="numpy")
def wrap_to_16_bits(segments: np.ndarray, column: int, count: int) -> np.ndarray:
    """Renumber components in row-major order modulo 65536, as the challenge's unthinned form did.

    It kept components in 16 bits without a check, so component 65536 becomes background and 65537 joins the
    first. Up to 65535 components the partition does not change.

    Args:
        segments: int32 framed flat slice, numbered 0..count.
        column: Length of one framed column, Y + 2.
        count: The number of components.

    Returns:
        int32, framed like ``segments``.
    """
    numbers = np.full(count + 1, -1, np.int32)
    numbers[0] = 0
    wrapped = np.empty_like(segments)
    found = 0
    for row in range(column):
        for pixel in range(row, segments.size, column):
            segment = segments[pixel]
            if numbers[segment] < 0:
                found += 1
                numbers[segment] = found & 0xFFFF
            wrapped[pixel] = numbers[segment]
    return wrapped


@cached_njit(nogil=True, error_model="numpy")
def count_overlap(segments: np.ndarray, pixels: np.ndarray, starts: np.ndarray, largest: int, sums: np.ndarray) -> None:
    """Reduce the overlap of sorted truth pixels with a segmentation to the seven sums of `overlaps.Overlap`.

    Args:
        segments: Flat segment numbers; 0 is a dam, that is a segment of one pixel.
        pixels: Positions in ``segments`` of the truth's foreground, cell after cell.
        starts: Where each cell begins in ``pixels``; one entry more than cells.
        largest: The greatest segment number, or more.
        sums: float64 (7,); receives the values of an `Overlap`, in order.
    """
    per_segment = np.zeros(largest + 1, np.int64)
    per_overlap = np.zeros(largest + 1, np.int64)
    n = pixels.size
    dams = 0
    truth_pairs = segment_pairs = common_pairs = 0.0
    truth_entropy = segment_entropy = joint_entropy = 0.0
    for cell in range(starts.size - 1):
        size = starts[cell + 1] - starts[cell]
        if size == 0:
            continue
        truth_pairs += float(size) * size
        truth_entropy -= size / n * np.log(size / n)
        for pixel in pixels[starts[cell] : starts[cell + 1]]:
            per_overlap[segments[pixel]] += 1
        dams += per_overlap[0]
        per_overlap[0] = 0
        for pixel in pixels[starts[cell] : starts[cell + 1]]:
            segment = segments[pixel]
            shared = per_overlap[segment]
            if shared:
                per_overlap[segment] = 0
                per_segment[segment] += shared
                common_pairs += float(shared) * shared
                joint_entropy -= shared / n * np.log(shared / n)
    for size in per_segment:
        if size:
            segment_pairs += float(size) * size
            segment_entropy -= size / n * np.log(size / n)
    if dams:
        singles = dams / n * np.log(n)
        segment_entropy += singles
        joint_entropy += singles
    sums[0] = n
    sums[1] = truth_pairs
    sums[2] = segment_pairs + dams
    sums[3] = common_pairs + dams
    sums[4] = truth_entropy
    sums[5] = segment_entropy
    sums[6] = joint_entropy


@cached_njit(nogil=True, error_model="numpy")
def count_slice(
    proposal: np.ndarray, column: int, pixels: np.ndarray, starts: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Binarise, thin and count one framed slice at every threshold.

    Returns:
        int64 counts (T, 6) in the order of `isbi.score_stack`, and the sums of `overlaps.Overlap` (T, 7), thinned
        and not.
    """
    steps = thresholds.size
    counts = np.zeros((steps, 6), np.int64)
    thinned = np.zeros((steps, 7))
    unthinned = np.zeros((steps, 7))
    inside = np.empty(proposal.size, np.uint8)
    segments = np.empty(proposal.size, np.int32)
    queue = np.empty(proposal.size, np.int32)
    size = (proposal.size // column - 2) * (column - 2)
    for step in range(steps):
        positives = 0
        for pixel in range(proposal.size):
            # float32 against float64: numba compares both as double, as the challenge did
            inside[pixel] = proposal[pixel] > thresholds[step]
            positives += inside[pixel]
        true_positives = 0
        for pixel in pixels:
            true_positives += inside[pixel]
        found = number_components(inside, column, segments, queue)
        untouched = segments if found <= LARGEST_SEGMENT else wrap_to_16_bits(segments, column, found)
        count_overlap(untouched, pixels, starts, found, unthinned[step])
        dams = 0
        if found:
            flood(segments, column, queue)
            for pixel in range(segments.size):
                dams += segments[pixel] == 0
                segments[pixel] = min(segments[pixel], LARGEST_SEGMENT)
        else:
            segments[:] = 1
        count_overlap(segments, pixels, starts, max(found, 1), thinned[step])
        counts[step, 0] = min(max(found, 1), LARGEST_SEGMENT)
        counts[step, 1] = dams
        counts[step, 2] = true_positives
        counts[step, 3] = positives - true_positives
        counts[step, 4] = pixels.size - true_positives
        counts[step, 5] = size - positives - pixels.size + true_positives
    return counts, thinned, unthinned
