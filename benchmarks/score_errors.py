"""Draw docs/figures/score-errors.png: cells with gaps punched through membranes and two false walls."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage, spatial

from fusionnet.evaluate.error_maps import write_overlay
from fusionnet.evaluate.isbi import score_stack

FIGURE = Path(__file__).parents[1] / "docs/figures/score-errors.png"


def main() -> None:
    """Write the figure."""
    rng = np.random.default_rng(4)
    points = np.indices((256, 256)).reshape(2, -1).T
    cells = [spatial.cKDTree(rng.uniform(-32, 288, (60, 2))).query(points, k=2)[0] for _ in range(3)]
    labels = np.stack([(near[:, 1] - near[:, 0] > 5).reshape(256, 256) for near in cells]).astype(np.uint8)
    gaps = ndimage.binary_dilation((labels == 0) & (rng.random(labels.shape) < 0.0003), np.ones((1, 9, 9)))
    walls = np.zeros(labels.shape, bool)
    walls[:, 60:64, 20:200] = walls[1:, 150:230, 100:103] = True
    blurred = 0.9 * ndimage.gaussian_filter(labels.astype(np.float32), (0, 1.5, 1.5))
    probabilities = np.where(walls, 0.1, np.where(gaps, 0.9, blurred)).astype(np.float32)
    write_overlay(FIGURE, labels, probabilities, score_stack(labels, probabilities))
    small = Image.open(FIGURE).convert("RGB").resize((1020, 720), Image.Resampling.LANCZOS)
    small.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(FIGURE, optimize=True)


if __name__ == "__main__":
    main()
