"""Volumes larger than memory: speed, peak memory, and how much of a volume is read when it is only opened.

Usage: python benchmarks/volume.py sizes | against CHECKOUT | jobs | libraries | opening

`sizes` says whether memory stays flat and time linear as volumes grow, `against` compares with another checkout of the
project in the same run, `jobs` predicts one volume by four jobs and by one, `libraries` writes and reads the same
chunks with tensorstore and zarr-python, `opening` counts requests and bytes at a server. With a network of one layer,
so that reading, tiling and writing are measured and not the arithmetic; `--architecture` measures a real one.
"""

import argparse
import http.server
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.stages import NetworkSettings, PredictSection
from fusionnet.devices import set_up
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.predict.predictor import Predictor
from fusionnet.predict.store import PredictionStore, parse_shard
from fusionnet.predict.streaming import predict_volume
from fusionnet.volumes.chunked_output import first_level
from fusionnet.volumes.levels import Writes
from fusionnet.volumes.output import OutputPlan
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume, save_volume

SIDE = 1024
NM = (50.0, 4.0, 4.0)
FLAT = 0.10  # difference of peaks that is still flat
JOBS = 4


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
    parser.add_argument(
        "what", nargs="?", choices=["sizes", "against", "jobs", "libraries", "opening"], default="sizes"
    )
    parser.add_argument("checkout", nargs="?", type=Path, help="of `against`: a folder with another build")
    parser.add_argument("--gigabytes", type=float, nargs="+", help="sizes of the 8-bit volumes (default: 0.5 2 8; 2)")
    parser.add_argument("--repeats", type=int, default=2, help="of `against`: pairs, one after another")
    parser.add_argument("--format", choices=["tif", "zarr"], default="tif", help="of volume and result")
    parser.add_argument("--folder", type=Path, help="where they are made; four times the largest is needed")
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), help="a real network instead of one layer")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shard", help=argparse.SUPPRESS)
    parser.add_argument("--wait", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def plan_of(gigabytes: float) -> OutputPlan:
    depth = max(1, round(gigabytes * 1e9 / SIDE**2))
    return OutputPlan((depth, SIDE, SIDE), np.dtype("uint8"), (1, SIDE, SIDE), NM, {}, window=(0.0, 255.0))


def make_volume(path: Path, gigabytes: float) -> None:
    """Write slices of noise, the same few over and over: content does not matter."""
    plan = plan_of(gigabytes)
    noise = np.random.default_rng(0).integers(0, 256, (8, SIDE, SIDE), np.uint8)
    source = VolumeSource(
        "noise", plan.shape, plan.dtype, lambda z, y, x: noise[np.arange(z.start, z.stop) % 8, y, x], NM
    )
    save_volume(path, plan, source)


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Predict a volume, or a share of it, and return seconds and peak memory of this process."""
    volume, architecture = arguments.measure, arguments.architecture
    network = build(NetworkSettings(architecture=architecture, width=arguments.width)) if architecture else OneLayer()
    settings = PredictSection(
        orientation_average=architecture is not None,
        padding_pixels=64,
        tile_pixels=SIDE,
        device="auto",
        precision="auto",
    )
    torch.manual_seed(0)
    source = open_volume(volume)
    predictor = Predictor(network, settings, set_up())
    plan = predictor.plan(range(source.shape[0]), source.shape[1:])
    output = OutputPlan(plan.shape, np.dtype("uint8"), (1, SIDE, SIDE), source.voxel_size_nm, {})
    numbers = plan.shard(*parse_shard(arguments.shard)) if arguments.shard else range(len(plan))
    if arguments.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    start = time.perf_counter()
    store = PredictionStore([str(volume.with_stem("result"))], output, plan, numbers, {})
    predict_volume(source, plan, predictor, None, store)
    if not arguments.shard:
        store.finish()
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts it in KiB
    return {"seconds": time.perf_counter() - start, "peak_bytes": peak, "voxels": int(np.prod(plan.shape))}


def command(arguments: argparse.Namespace, volume: Path, checkout: Path | None = None, *more: str) -> list[str]:
    script = checkout / "benchmarks/volume.py" if checkout else Path(__file__)
    kind = ["--architecture", arguments.architecture] if arguments.architecture else []
    return [sys.executable, str(script), "--measure", str(volume), "--width", str(arguments.width), *kind, *more]


def measured(arguments: argparse.Namespace, volume: Path, checkout: Path | None = None) -> dict[str, float]:
    """Measure in a process of its own, with the code of a checkout."""
    root = (checkout or Path(__file__).parents[1]).resolve()
    environment = os.environ | {"PYTHONPATH": str(root)}
    line = command(arguments, volume, root if checkout else None)
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment, cwd=root)
    return json.loads(done.stdout.splitlines()[-1])


def sizes(arguments: argparse.Namespace, folder: Path) -> None:
    """Print a row for each size, and whether memory is flat."""
    print("| volume (GB) | seconds | million voxels/s | peak memory (MB) |\n| ---: | ---: | ---: | ---: |")
    peaks = []
    for gigabytes in arguments.gigabytes or [0.5, 2, 8]:
        volume = folder / f"volume.{arguments.format}"
        make_volume(volume, gigabytes)
        found = measured(arguments, volume)
        peaks.append(found["peak_bytes"])
        rate = found["voxels"] / found["seconds"] / 1e6
        print(f"| {gigabytes:g} | {found['seconds']:.1f} | {rate:.1f} | {found['peak_bytes'] / 1e6:.0f} |", flush=True)
    spread = max(peaks) / min(peaks) - 1
    print(f"\nPeaks differ by {spread:.1%}: " + ("flat" if spread <= FLAT else "NOT flat"))
    sys.exit(0 if spread <= FLAT else 1)


def against(arguments: argparse.Namespace, folder: Path) -> None:
    """Print pairs of measurements, of the other checkout and of this one, and their ratio."""
    print(
        "| volume (GB) | build | seconds | million voxels/s | peak memory (MB) |\n| ---: | --- | ---: | ---: | ---: |"
    )
    volume, ratios = folder / f"volume.{arguments.format}", []
    for gigabytes in arguments.gigabytes or [2]:
        make_volume(volume, gigabytes)
        for _ in range(arguments.repeats):
            rates = []
            for name, checkout in (("other", arguments.checkout), ("this", None)):
                found = measured(arguments, volume, checkout)
                rates.append(found["voxels"] / found["seconds"] / 1e6)
                row = f"| {gigabytes:g} | {name} | {found['seconds']:.1f} | {rates[-1]:.1f} "
                print(row + f"| {found['peak_bytes'] / 1e6:.0f} |", flush=True)
            ratios.append(rates[1] / rates[0])
    print(f"\nTimes as fast as the other: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


def jobs(arguments: argparse.Namespace, folder: Path) -> None:
    """Print how long one job takes for a volume, and four for their shards and one for the result of them."""
    volume = folder / f"volume.{arguments.format}"
    for gigabytes in arguments.gigabytes or [2]:
        make_volume(volume, gigabytes)
        one = in_turn([command(arguments, volume, None, "--wait")])
        shards = [command(arguments, volume, None, "--wait", "--shard", f"{n}/{JOBS}") for n in range(1, JOBS + 1)]
        many = in_turn(shards, [command(arguments, volume, None, "--wait")])
        print(f"{gigabytes:g} GB: one job {one:.1f} s, {JOBS} jobs {many:.1f} s: {one / many:.2f} times as fast")


def in_turn(*steps: list[list[str]]) -> float:
    """Start the processes of all steps, then let those of each step work at the same time; return the seconds."""
    groups = [[subprocess.Popen(line, stdin=-1, stdout=-1, text=True) for line in step] for step in steps]
    for process in itertools.chain(*groups):
        process.stdout.readline()  # imports are done
    start = time.perf_counter()
    for group in groups:
        for process in group:
            process.stdin.write("\n")
            process.stdin.flush()
        if any(process.wait() for process in group):
            raise RuntimeError("a job failed")
    return time.perf_counter() - start


def libraries(arguments: argparse.Namespace, folder: Path) -> None:
    """Print how fast the same chunks are written and read, by tensorstore and by zarr-python."""
    import zarr

    print("| chunks of 1 MiB | written (MB/s) | read (MB/s) |\n| --- | ---: | ---: |")
    plan = plan_of((arguments.gigabytes or [0.5])[0])
    noise = np.random.default_rng(0).integers(0, 256, (8, 1, SIDE, SIDE), np.uint8)
    stored = first_level(folder / "tensorstore.zarr", plan, create=True)
    codec = zarr.codecs.BloscCodec(cname="zstd", clevel=1, shuffle="shuffle", typesize=1)
    other = zarr.create_array(
        folder / "python.zarr", shape=plan.shape, dtype=plan.dtype, chunks=plan.chunk, compressors=codec
    )
    writes, everywhere = Writes(), slice(0, SIDE)
    begun: deque[Any] = deque(maxlen=1)
    for name, write, finish, read in (
        ("tensorstore", writes.add, writes.wait, lambda z: stored[z].read().result()),
        (
            "zarr-python",
            lambda array, region, values: array.__setitem__(region, values),
            begun.clear,
            other.__getitem__,
        ),
    ):
        array = stored if name == "tensorstore" else other
        start = time.perf_counter()
        for z in range(plan.shape[0]):
            write(array, (slice(z, z + 1), everywhere, everywhere), noise[z % 8])
        finish()
        middle = time.perf_counter()
        for z in range(0, plan.shape[0], 32):
            read(slice(z, min(z + 32, plan.shape[0])))
        written, been_read = middle - start, time.perf_counter() - middle
        print(f"| {name} | {plan.size / written / 1e6:.0f} | {plan.size / been_read / 1e6:.0f} |", flush=True)


class Counting(http.server.SimpleHTTPRequestHandler):
    """A server that counts."""

    requests, sent = 0, 0

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send a file and count it."""
        content = source.read()
        Counting.sent += len(content)
        outputfile.write(content)

    def send_response(self, *arguments: Any) -> None:
        """Count an answer."""
        Counting.requests += 1
        super().send_response(*arguments)


def opening(arguments: argparse.Namespace, folder: Path) -> None:
    """Print requests and bytes of opening an OME-Zarr and a precomputed volume at a server."""
    for size in arguments.gigabytes or [0.05, 0.5]:
        make_volume(folder / f"{size:g}.zarr", size)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Counting, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for volume in sorted(folder.iterdir()):
        Counting.requests = Counting.sent = 0
        source = open_volume(f"http://127.0.0.1:{server.server_port}/{volume.name}")
        print(f"{volume.name}: {source.shape}, {Counting.requests} requests, {Counting.sent} bytes")
    server.shutdown()


def main() -> None:
    arguments = parse_arguments()
    if arguments.measure:
        print(json.dumps(measure(arguments)))
        return
    network = f"{arguments.architecture} of width {arguments.width}" if arguments.architecture else "one layer"
    print(f"{network}, {arguments.format}, slices of {SIDE} x {SIDE}; load {os.getloadavg()[0]:.1f} at the start\n")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        {each.__name__: each for each in (sizes, against, jobs, libraries, opening)}[arguments.what](
            arguments, Path(folder)
        )


if __name__ == "__main__":
    main()
