"""How much a network's probabilities change if tiles see less than the network does: the halo of the zoo package.

A slice is predicted whole, and in tiles of 256 pixels with each halo; both from the same mirrored border.
"""

import argparse
import os
import platform
from datetime import date

import numpy as np
import torch

from fusionnet.errors import run
from fusionnet.export.bioimageio import halo_of
from fusionnet.export.onnx import Standalone
from fusionnet.models.pretrained import find, load_trained
from fusionnet.models.receptive_field import reach
from fusionnet.volumes.grey_values import choose_window, to_levels
from fusionnet.volumes.source import middle
from fusionnet.volumes.volume import open_volume

SIDE, TILE = 512, 256  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("volume", help="its first slice is predicted, the middle 512 x 512 pixels")
    parser.add_argument("--checkpoint", default="fusionnet-isbi2012")
    parser.add_argument("--halos", type=int, nargs="+", default=[64, 96, 128, 160])
    arguments = parser.parse_args()
    source = open_volume(arguments.volume)
    rows, columns = (middle(size, SIDE) for size in source.shape[1:])
    grey = to_levels(source.read(slice(0, 1), rows, columns)[0], choose_window(source))
    network, _, _ = load_trained(find(arguments.checkpoint))
    standalone = Standalone(network).eval()
    sees = -(-reach(network) // 16) * 16
    whole = predict(standalone, np.pad(grey, sees, mode="reflect"))[sees:-sees, sees:-sees]
    print(f"{date.today()}, {platform.machine()}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    print(f"{arguments.checkpoint} sees {reach(network)} pixels; the package has a halo of {halo_of(network)}")
    for halo in arguments.halos:
        apart = np.abs(tiled(standalone, grey, halo) - whole)
        shares = f"{(apart > 0.01).mean():.2%} of the pixels by more than 0.01"
        print(f"halo {halo:3}: greatest difference {apart.max():.2g}, mean {apart.mean():.2g}, {shares}")


def predict(standalone: torch.nn.Module, grey: np.ndarray) -> np.ndarray:
    """Return probabilities of a slice (Y, X)."""
    with torch.inference_mode():
        return standalone(torch.from_numpy(np.ascontiguousarray(grey))[None, None])[0, 0].numpy()


def tiled(standalone: torch.nn.Module, grey: np.ndarray, halo: int) -> np.ndarray:
    """Return probabilities of a slice (Y, X), predicted in tiles that see so many pixels around them."""
    border = np.pad(grey, halo, mode="reflect")
    result = np.empty_like(grey)
    for top in range(0, grey.shape[0], TILE):
        for left in range(0, grey.shape[1], TILE):
            window = border[top : top + TILE + 2 * halo, left : left + TILE + 2 * halo]
            result[top : top + TILE, left : left + TILE] = predict(standalone, window)[halo:-halo, halo:-halo]
    return result


if __name__ == "__main__":
    run(main)
