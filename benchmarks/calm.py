"""Time training steps on a quiet machine and beside busy processes, by how threads wait for one another.

Prints a CSV: the setting, the number of busy processes, and seconds for the steps of each repetition. Settings take
turns, so that a change of the machine's mood meets all of them.
"""

import argparse
import csv
import os
import platform
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

from fusionnet.arithmetic import SPIN, SPIN_TURNS, WAITING, capability
from fusionnet.errors import run

SETTINGS = {
    "default": {},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    **{f"spin {turns}": {SPIN: turns} for turns in ("1000", SPIN_TURNS, "100000")},
}
# torch comes first, before the package can say how its threads wait.
STEPS = """
import sys, time
import torch
from fusionnet.config.stages import NetworkSettings
from fusionnet.models.build import build
network = build(NetworkSettings(architecture="unet", width=8), torch.Generator().manual_seed(0))
x = torch.randn(4, 1, 192, 192).contiguous(memory_format=torch.channels_last)
def step():
    network(x).square().mean().backward()
step()
start = time.perf_counter()
for _ in range(int(sys.argv[1])):
    step()
print(time.perf_counter() - start)
"""
BUSY = "while True: pass"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10, help="of each repetition (default: %(default)s)")
    parser.add_argument("--repetitions", type=int, default=5, help="of each setting (default: %(default)s)")
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 2, 6], help="busy processes (default: 0 2 6)")
    return parser.parse_args()


def seconds(setting: dict[str, str], steps: int) -> float:
    clean = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment = clean | setting
    command = [sys.executable, "-c", STEPS, str(steps)]
    return float(subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    arguments = parse_arguments()
    told = f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, ATen {capability()['aten']}"
    print(f"# {told}, {datetime.now(UTC):%Y-%m-%d}, {arguments.steps} steps of U-Net, width 8")
    table = csv.writer(sys.stdout)
    table.writerow(["setting", "busy", *range(1, arguments.repetitions + 1)])
    for busy in arguments.busy:
        with ExitStack() as others:
            for _ in range(busy):
                process = others.enter_context(subprocess.Popen([sys.executable, "-c", BUSY]))
                others.callback(process.kill)
            times: dict[str, list[float]] = {name: [] for name in SETTINGS}
            for _ in range(arguments.repetitions):
                for name, setting in SETTINGS.items():
                    times[name].append(seconds(setting, arguments.steps))
        for name, found in times.items():
            table.writerow([name, busy, *(f"{value:.2f}" for value in found)])
            sys.stdout.flush()


if __name__ == "__main__":
    run(main)
