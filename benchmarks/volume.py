"""Whether memory stays flat and time linear as volumes grow: each is made on disk, and predicted by its own process.

With a network of one layer, so that reading, tiling and writing are measured and not the arithmetic; `--architecture`
measures a real one.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.stages import NetworkSettings, PredictSection
from fusionnet.devices import set_up
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.predict.predictor import Predictor
from fusionnet.predict.streaming import VolumeSink, predict_volume
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.volume import open_output, open_volume

SIDE = 1024
FLAT = 0.10  # difference of peaks that is still flat


class OneLayer(SegmentationNetwork):
    """A single 3 x 3 convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 3, padding=1)

    def segment(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1, H, W)."""
        return self.layer(x)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.5, 2, 8], help="sizes of the 8-bit volumes")
    parser.add_argument("--format", choices=["tif", "zarr"], default="tif", help="of volume and result")
    parser.add_argument("--folder", type=Path, help="where they are made; twice the largest is needed")
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), help="a real network instead of one layer")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_volume(path: Path, gigabytes: float) -> None:
    """Write slices of noise, the same few over and over: content does not matter."""
    depth = max(1, round(gigabytes * 1e9 / SIDE**2))
    plan = OutputPlan((depth, SIDE, SIDE), np.dtype("uint8"), SIDE, (50.0, 4.0, 4.0), {})
    output = open_output(path, plan)
    noise = np.random.default_rng(0).random((8, SIDE, SIDE), np.float32)
    for z in range(depth):
        output.write((z, slice(0, SIDE), slice(0, SIDE)), noise[z % 8])
    output.finish()


def measure(volume: Path, architecture: str | None, width: int) -> dict[str, float]:
    """Predict a volume and return seconds and peak memory of this process."""
    network = build(NetworkSettings(architecture=architecture, width=width)) if architecture else OneLayer()
    settings = PredictSection(
        orientation_average=architecture is not None,
        padding_pixels=64,
        tile_pixels=SIDE,
        device="auto",
        precision="auto",
    )
    source = open_volume(volume)
    predictor = Predictor(network, settings, set_up())
    plan = predictor.plan(range(source.shape[0]), source.shape[1:])
    output = OutputPlan(plan.shape, np.dtype("uint8"), SIDE, source.voxel_size_nm, {})
    sink = VolumeSink(volume.with_stem("result"), None, output, {})
    start = time.perf_counter()
    predict_volume(source, plan, range(len(plan)), predictor, None, sink)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts it in KiB
    return {"seconds": time.perf_counter() - start, "peak_bytes": peak, "voxels": int(np.prod(plan.shape))}


def main() -> None:
    arguments = parse_arguments()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.architecture, arguments.width)))
        return
    network = f"{arguments.architecture} of width {arguments.width}" if arguments.architecture else "one layer"
    print(f"{network}, {arguments.format}, slices of {SIDE} x {SIDE}\n")
    print("| volume (GB) | seconds | million voxels/s | peak memory (MB) |\n| ---: | ---: | ---: | ---: |")
    peaks = []
    for gigabytes in arguments.gigabytes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            volume = Path(folder) / f"volume.{arguments.format}"
            make_volume(volume, gigabytes)
            kind = ["--architecture", arguments.architecture] if arguments.architecture else []
            command = [sys.executable, __file__, "--measure", str(volume), "--width", str(arguments.width), *kind]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        peaks.append(found["peak_bytes"])
        rate = found["voxels"] / found["seconds"] / 1e6
        print(f"| {gigabytes:g} | {found['seconds']:.1f} | {rate:.1f} | {found['peak_bytes'] / 1e6:.0f} |", flush=True)
    spread = max(peaks) / min(peaks) - 1
    print(f"\nPeaks differ by {spread:.1%}: " + ("flat" if spread <= FLAT else "NOT flat"))
    sys.exit(0 if spread <= FLAT else 1)


if __name__ == "__main__":
    main()
