"""How fast one forward pass is: plain, folded, channels last, compiled, and in other runtimes; ratios of one run.

Rounds are interleaved and the fastest of each is taken, so that other work on the machine disturbs the ratios little.
"""

import argparse
import copy
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fusionnet.arithmetic import computes_bfloat16
from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.stages import NetworkSettings
from fusionnet.export.onnx import export_onnx
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.models.cost import network_cost
from fusionnet.models.folding import fuse

Run = Callable[[], object]
PLAIN = "plain eager forward"  # as one would call the network, gradients recorded


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), default="fusionnet")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--size", type=int, default=512, help="side of the slice in pixels")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--compile", action="store_true", help="also torch.compile, which takes a minute to compile")
    return parser.parse_args()


def with_memory(network: nn.Module, memory: torch.memory_format) -> nn.Module:
    return nn.Module.to(copy.deepcopy(network), memory_format=memory)


def torch_runs(network: SegmentationNetwork, x: torch.Tensor, compiled: bool) -> dict[str, Run]:
    last = x.contiguous(memory_format=torch.channels_last)
    ours = fuse(network)
    networks = {
        "inference mode": (network, x),
        "channels last": (with_memory(network, torch.channels_last), last),
        "folded": (with_memory(ours, torch.contiguous_format), x),
        "folded, channels last (ours)": (ours, last),
    }
    if compiled:
        networks["ours, compiled"] = (torch.compile(fuse(network)), last)
    runs: dict[str, Run] = {PLAIN: lambda: recording_gradients(network, x)}
    return runs | {name: lambda net=net, image=image: net(image) for name, (net, image) in networks.items()}


def recording_gradients(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode(False), torch.enable_grad():
        return network(x)


def bfloat16_runs(network: SegmentationNetwork, x: torch.Tensor) -> dict[str, Run]:
    """Return our runs in bfloat16, where the device computes it itself."""
    device = x.device.type
    if device == "cpu" and not computes_bfloat16():
        return {}
    ours, last = fuse(network), x.contiguous(memory_format=torch.channels_last)

    def in_bfloat16(net: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            return net(last)

    runs: dict[str, Run] = {"ours, bfloat16": lambda: in_bfloat16(ours)}
    if device == "cuda":
        compiled = torch.compile(ours)
        runs["ours, bfloat16, compiled"] = lambda: in_bfloat16(compiled)
    return runs


def runtime_runs(network: SegmentationNetwork, size: int, threads: int, folder: Path) -> dict[str, Run]:
    """Return the other runtimes that are installed, on the exported network, from grey values to probabilities."""
    runs: dict[str, Run] = {}
    grey = np.random.default_rng(0).integers(0, 256, (1, 1, size, size)).astype(np.float32)
    model = folder / "network.onnx"
    try:
        import onnxruntime

        export_onnx(model, network, {})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        runs["onnxruntime"] = lambda: session.run(None, {"grey": grey})
        import openvino

        core = openvino.Core()
        exact = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(core.read_model(model), "CPU", exact)
        runs["OpenVINO"] = lambda: compiled([grey])
    except ImportError as error:
        sys.stderr.write(f"{error.name} is not installed: left out\n")
    return runs


def bare_convolution(size: int, memory: torch.memory_format, device: str) -> tuple[Run, int]:
    """Return a run of one 64-channel 3 x 3 layer, and its floating-point operations."""
    layer = with_memory(nn.Conv2d(64, 64, 3, padding=1, device=device), memory)
    x = torch.zeros((1, 64, size, size), device=device).contiguous(memory_format=memory)
    return lambda: layer(x), 2 * 9 * 64 * 64 * size * size


def fastest(runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Return the seconds of each run's fastest round; the first round warms up."""
    seconds = dict.fromkeys(runs, float("inf"))
    for number in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number:
                seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    settings = NetworkSettings(architecture=arguments.architecture, width=arguments.width)
    network = build(settings, torch.Generator().manual_seed(0)).eval()
    work = network_cost(settings, arguments.size).flops
    image = (1, 1, arguments.size, arguments.size)
    x = torch.randn(image, generator=torch.Generator().manual_seed(0)).to(device)  # made outside of inference mode
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        runs = runtime_runs(network, arguments.size, arguments.threads, Path(folder)) if device == "cpu" else {}
        network = network.to(device)
        runs = torch_runs(network, x, arguments.compile) | bfloat16_runs(network, x) | runs
        layers = {
            f"bare 64-channel 3 x 3 layer, {name}": bare_convolution(arguments.size, memory, device)
            for name, memory in (("plain", torch.contiguous_format), ("channels last", torch.channels_last))
        }
        seconds = fastest(runs | {name: run for name, (run, _) in layers.items()}, arguments.rounds)
    flops = dict.fromkeys(runs, work) | {name: operations for name, (_, operations) in layers.items()}
    best_layer = max(flops[name] / seconds[name] for name in layers)
    where = torch.cuda.get_device_name() if device == "cuda" else f"{arguments.threads} threads"
    print(f"{arguments.architecture}, width {arguments.width}, {arguments.size} x {arguments.size}, {where}:")
    print(f"{work / 1e9:.1f} GFLOP a pass\n")
    print("| | seconds | times as fast | GFLOP/s | of the bare layer's rate |\n| --- | ---: | ---: | ---: | ---: |")
    for name, spent in seconds.items():
        rate = flops[name] / spent
        ratio = f"{seconds[PLAIN] / spent:.2f}" if name in runs else ""
        print(f"| {name} | {spent:.3f} | {ratio} | {rate / 1e9:.0f} | {rate / best_layer:.0%} |")


if __name__ == "__main__":
    main()
