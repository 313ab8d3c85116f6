"""Two GPUs that are not there, for trainings in processes of their own: leases are real, arithmetic is the processor's.

`add_to` puts this file into a copy of the project and has its `fusionnet/devices.py` see `FakeTorch` for torch.
"""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

GPUS = ("GPU-a", "GPU-b")
AT_ONCE = "FAKE_GPUS_AT_ONCE"  # environment: how many jobs must hold a GPU before any of them goes on


def add_to(project: Path) -> None:
    (project / "fake_gpus.py").write_text(Path(__file__).read_text())
    devices = project / "fusionnet/devices.py"
    devices.write_text(devices.read_text() + "\nimport fake_gpus\n\ntorch = fake_gpus.FakeTorch(torch)\n")


class FakeTorch:
    """torch as `fusionnet.devices` uses it, with `GPUS`; all else is the real one's."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self.cuda = SimpleNamespace(
            is_available=lambda: True,
            device_count=lambda: len(GPUS),
            get_device_properties=lambda index: SimpleNamespace(uuid=GPUS[index]),
            is_bf16_supported=lambda including_emulation: True,
            set_device=chosen,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)

    def device(self, kind: str, index: int | None = None) -> Any:
        return self._torch.device("cpu")


def chosen(index: int) -> None:
    """Note down which GPU this job holds, and wait until as many jobs hold one as there should be."""
    Path(f"held-by-{os.getpid()}").write_text(GPUS[index])
    deadline = time.monotonic() + 600  # seconds: a busy machine is waited for
    while len(list(Path().glob("held-by-*"))) < int(os.environ.get(AT_ONCE, "1")):
        if time.monotonic() > deadline:
            raise TimeoutError("no other job holds a GPU at the same time")
        time.sleep(0.05)
