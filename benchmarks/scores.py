"""Time V_rand and V_info at all thresholds of a challenge-sized stack against a plain implementation.

Usage: python benchmarks/scores.py [--labels L.tif --probabilities P.tif]; without a stack, one is drawn. Both
implementations run in this process, on the same slices; the plain one on one slice only, and is scaled up.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage, spatial

from fusionnet.errors import run
from fusionnet.evaluate.counting import THRESHOLDS
from fusionnet.evaluate.isbi import score_stack
from fusionnet.volumes.volume import read_labels, read_volume

FIRST_CALL = """
import numpy as np, time
from fusionnet.evaluate.isbi import score_stack
half = np.arange(64.).reshape(1, 8, 8).astype(np.float32) / 64
start = time.perf_counter(), time.process_time()
score_stack(half > 0.3, half, threads=1)
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""


def main() -> None:
    arguments = parse_arguments()
    if arguments.labels:
        labels, probabilities = read_labels(arguments.labels), read_volume(arguments.probabilities)
    else:
        labels, probabilities = drawn_stack(np.random.default_rng(0))
    folder = tempfile.mkdtemp()
    for cache in ("empty", "filled"):
        wall, processor = first_call(folder)
        print(f"first call, numba cache {cache}: {wall:.2f} s ({processor:.2f} s of processor time)")
    score_stack(labels[:1], probabilities[:1])  # loads the compiled code
    fast, scores = timed(lambda: score_stack(labels, probabilities))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    single, _ = timed(lambda: score_stack(labels, probabilities, threads=1))
    plain, expected = timed(lambda: plain_scores(labels[0], probabilities[0]))
    shape = " x ".join(map(str, labels.shape))
    print(f"{shape}, {len(THRESHOLDS)} thresholds, V_rand and V_info with and without thinning:")
    print(f"  a thread for each slice in hand: {fast}")
    print(f"  1 thread: {single}; peak memory {peak:.0f} MiB")
    print(f"  plain Python flood and NumPy, one slice without the unthinned scores: {plain}")
    print(f"  ratio by processor time: {plain.processor * len(labels) / single.processor:.0f}")
    ours = np.stack([scores.per_slice["v_rand"][0], scores.per_slice["v_info"][0]], axis=1)
    print(f"  greatest difference between the two: {np.abs(ours - expected).max():.1e}")


class Seconds(NamedTuple):
    """Time that passed, and the processor time of this process: on a shared machine only the latter compares."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.processor:.2f} s of processor time)"


def timed(call: Callable) -> tuple[Seconds, Any]:
    start = time.perf_counter(), time.process_time()
    result = call()
    return Seconds(time.perf_counter() - start[0], time.process_time() - start[1]), result


def drawn_stack(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw 30 slices of 512 x 512 with some 120 cells each, and a blurred, noisy probability of them."""
    points = np.indices((512, 512)).reshape(2, -1).T
    labels, probabilities = np.empty((30, 512, 512), np.uint8), np.empty((30, 512, 512), np.float32)
    for z in range(30):
        nearest, _ = spatial.cKDTree(rng.uniform(0, 512, (120, 2))).query(points, k=2)
        labels[z] = (nearest[:, 1] - nearest[:, 0] > 5).reshape(512, 512)
        blurred = ndimage.gaussian_filter(labels[z].astype(np.float32), 2)
        probabilities[z] = np.clip(blurred + 0.15 * rng.standard_normal(blurred.shape), 0, 1)
    return labels, probabilities


def first_call(folder: str) -> list[float]:
    """Call the scores in a new process that keeps compiled code in ``folder``; return wall and processor seconds."""
    environment = os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-W", "ignore", "-c", FIRST_CALL]
    return [float(word) for word in subprocess.check_output(command, env=environment, text=True).split()]


def plain_scores(label: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Score one slice (Y, X) with a queue in Python and a contingency table in NumPy.

    Returns:
        (T, 2): V_rand and V_info at each threshold.
    """
    truth = ndimage.label(label)[0]
    return np.array([plain_score(truth, plain_thinned(probability > np.float64(level))) for level in THRESHOLDS])


def plain_thinned(mask: np.ndarray) -> np.ndarray:
    segments, found = ndimage.label(mask)
    if not found:
        return np.ones_like(segments)
    height, width = mask.shape
    edge = ndimage.binary_dilation(mask) & ~mask
    queue = deque((y, x) for x, y in np.argwhere(edge.T).tolist())
    seen = mask | edge
    while queue:
        y, x = queue.popleft()
        met = set()
        for v, u in ((y, x - 1), (y - 1, x), (y, x + 1), (y + 1, x)):
            if 0 <= v < height and 0 <= u < width:
                if segments[v, u]:
                    met.add(int(segments[v, u]))
                elif not seen[v, u]:
                    seen[v, u] = True
                    queue.append((v, u))
        segments[y, x] = met.pop() if len(met) == 1 else 0
    return np.minimum(segments, 65535)


def plain_score(truth: np.ndarray, segments: np.ndarray) -> tuple[float, float]:
    inside = truth > 0
    n = inside.sum()
    segments = segments[inside].astype(np.int64)
    dams = (segments == 0).sum()
    _, pairs = np.unique(
        truth[inside][segments > 0] * (segments.max() + 1) + segments[segments > 0], return_counts=True
    )
    rows, columns = np.bincount(truth[inside])[1:], np.bincount(segments)[1:]
    common, whole = (pairs**2).sum() + dams, (columns**2).sum() + dams + (rows**2).sum()
    singles = dams / n * np.log(n)
    of_truth, of_segments, joint = entropy(rows / n), entropy(columns / n) + singles, entropy(pairs / n) + singles
    information = 0 if min(of_truth, of_segments) < 1e-12 else of_truth + of_segments - joint
    return 2 * common / whole, 2 * information / (of_truth + of_segments)


def entropy(shares: np.ndarray) -> float:
    shares = shares[shares > 0]
    return -(shares * np.log(shares)).sum()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--probabilities", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
