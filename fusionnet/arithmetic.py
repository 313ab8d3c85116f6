"""How a processor computes: the same bytes on every x86-64 one, or as fast as this one can; and calm beside other work.

ATen and oneDNN choose kernels by the vector instructions that they find, MKL by the processor's maker as well, and
another kernel adds up in another order: the last bits of a sum differ, and after some hundred steps so do the weights.
*Portable* arithmetic limits the former two to AVX2 and MKL, which has convolutions of 1 x 1, to what it computes alike
on all processors; it is in float32 and on the threads that the job names. The libraries read their variables when their
first operation runs, not when torch is imported, so a job sets them after it has read its configuration.
GNU's OpenMP reads its own when torch is loaded: the package's face calls `be_calm` before anything can import torch.
"""

import os
import platform
import re
from collections.abc import MutableMapping
from typing import Any

SPIN = "GOMP_SPINCOUNT"
# Turns that a thread waits for the others before it sleeps. By default it spins for milliseconds, and two busy
# processes on two cores then keep the processor from each other at every step; see benchmarks/calm.py.
SPIN_TURNS = "10000"
WAITING = (SPIN, "OMP_WAIT_POLICY")  # one of them set by a person stays as it is

ATEN, ONEDNN, MKL = "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"
# MKL has no AVX2 for all makers: on other than Intel's, its AVX2 is COMPATIBLE; see findings/torch_mkl_vendor.sh.
PORTABLE = {ATEN: "avx2", ONEDNN: "AVX2", MKL: "COMPATIBLE"}
# Set by a person, they stay: another machine in effect.
NARROWER: dict[str, tuple[str, ...]] = {ATEN: ("default",), ONEDNN: ("SSE41", "AVX"), MKL: ()}


def be_calm(environment: MutableMapping[str, str] = os.environ) -> None:
    """Keep GNU OpenMP's threads from spinning at each barrier, unless the person has set how they wait."""
    if not any(name in environment for name in WAITING):
        environment[SPIN] = SPIN_TURNS


def be_portable(threads: int, environment: MutableMapping[str, str] = os.environ) -> str | None:
    """Limit ATen, oneDNN and MKL, and set the threads; to be called before the first operation of the process.

    Args:
        threads: Sums are split among them, so that their number decides the last bits.
        environment: Changed in place.

    Returns:
        Why results will not be those of other machines, bit for bit; None where they will.
    """
    import torch

    for name, value in PORTABLE.items():
        if environment.get(name) not in NARROWER[name]:
            environment[name] = value
    torch.set_num_threads(threads)
    found = capability()
    if found["architecture"] not in ("x86_64", "AMD64"):
        return f"this processor ({found['architecture']}) is no x86-64 one"
    if found["aten"] != "AVX2" or found["onednn"] != PORTABLE[ONEDNN]:
        return f"AVX2 is not in use (ATen: {found['aten']}, oneDNN: at most {found['onednn']})"
    if _onednn_is_wide():
        return "oneDNN had begun to compute before it was limited"
    if not torch.backends.mkl.is_available():
        return "this torch multiplies matrices with another library than MKL"
    return None


def cached_njit(function: Any = None, **options: Any) -> Any:
    """Compile a function as `numba.njit` does, with numba's cache where a folder for it can be written."""
    from numba import njit  # not before it is needed

    if function is None:
        return lambda decorated: cached_njit(decorated, **options)
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the person's can be written
        return njit(**options)(function)


def available_processors() -> int:
    """Return how many processors this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def capability() -> dict[str, Any]:
    """Return what the last bits of a result on this processor depend on, beside the number of threads.

    Returns:
        ``architecture`` (such as x86_64), ``aten`` (the vector instructions that it uses: DEFAULT, AVX2, AVX512),
        ``onednn`` and ``mkl`` (their limits, or None) and ``onednn_version``.
    """
    import torch

    version = re.search(r"(?:MKL-DNN|oneDNN) v([\d.]+)", torch.__config__.show())
    return {
        "architecture": platform.machine(),
        "aten": torch.backends.cpu.get_cpu_capability(),
        "onednn": os.environ.get(ONEDNN),
        "mkl": os.environ.get(MKL),
        "onednn_version": version[1] if version else None,
    }


def computes_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 itself (AVX-512 BF16 or AMX) and is not kept from it.

    On others oneDNN emulates it, more slowly than it computes float32. torch before 2.10 does not say: False.
    """
    import torch

    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool((found.get("avx512_bf16") or found.get("amx_bf16")) and _onednn_is_wide())


def _onednn_is_wide() -> bool:
    """Return whether oneDNN uses AVX-512; it has no other question that says what it is limited to."""
    import torch

    return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())
