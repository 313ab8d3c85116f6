"""The machine a job computes on: device, precision, threads; and, of several GPUs, one for each job.

A lease is a lock on a file: the system frees it when the process ends, however it ends.
"""

import logging
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import torch

from fusionnet.arithmetic import available_processors, be_portable, capability, computes_bfloat16
from fusionnet.config.stages import Arithmetic, Device, Precision
from fusionnet.errors import UserError
from fusionnet.files import try_lock

LOG = logging.getLogger(__name__)
MOST_LOADER_WORKERS = 4  # drawing a batch takes a hundredth of a step on a CPU, so four keep up with a fast GPU


@dataclass(frozen=True)
class Machine:
    """A device and how it is used."""

    device: torch.device
    precision: torch.dtype  # of the network's arithmetic; weights are float32 always
    threads: int
    arithmetic: str = "native"
    lease: TextIO | None = None  # keeps the lock on a GPU as long as this object lives

    @property
    def name(self) -> str:
        """The device as a person calls it."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return f"{_processor()}, {_counted(self.threads)}"

    @property
    def precision_name(self) -> str:
        """The precision as the configuration calls it, such as ``float32``."""
        return str(self.precision).removeprefix("torch.")

    @property
    def description(self) -> str:
        """All of the machine that the last bits of a result depend on, in words."""
        if self.arithmetic == "portable":
            return f"portable arithmetic, {self.precision_name}"
        return f"{self.name}, {self.precision_name}"

    @property
    def arithmetic_in_use(self) -> dict[str, Any]:
        """What the last bits of a result depend on, JSON-ready: for the record of a run."""
        on_cpu = capability() if self.device.type == "cpu" else {}
        return {"kind": self.arithmetic, "precision": self.precision_name, "threads": self.threads, **on_cpu}

    @property
    def loader_workers(self) -> int:
        """How many processes should draw samples: none on a CPU, where the training needs every core."""
        return min(MOST_LOADER_WORKERS, self.threads - 1) if self.device.type == "cuda" else 0

    def peak_memory_bytes(self) -> int:
        """Return the most memory that this process has had on the device so far."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def cpu(self) -> "Machine":
        """Return the same machine without its GPU."""
        return Machine(torch.device("cpu"), torch.float32, self.threads, self.arithmetic)

    def autocast(self) -> torch.autocast:
        """Return a context in which the network computes in `precision`."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == torch.bfloat16)


def set_up(
    device: Device = "auto", precision: Precision = "auto", arithmetic: Arithmetic = "auto", portable_threads: int = 2
) -> Machine:
    """Choose the device and make torch deterministic on it; to be called once, at the start of a script.

    Of several visible GPUs one is leased; CUDA_VISIBLE_DEVICES, which a scheduler may have set, stays as it is.

    Args:
        device: ``auto`` is CUDA where there is one.
        precision: ``float32``, ``bfloat16``, or ``auto``: bfloat16 on CUDA and on processors that compute it
            themselves, float32 elsewhere.
        arithmetic: ``portable`` on a CPU is float32, the same bytes on every x86-64 processor with AVX2;
            ``native`` (and ``auto``) is the fastest that the machine has. It changes nothing on a GPU.
        portable_threads: In portable arithmetic the number of threads, whatever the machine has.

    Returns:
        The device, the precision, and the number of threads: at most the processors that this process may use.

    Raises:
        UserError: ``cuda`` without a usable CUDA device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hidden = f" (CUDA_VISIBLE_DEVICES={visible!r})" if visible is not None else ""
        raise UserError(
            f"device: got 'cuda', but torch {torch.__version__} sees no CUDA device{hidden}; "
            "write 'auto' or 'cpu', or install a CUDA build of torch and its driver"
        )
    threads = min(torch.get_num_threads(), available_processors())
    torch.set_num_threads(threads)
    _be_deterministic()
    if device == "cpu" or not torch.cuda.is_available():
        machine = _portable_cpu(portable_threads) if arithmetic == "portable" else _native_cpu(precision, threads)
        if device == "auto":
            LOG.info("no CUDA device: running on the CPU, %s, %s", _counted(machine.threads), machine.precision_name)
        return machine
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(torch.cuda.device_count())]
    index, lease = lease_device(names, lease_folder(), jobs_per_device())
    torch.cuda.set_device(index)
    full = precision == "float32" or not torch.cuda.is_bf16_supported(including_emulation=False)
    if full and precision != "float32":
        LOG.info("this GPU does not compute bfloat16 itself: running in float32")
    return Machine(torch.device("cuda", index), torch.float32 if full else torch.bfloat16, threads, lease=lease)


def _portable_cpu(threads: int) -> Machine:
    if reason := be_portable(threads):
        LOG.warning("portable arithmetic: %s, so the last bits will differ from those of other machines", reason)
    return Machine(torch.device("cpu"), torch.float32, threads, "portable")


def _native_cpu(precision: Precision, threads: int) -> Machine:
    half = precision == "bfloat16" or (precision == "auto" and computes_bfloat16())
    return Machine(torch.device("cpu"), torch.bfloat16 if half else torch.float32, threads)


def out_of_memory(error: RuntimeError) -> bool:
    """Return whether an error says that memory did not suffice; each of the libraries has words of its own."""
    words = (
        "CUDA error: out of memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
        "CPUAllocator: can",
    )
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in words)


def cannot_be_compiled(error: RuntimeError) -> bool:
    """Return whether torch.compile failed, and tell it: no compiler is here, or one that fails, or no triton."""
    if failed := isinstance(error, torch._dynamo.exc.TorchDynamoException):
        LOG.warning("the network cannot be compiled here (%s); going on without, slower", str(error).partition("\n")[0])
    return failed


def _be_deterministic() -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if torch.cuda.is_available():
        # Some CUDA kernels have no deterministic variant; there a warning says so, and the training goes on.
        torch.use_deterministic_algorithms(True, warn_only=True)
    else:  # the same flag; the function above would load the compiler too: 1.3 s and 69 MiB of every prediction
        torch.set_deterministic_debug_mode("error")
    torch.backends.cudnn.benchmark = False
    # Else torch fills each new tensor before it is written, at a tenth of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _counted(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


JOBS_PER_GPU = "FUSIONNET_JOBS_PER_GPU"  # environment variable; 1 where it is not set
POLL_SECONDS = 1.0


def lease_device(names: Sequence[str], folder: Path, jobs: int) -> tuple[int, TextIO]:
    """Lease one of several devices, and wait as long as all are taken.

    Args:
        names: What identifies each device on this machine for every process, such as its UUID.
        folder: Where the locks are, on a disk of this machine.
        jobs: How many leases a device has; a device without any is preferred.

    Returns:
        The device's place in ``names``, and a file: the lease lasts until it is closed or the process ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = False
    while True:
        for slot in range(jobs):
            for index, name in enumerate(names):
                lease = (folder / f"{name}.{slot}.lock").open("a")
                if try_lock(lease):
                    return index, lease
                lease.close()
        if not waiting:
            LOG.info("all %d GPUs have %d job(s) each: waiting for a free one", len(names), jobs)
            waiting = True
        time.sleep(POLL_SECONDS)


def jobs_per_device() -> int:
    """Return how many jobs may share a GPU: the environment's FUSIONNET_JOBS_PER_GPU, or 1."""
    text = os.environ.get(JOBS_PER_GPU, "1")
    if not (text.isdigit() and int(text) >= 1):
        raise UserError(f"{JOBS_PER_GPU}: got {text!r}, expected a number from 1; unset it for one job a GPU")
    return int(text)


def lease_folder() -> Path:
    """Return where this user's leases on this machine are."""
    return Path(tempfile.gettempdir()) / f"fusionnet-gpus-{os.getuid()}"
